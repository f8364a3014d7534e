// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @title The event encoding and the tree over the events of an outbox.
library MvmEvents {
    /// @notice Not the one encoding of an event as the group certifies it.
    error MalformedEvent();

    struct Head {
        bytes16 process;
        uint64 nonce;
        bytes16 asset;
        uint256 amount;
        uint64 timestamp;
        bytes16 sender;
    }

    /// @dev Bytes besides amount and extra:
    ///      process 16, nonce 8, asset 16, amount 2+n, extra 2+e, timestamp 8, members 2+16, threshold 2, signature 2.
    uint256 private constant FIXED = 74;
    /// @dev Where the amount's bytes start.
    uint256 private constant AMOUNT = 42;

    /// @notice Reads an event: one member, threshold 1, empty signature, minimal amount, nothing left over.
    function parse(bytes calldata event_) internal pure returns (Head memory head, bytes calldata extra) {
        if (event_.length < FIXED) revert MalformedEvent();
        uint256 size = uint16(bytes2(event_[40:42]));
        if (size > 32 || event_.length < FIXED + size) revert MalformedEvent();
        if (size != 0 && event_[AMOUNT] == 0) revert MalformedEvent();
        uint256 offset = AMOUNT + size;
        uint256 length = uint16(bytes2(event_[offset:offset + 2]));
        if (event_.length != FIXED + size + length) revert MalformedEvent();
        extra = event_[offset + 2:offset + 2 + length];
        bytes calldata tail = event_[offset + 2 + length:]; // timestamp ‖ 0001 ‖ mask ‖ 0001 ‖ 0000
        if (bytes2(tail[8:10]) != 0x0001 || bytes4(tail[26:30]) != 0x00010000) revert MalformedEvent();

        head.process = bytes16(event_[0:16]);
        head.nonce = uint64(bytes8(event_[16:24]));
        head.asset = bytes16(event_[24:40]);
        // a slice shorter than 32 bytes is padded on the right: shift it down to a number
        head.amount = size == 0 ? 0 : uint256(bytes32(event_[AMOUNT:offset])) >> (8 * (32 - size));
        head.timestamp = uint64(bytes8(tail[0:8]));
        head.sender = bytes16(tail[10:26]);
    }

    /// @notice Hashed twice, so that no inner node of the tree is ever a leaf.
    function leaf(bytes32 eventHash) internal pure returns (bytes32) {
        return keccak256(abi.encode(eventHash));
    }

    /// @notice Root over the leaves of `hashes` in order: parents hash their children sorted, an odd last node goes up
    ///         unchanged, one leaf is the root, none has root 0.
    function root(bytes32[] memory hashes) internal pure returns (bytes32) {
        uint256 width = hashes.length;
        if (width == 0) return 0;
        bytes32[] memory nodes = new bytes32[](width);
        for (uint256 i = 0; i < width; ++i) {
            nodes[i] = leaf(hashes[i]);
        }
        while (width > 1) {
            uint256 half = width / 2;
            for (uint256 i = 0; i < half; ++i) {
                nodes[i] = Hashes.commutativeKeccak256(nodes[2 * i], nodes[2 * i + 1]);
            }
            if (width % 2 == 1) nodes[half] = nodes[width - 1];
            width = half + (width % 2);
        }
        return nodes[0];
    }
}
