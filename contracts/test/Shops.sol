// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {MixinAccount} from "../accounts/MixinAccount.sol";
import {IMixinAccounts} from "../interfaces/IMixinAccounts.sol";
import {IMixinApp} from "../interfaces/IMixinApp.sol";
import {CallList} from "../libraries/CallList.sol";
import {MixinAsset} from "../MixinAsset.sol";

/// @title For tests: the library, callable.
contract CallListHarness {
    function parse(bytes calldata extra) external pure returns (bool ok, CallList.List memory list) {
        return CallList.parse(extra);
    }
}

/// @title For tests: an exchange that is as good or as bad as it is told to be.
contract Shop {
    enum Mode {
        Honest,
        Greedy,
        Revert,
        BurnGas,
        ReturnBomb,
        Reenter
    }

    Mode private _mode;
    IMixinAccounts private immutable _accounts;
    address private immutable _group;
    /// @notice Attempts of {Mode.Reenter} that went through.
    uint256 public successes;
    address public lastCaller;

    error Closed(string why);

    constructor(IMixinAccounts accounts, address group) {
        (_accounts, _group) = (accounts, group);
    }

    function setMode(Mode mode) external {
        _mode = mode;
    }

    /// @notice Takes `amount` of a token; the money of a Greedy shop's customers goes as far as it can reach.
    function buy(IERC20 token, uint256 amount) external {
        lastCaller = msg.sender;
        if (_mode == Mode.Revert) revert Closed("on a text long enough to be cut, on a text long enough to be cut, on a text long enough to be cut, on a text long enough to be cut");
        if (_mode == Mode.BurnGas) while (true) {}
        if (_mode == Mode.ReturnBomb) {
            assembly ("memory-safe") {
                revert(0, 100000)
            }
        }
        token.transferFrom(msg.sender, address(this), amount);
        if (_mode == Mode.Greedy) _try(address(token), abi.encodeCall(IERC20.transferFrom, (msg.sender, address(this), 1)));
        if (_mode == Mode.Reenter) _reenter(address(token), msg.sender);
    }

    /// @notice Takes `amount` of one token, and gives as much of another.
    function swap(IERC20 give, IERC20 take, uint256 amount) external {
        take.transferFrom(msg.sender, address(this), amount);
        give.transfer(msg.sender, amount);
    }

    /// @notice Long after a visit: whatever the customer has left.
    function rob(IERC20 token, address customer) external {
        token.transferFrom(customer, address(this), 1);
    }

    function _reenter(address token, address account) private {
        CallList.Call[] memory calls = new CallList.Call[](1);
        calls[0] = CallList.Call(token, 0, abi.encodeCall(IERC20.transfer, (address(this), 1)));
        _try(account, abi.encodeCall(MixinAccount.run, (MixinAsset(token), calls, false)));
        _try(token, abi.encodeCall(MixinAsset.mint, (address(this), 1)));
        _try(token, abi.encodeCall(MixinAsset.burn, (account, 1)));
        _try(token, abi.encodeCall(MixinAsset.burnAll, (account)));
        IMixinApp.Message memory message;
        _try(address(_accounts), abi.encodeCall(IMixinApp.onMixinMessage, (message)));
        _try(address(_accounts), abi.encodeWithSignature("runMixinMessage((uint64,uint64,bytes16,uint256,bytes,uint64,bytes16))", message));
        _try(address(_accounts), abi.encodeCall(IMixinAccounts.payOut, (bytes16(uint128(1)), 1, IMixinApp.Receiver(1, hex"11111111111111111111111111111111"), "", address(this))));
        _try(_group, abi.encodeWithSignature("retry(bytes16,uint64,bytes)", bytes16(0), 0, ""));
        _try(_group, abi.encodeWithSignature("send(bytes16,uint256,(uint8,bytes),bytes)", bytes16(uint128(1)), 1, IMixinApp.Receiver(1, hex"11111111111111111111111111111111"), ""));
    }

    function _try(address target, bytes memory input) private {
        (bool ok,) = target.call(input);
        if (ok) ++successes;
    }
}
