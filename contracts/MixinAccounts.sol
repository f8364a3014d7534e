// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {MixinAccount} from "./accounts/MixinAccount.sol";
import {IMixinAccounts} from "./interfaces/IMixinAccounts.sol";
import {IMixinGroup} from "./interfaces/IMixinGroup.sol";
import {CallList} from "./libraries/CallList.sol";
import {MixinApp} from "./MixinApp.sol";
import {MixinAsset} from "./MixinAsset.sol";

/// @title Ordinary contracts for Mixin users, without an app of their own.
/// @notice A payment with a list of calls ({CallList}) is minted as a token into the account of its sender, which then
///         calls; what is left of the token, by its balance, is burned and paid back. Addresses of accounts and tokens are
///         known before their first use. A call that fails costs the user nothing but time: alone it is undone and the next
///         one runs, in an all-or-nothing list everything is undone and the payment goes back.
/// @dev An ordinary registered process. All tokens of an asset together are what the process can send of it. The group
///      delivers one message at a time, so a call list cannot bring in another one; a call that pays out by a token's
///      withdraw burns first. Whatever goes wrong beyond the calls undoes the message, and refunds it ({MixinApp}).
contract MixinAccounts is MixinApp, IMixinAccounts {
    bytes6 private constant BOUNCE = "BOUNCE";

    /// @notice What accounts are clones of.
    address public immutable accountImplementation;
    /// @notice What tokens are clones of.
    address public immutable assetImplementation;
    /// @dev Who is given the tokens again if a payment cannot be made: the holder who withdrew, or the user whose message
    ///      left something. Two users a word: they come often, and a word for each would cost 11,000 gas more.
    mapping(uint64 outNonce => address) private _holders;
    mapping(uint64 half => bytes16[2]) private _users;

    /// @param group_ the group contract of this chain
    /// @param process_ the id of the process that this contract is to be registered for
    constructor(address group_, bytes16 process_) MixinApp(group_, process_) {
        accountImplementation = address(new MixinAccount());
        assetImplementation = address(new MixinAsset(IMixinGroup(group_)));
    }

    /// @notice The account of a user, by the mask under which this process knows it; before it exists, too.
    function accountOf(bytes16 sender) public view override returns (address) {
        return Clones.predictDeterministicAddress(accountImplementation, sender);
    }

    /// @notice The token of a Mixin asset; before it exists, too.
    function assetOf(bytes16 asset) public view override returns (address) {
        return Clones.predictDeterministicAddressWithImmutableArgs(assetImplementation, abi.encodePacked(asset), asset);
    }

    /// @notice Makes the token of an asset, if it is not there. Anyone may: its first payment need not pay for it then.
    function createAsset(bytes16 asset) public override returns (address token) {
        token = assetOf(asset);
        if (token.code.length > 0) return token;
        return Clones.cloneDeterministicWithImmutableArgs(assetImplementation, abi.encodePacked(asset), asset);
    }

    /// @notice Only the token of the asset: pays for what it has burned.
    function payOut(bytes16 asset, uint256 amount, Receiver calldata to, bytes calldata memo, address holder)
        external
        override
        returns (uint64 nonce)
    {
        if (msg.sender != assetOf(asset)) revert OnlyAsset(asset);
        nonce = group.send(asset, amount, to, memo);
        _holders[nonce] = holder;
    }

    function _onMessage(Message calldata message) internal override {
        if (message.sender == 0) return _takeUnowned(message);
        (bool ok, CallList.List memory list) = CallList.parse(message.extra);
        if (!ok) {
            emit NoCalls(message.nonce, message.sender);
            return _payBack(message, message.asset, message.amount, "REFUND");
        }
        address account = _accountOrNew(message.sender);
        MixinAsset token = MixinAsset(createAsset(message.asset));
        if (message.amount > 0) token.mint(account, message.amount);
        if (!_run(message, account, token, list)) {
            if (message.amount > 0) token.burn(account, message.amount);
            return _payBack(message, message.asset, message.amount, "REFUND");
        }
        if (!list.keep) _takeBack(message, account, message.asset, token);
        for (uint256 i = 0; i < list.assets.length; ++i) {
            bytes16 asset = list.assets[i];
            address other = assetOf(asset);
            if (other.code.length > 0) _takeBack(message, account, asset, MixinAsset(other));
        }
    }

    function _accountOrNew(bytes16 sender) private returns (address account) {
        account = accountOf(sender);
        if (account.code.length == 0) Clones.cloneDeterministic(accountImplementation, sender);
    }

    /// @return whether the calls stand: false where an all-or-nothing list was undone
    function _run(Message calldata message, address account, MixinAsset token, CallList.List memory list)
        private
        returns (bool)
    {
        bytes memory undone;
        if (list.calls.length > 0) {
            try MixinAccount(payable(account)).run(token, list.calls, list.atomic) returns (
                bool[] memory failed, bytes[] memory reasons
            ) {
                for (uint256 i = 0; i < failed.length; ++i) {
                    if (failed[i]) emit CallFailed(message.nonce, i, list.calls[i].target, reasons[i]);
                }
            } catch (bytes memory reason) {
                // all that a list which is not all-or-nothing can fail by is the gas: nothing of it is to stand then
                undone = reason.length == 0 ? bytes("out of gas") : reason;
            }
        }
        emit Ran(message.nonce, message.sender, account, list.calls.length, undone);
        return undone.length == 0;
    }

    /// @dev The real balance, whatever the calls said that they would spend.
    function _takeBack(Message calldata message, address account, bytes16 asset, MixinAsset token) private {
        _payBack(message, asset, token.burnAll(account), "LEFT");
    }

    function _payBack(Message calldata message, bytes16 asset, uint256 amount, bytes memory why) private {
        if (amount == 0) return;
        uint64 nonce = group.send(asset, amount, _toSender(message), abi.encodePacked(why, message.nonce));
        _users[nonce / 2][nonce % 2] = message.sender;
    }

    /// @dev A payment that could not be made comes back as "BOUNCE" ‖ u64 nonce of it, from nobody.
    function _takeUnowned(Message calldata message) private {
        if (message.extra.length == 14 && bytes6(message.extra[0:6]) == BOUNCE) {
            uint64 outNonce = uint64(bytes8(message.extra[6:14]));
            (address holder, bytes16 user) = (_holders[outNonce], _users[outNonce / 2][outNonce % 2]);
            if (user != 0) holder = _accountOrNew(user);
            if (holder != address(0)) {
                delete _holders[outNonce];
                delete _users[outNonce / 2][outNonce % 2];
                MixinAsset(createAsset(message.asset)).mint(holder, message.amount);
                emit Bounced(outNonce, holder, message.asset, message.amount);
                return;
            }
        }
        emit Unowned(message.nonce, message.asset, message.amount);
    }
}
