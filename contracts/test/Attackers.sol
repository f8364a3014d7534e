// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MixinApp} from "../MixinApp.sol";

interface Called {
    function ping(bytes calldata data) external returns (bytes memory);
}

/// @title For tests: an app that does with a message's first byte what brought other bridges down, and takes no care.
contract CarelessApp is MixinApp {
    event Logged(bytes output);

    uint256 public spent;
    address public callee;

    constructor(address group_, bytes16 process_) MixinApp(group_, process_) {}

    function setCallee(address callee_) external {
        callee = callee_;
    }

    function _onMessage(Message calldata message) internal override {
        if (message.extra.length == 0) return;
        uint8 what = uint8(message.extra[0]);
        if (what == 1) spent -= 1; // underflows
        if (what == 2) Called(address(bytes20(message.extra[1:21]))).ping(""); // a high-level call to no code
        if (what == 3) {
            (, bytes memory output) = callee.call(abi.encodeCall(Called.ping, (""))); // copies whatever comes
            emit Logged(output);
        }
        if (what == 4) _send(message.asset, message.amount, _toSender(message), message.extra); // too long
        if (what == 5) while (true) {}
        if (what == 6) {
            (bool ok,) = callee.delegatecall(""); // to code that self-destructs
            require(ok, "alive");
        }
        if (what == 7) _send(message.asset, message.amount + 1, _toSender(message), "");
        if (what == 8) _send(message.asset, 0, _toSender(message), "");
        if (what == 9) _send(bytes16(keccak256(message.extra)), 1, _toSender(message), "");
        if (what == 10) {
            (bool ok, bytes memory reason) = callee.call(abi.encodeCall(Called.ping, (abi.encode(message))));
            emit Logged(reason);
            require(ok, "callee failed");
        }
    }
}

/// @title For tests: called from inside a delivery, it returns 60,000 bytes, or calls back wherever it is told to.
contract HostileCallee is Called {
    address public target;
    bytes public data;
    bytes public answer;

    function set(address target_, bytes calldata data_) external {
        (target, data) = (target_, data_);
    }

    function ping(bytes calldata) external override returns (bytes memory) {
        if (target == address(0)) {
            assembly {
                return(0, 60000)
            }
        }
        (bool ok, bytes memory reason) = target.call(data);
        answer = reason;
        require(!ok, "let in");
        return "";
    }
}

/// @title For tests: logs what a group contract would log.
contract Impostor {
    event Outbound(
        bytes16 indexed process,
        uint64 nonce,
        bytes16 asset,
        uint256 amount,
        uint8 receiverKind,
        bytes receiverData,
        bytes memo
    );

    function pay(bytes16 process, bytes16 asset, uint256 amount, bytes calldata to) external {
        emit Outbound(process, 0, asset, amount, 0, to, "");
    }
}

/// @title For tests: makes contracts of two bytes, CALLER SELFDESTRUCT.
contract Undertaker {
    event Made(address app);

    /// @param buried whether it is gone when the transaction that makes it ends
    function make(bool buried) external returns (address app) {
        bytes memory code = hex"6133ff_6000_52_6002_601e_f3";
        assembly ("memory-safe") {
            app := create(0, add(code, 32), mload(code))
        }
        if (buried) {
            (bool ok,) = app.call("");
            require(ok, "alive");
        }
        emit Made(app);
    }
}
