// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title The event encoding and the tree over the events of an outbox.
library MvmEvents {
    /// @notice Not the one encoding of an event as the group certifies it.
    error MalformedEvent();

    /// @notice What an event says, besides its extra.
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

    /// @dev The constant parts of the last 30 bytes: one member, threshold 1, no signature.
    bytes32 private constant TAIL = 0x0000000000000000_0001_00000000000000000000000000000000_00010000_0000;
    bytes32 private constant TAIL_MASK = 0x0000000000000000_ffff_00000000000000000000000000000000_ffffffff_0000;

    /// @notice Process and nonce alone.
    function laneOf(bytes calldata event_) internal pure returns (bytes16 process, uint64 nonce) {
        if (event_.length < FIXED) revert MalformedEvent();
        bytes32 first = _word(event_, 0);
        return (bytes16(first), uint64(bytes8(first << 128)));
    }

    /// @notice Reads an event: one member, threshold 1, empty signature, minimal amount, nothing left over.
    function parse(bytes calldata event_) internal pure returns (Head memory head, bytes calldata extra) {
        unchecked {
            (bytes16 process, uint64 nonce) = laneOf(event_);
            bytes32 amount = _word(event_, AMOUNT);
            uint256 size = uint256(_word(event_, AMOUNT - 2)) >> 240;
            if (size > 32 || (size != 0 && bytes1(amount) == 0)) revert MalformedEvent();
            uint256 length = uint256(_word(event_, AMOUNT + size)) >> 240;
            if (event_.length != FIXED + size + length) revert MalformedEvent();
            bytes32 tail = _word(event_, AMOUNT + 2 + size + length);
            // timestamp 8 ‖ 0001 ‖ mask 16 ‖ 0001 ‖ 0000, then 2 bytes that are not the event's
            if ((tail & TAIL_MASK) != TAIL) revert MalformedEvent();
            assembly ("memory-safe") {
                extra.offset := add(event_.offset, add(add(AMOUNT, 2), size))
                extra.length := length
            }
            head.process = process;
            head.nonce = nonce;
            head.asset = bytes16(_word(event_, 24));
            head.amount = size == 0 ? 0 : uint256(amount) >> (256 - 8 * size);
            head.timestamp = uint64(bytes8(tail));
            head.sender = bytes16(tail << 80);
        }
    }

    /// @dev 32 bytes of calldata from `offset` of the event on; may reach beyond its end.
    function _word(bytes calldata event_, uint256 offset) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := calldataload(add(event_.offset, offset))
        }
    }

    /// @notice keccak256 of the event's bytes, through memory that is not kept.
    function hashOf(bytes calldata event_) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, event_.offset, event_.length)
            hash := keccak256(free, event_.length)
        }
    }

    /// @notice Hashed twice, so that no inner node of the tree is ever a leaf.
    function leaf(bytes32 eventHash) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore(0, eventHash)
            hash := keccak256(0, 32)
        }
    }

    /// @notice Root over the leaves of `hashes` in order: parents hash their children sorted, an odd last node goes up
    ///         unchanged, one leaf is the root, none has root 0.
    function root(bytes32[] memory hashes) internal pure returns (bytes32 top) {
        uint256 width = hashes.length;
        if (width == 0) return 0;
        assembly ("memory-safe") {
            let nodes := mload(0x40) // overwritten level by level, and not kept
            let source := add(hashes, 32)
            for { let i := 0 } lt(i, width) { i := add(i, 1) } {
                mstore(0, mload(add(source, shl(5, i))))
                mstore(add(nodes, shl(5, i)), keccak256(0, 32))
            }
            for {} gt(width, 1) {} {
                let half := shr(1, width)
                for { let i := 0 } lt(i, half) { i := add(i, 1) } {
                    let left := mload(add(nodes, shl(6, i)))
                    let right := mload(add(nodes, add(shl(6, i), 32)))
                    let swap := gt(left, right)
                    mstore(shl(5, swap), left)
                    mstore(shl(5, iszero(swap)), right)
                    mstore(add(nodes, shl(5, i)), keccak256(0, 64))
                }
                if and(width, 1) {
                    mstore(add(nodes, shl(5, half)), mload(add(nodes, shl(5, sub(width, 1)))))
                    half := add(half, 1)
                }
                width := half
            }
            top := mload(nodes)
        }
    }
}
