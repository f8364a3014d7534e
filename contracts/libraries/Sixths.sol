// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title A number of 42 bits for each of many consecutive keys, six in a word.
/// @dev In a batch, neighbours share the price of a slot: a word for each message would cost 17,000 gas more.
library Sixths {
    uint256 private constant BITS = 42;
    uint256 internal constant MAX = (1 << BITS) - 1;
    uint64 private constant PER_WORD = 6;

    /// @notice The number of `key`; 0 where none was set.
    function get(mapping(uint64 sixth => uint256) storage self, uint64 key) internal view returns (uint256) {
        return (self[key / PER_WORD] >> (BITS * (key % PER_WORD))) & MAX;
    }

    /// @notice Sets the number of `key`: `value` modulo 2^42.
    function set(mapping(uint64 sixth => uint256) storage self, uint64 key, uint256 value) internal {
        uint256 shift = BITS * (key % PER_WORD);
        uint256 others = self[key / PER_WORD] & ~(MAX << shift);
        self[key / PER_WORD] = others | ((value & MAX) << shift);
    }
}
