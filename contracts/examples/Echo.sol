// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MixinApp} from "../MixinApp.sol";

/// @title Demo: records each message and sends its amount back to its sender, with the message's extra as memo.
/// @notice An extra beyond the 200 bytes of a memo cannot be echoed: the payment is refunded instead.
contract Echo is MixinApp {
    struct Entry {
        bytes16 sender;
        uint64 nonce;
        uint64 timestamp;
        bytes16 asset;
        uint256 amount;
        bytes32 extraHash;
    }

    /// @notice A message was recorded, and its amount, if any, sent back.
    event Echoed(uint64 indexed nonce, bytes16 indexed sender, bytes16 asset, uint256 amount, bytes extra);

    Entry[] private _entries;

    constructor(address group_, bytes16 process_) MixinApp(group_, process_) {}

    /// @notice How many messages were recorded.
    function count() external view returns (uint256) {
        return _entries.length;
    }

    /// @notice The messages in the order of their arrival, from 0.
    function entryAt(uint256 index) external view returns (Entry memory) {
        return _entries[index];
    }

    function _onMessage(Message calldata message) internal override {
        _entries.push(
            Entry({
                sender: message.sender,
                nonce: message.nonce,
                timestamp: message.timestamp,
                asset: message.asset,
                amount: message.amount,
                extraHash: keccak256(message.extra)
            })
        );
        emit Echoed(message.nonce, message.sender, message.asset, message.amount, message.extra);
        if (message.amount == 0 || message.sender == 0) return;
        _send(message.asset, message.amount, _toSender(message), message.extra);
    }
}
