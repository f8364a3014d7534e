// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MixinApp} from "../MixinApp.sol";

/// @notice Users put money aside; a payment that says "withdraw" brings all of it back.
contract Savings is MixinApp {
    /// @notice What each user has put aside, units of 1e-8.
    mapping(bytes16 user => mapping(bytes16 asset => uint256)) public saved;

    constructor(address group_, bytes16 process_) MixinApp(group_, process_) {}

    function _onMessage(Message calldata message) internal override {
        uint256 amount = saved[message.sender][message.asset] + message.amount;
        bool all = keccak256(message.extra) == keccak256("withdraw");
        saved[message.sender][message.asset] = all ? 0 : amount;
        if (all) _send(message.asset, amount, _toSender(message), "savings");
    }
}
