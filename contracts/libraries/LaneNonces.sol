// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Four nonces of a process in one word, so that a message reads and writes them at once: from the low end
///         `next`, `head`, `delivered`, `sent`, 64 bits each.
type LaneNonces is uint256;

using LaneNoncesLibrary for LaneNonces global;

/// @title Reading and changing {LaneNonces}.
/// @dev `head` ≤ `next`: everything below `head` had its turn, [head, next) waits.
library LaneNoncesLibrary {
    /// @notice A lane whose first message is to be `first`.
    function startAt(uint64 first) internal pure returns (LaneNonces) {
        return LaneNonces.wrap(uint256(first) | (uint256(first) << 64));
    }

    /// @notice Nonce of the next message to be recorded.
    function next(LaneNonces self) internal pure returns (uint64) {
        return uint64(LaneNonces.unwrap(self));
    }

    /// @notice Nonce of the first message that has not had its turn.
    function head(LaneNonces self) internal pure returns (uint64) {
        return uint64(LaneNonces.unwrap(self) >> 64);
    }

    /// @notice Nonce delivered last; 2^64-1 for none. Kept plus one.
    function previous(LaneNonces self) internal pure returns (uint64) {
        unchecked {
            return uint64(LaneNonces.unwrap(self) >> 128) - 1;
        }
    }

    /// @notice How many payments were sent: the nonce of the next one.
    function sent(LaneNonces self) internal pure returns (uint64) {
        return uint64(LaneNonces.unwrap(self) >> 192);
    }

    function withNext(LaneNonces self, uint64 value) internal pure returns (LaneNonces) {
        return _with(self, 0, value);
    }

    function withHead(LaneNonces self, uint64 value) internal pure returns (LaneNonces) {
        return _with(self, 64, value);
    }

    function withDelivered(LaneNonces self, uint64 nonce) internal pure returns (LaneNonces) {
        return _with(self, 128, nonce + 1);
    }

    /// @notice As if nothing had been delivered yet.
    function withNoneDelivered(LaneNonces self) internal pure returns (LaneNonces) {
        return _with(self, 128, 0);
    }

    function withSent(LaneNonces self, uint64 value) internal pure returns (LaneNonces) {
        return _with(self, 192, value);
    }

    function _with(LaneNonces self, uint256 shift, uint64 value) private pure returns (LaneNonces) {
        uint256 others = LaneNonces.unwrap(self) & ~(uint256(type(uint64).max) << shift);
        return LaneNonces.wrap(others | (uint256(value) << shift));
    }
}
