// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20TemporaryApproval} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC20TemporaryApproval.sol";
import {IMixinAccounts} from "./interfaces/IMixinAccounts.sol";
import {IMixinApp} from "./interfaces/IMixinApp.sol";
import {IMixinGroup} from "./interfaces/IMixinGroup.sol";

/// @title One Mixin asset on this chain: an ERC20 whose every unit the group holds on Mixin for its holder.
/// @notice 8 decimals. Name and symbol are those that the validators decided last. {withdraw} burns, and the group pays the
///         Mixin user that the holder names: one step. Nothing else happens on a transfer. With permits [ERC-2612, domain
///         ("Mixin Asset", "1")] and allowances that end with the transaction [ERC-7674].
/// @dev Clones with the asset id as immutable argument. Only the hub mints, against what the group has credited to it.
contract MixinAsset is ERC20TemporaryApproval, ERC20Permit {
    uint8 private constant TO_MASK = 0;
    uint8 private constant TO_USER = 1;
    address private immutable _hub;
    IMixinGroup private immutable _group;

    /// @notice A holder's tokens were burned for payment `outNonce` of the hub's process, to `receiver`.
    event Withdrawn(address indexed holder, uint256 amount, uint8 receiverKind, bytes receiver, uint64 outNonce);

    /// @notice Somebody else than the hub calls.
    error OnlyHub();

    /// @param group where names of assets are asked for; the hub is whoever deploys
    constructor(IMixinGroup group) ERC20("", "") ERC20Permit("Mixin Asset") {
        (_hub, _group) = (msg.sender, group);
    }

    /// @notice Mixin asset id.
    function mixinId() public view returns (bytes16) {
        return bytes16(Clones.fetchCloneArgs(address(this)));
    }

    /// @notice As decided last by the validators; "Mixin Asset" before that.
    function name() public view override returns (string memory) {
        (, string memory known) = _group.assetInfo(mixinId());
        return bytes(known).length == 0 ? "Mixin Asset" : known;
    }

    /// @notice As decided last by the validators; "MIXIN" before that.
    function symbol() public view override returns (string memory) {
        (string memory known,) = _group.assetInfo(mixinId());
        return bytes(known).length == 0 ? "MIXIN" : known;
    }

    /// @notice Mixin counts in units of 1e-8.
    function decimals() public pure override returns (uint8) {
        return 8;
    }

    /// @notice Burns the caller's tokens and pays a Mixin user.
    /// @param user Mixin user id
    /// @param amount units of 1e-8
    /// @param memo at most 200 bytes
    function withdraw(bytes16 user, uint256 amount, bytes calldata memo) external returns (uint64 outNonce) {
        return _withdraw(IMixinApp.Receiver(TO_USER, abi.encodePacked(user)), amount, memo);
    }

    /// @notice Burns the caller's tokens and pays the user behind a mask: the owner of {IMixinAccounts-accountOf} it.
    function withdrawToMask(bytes16 mask, uint256 amount, bytes calldata memo) external returns (uint64 outNonce) {
        return _withdraw(IMixinApp.Receiver(TO_MASK, abi.encodePacked(mask)), amount, memo);
    }

    /// @notice Burns the caller's tokens and pays any receiver, a multisig included; see {IMixinApp-Receiver}.
    function withdrawTo(IMixinApp.Receiver calldata receiver, uint256 amount, bytes calldata memo)
        external
        returns (uint64 outNonce)
    {
        return _withdraw(receiver, amount, memo);
    }

    /// @notice Only the hub: new tokens for what the group has credited.
    function mint(address to, uint256 amount) external {
        if (msg.sender != _hub) revert OnlyHub();
        _mint(to, amount);
    }

    /// @notice Only the hub, for the payment of a message whose calls were undone.
    function burn(address from, uint256 amount) external {
        if (msg.sender != _hub) revert OnlyHub();
        _burn(from, amount);
    }

    /// @notice Only the hub: all that is left in a user's account at the end of the user's message.
    function burnAll(address from) external returns (uint256 amount) {
        if (msg.sender != _hub) revert OnlyHub();
        amount = balanceOf(from);
        if (amount > 0) _burn(from, amount);
    }

    /// @notice What `spender` may take of `owner`: the lasting allowance and the one that ends with the transaction.
    function allowance(address owner, address spender)
        public
        view
        override(ERC20, ERC20TemporaryApproval)
        returns (uint256)
    {
        return ERC20TemporaryApproval.allowance(owner, spender);
    }

    function _spendAllowance(address owner, address spender, uint256 value)
        internal
        override(ERC20, ERC20TemporaryApproval)
    {
        ERC20TemporaryApproval._spendAllowance(owner, spender, value);
    }

    function _withdraw(IMixinApp.Receiver memory receiver, uint256 amount, bytes calldata memo)
        private
        returns (uint64 outNonce)
    {
        _burn(msg.sender, amount);
        outNonce = IMixinAccounts(_hub).payOut(mixinId(), amount, receiver, memo, msg.sender);
        emit Withdrawn(msg.sender, amount, receiver.kind, receiver.data, outNonce);
    }
}
