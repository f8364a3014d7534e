// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMixinApp} from "../interfaces/IMixinApp.sol";
import {IMixinGroup} from "../interfaces/IMixinGroup.sol";
import {MixinApp} from "../MixinApp.sol";

/// @title For tests: takes every message and does nothing.
contract NoopReceiver is IMixinApp {
    function onMixinMessage(Message calldata) external pure override returns (bytes4) {
        return IMixinApp.onMixinMessage.selector;
    }
}

/// @title For tests: an app that misbehaves in the way it is told to.
contract UnrulyReceiver is IMixinApp {
    enum Mode {
        Accept,
        Revert,
        BurnAll,
        RevertBomb,
        ReturnBomb,
        WrongReturn,
        SendThenWrongReturn,
        Reenter,
        HalfTheGas
    }

    event Received(Message message);
    event GasOnArrival(uint256 gas);

    IMixinGroup public immutable group;
    Mode public mode;
    bytes public reentry;
    bytes public reentryResult;

    constructor(address group_) {
        group = IMixinGroup(group_);
    }

    function setMode(Mode mode_) external {
        mode = mode_;
    }

    function setReentry(bytes calldata reentry_) external {
        reentry = reentry_;
    }

    /// @notice Lets a test pay from this app's balance, outside a delivery.
    function pay(bytes16 asset, uint256 amount, Receiver calldata to, bytes calldata memo) external returns (uint64) {
        return group.send(asset, amount, to, memo);
    }

    function onMixinMessage(Message calldata message) external override returns (bytes4) {
        emit GasOnArrival(gasleft());
        if (mode == Mode.Revert) revert("told to fail");
        if (mode == Mode.BurnAll) {
            assembly {
                invalid()
            }
        }
        if (mode == Mode.RevertBomb) {
            assembly {
                revert(0, 1000000)
            }
        }
        if (mode == Mode.ReturnBomb) {
            assembly {
                return(0, 1000000)
            }
        }
        if (mode == Mode.WrongReturn) return 0xdeadbeef;
        if (mode == Mode.SendThenWrongReturn) {
            group.send(message.asset, message.amount, Receiver(0, abi.encodePacked(message.sender)), "");
            return 0xdeadbeef;
        }
        if (mode == Mode.Reenter) {
            (bool ok, bytes memory result) = address(group).call(reentry);
            reentryResult = result;
            require(!ok, "reentered");
        }
        if (mode == Mode.HalfTheGas) {
            uint256 until = 400_000;
            uint256 start = gasleft();
            while (start - gasleft() < until) {}
        }
        emit Received(message);
        return IMixinApp.onMixinMessage.selector;
    }
}

/// @title For tests: a {MixinApp} whose work, and whose answer to failure, can be told to fail.
contract FailingApp is MixinApp {
    event Worked(uint64 nonce);

    bool public broken;
    bool public refundBroken;
    bool public burns;

    constructor(address group_, bytes16 process_) MixinApp(group_, process_) {}

    function set(bool broken_, bool refundBroken_, bool burns_) external {
        (broken, refundBroken, burns) = (broken_, refundBroken_, burns_);
    }

    function _onMessage(Message calldata message) internal override {
        while (burns) {}
        require(!broken, "broken");
        emit Worked(message.nonce);
    }

    function _onFailure(Message calldata message) internal override {
        require(!refundBroken, "no refund");
        super._onFailure(message);
    }
}
