// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title What a Mixin user wants done: a list of calls in the extra of a message.
/// @dev Big-endian: `u8 1 ‖ u8 flags ‖ u8 n ‖ n asset ids of 16 bytes ‖ u8 count ‖ calls`, each call `target 20 ‖ u8 m ‖ m
///      bytes of an allowance without leading zeros, or m = 255 for everything ‖ u16 length ‖ input`. Flags: 1 all or
///      nothing, 2 keep what is left in the account. The list of the original is read too: `u16 count (1 to 16) ‖ calls`,
///      each `target 20 ‖ u16 length ‖ input`; every call may then spend everything. Nothing may follow. Twin of
///      src/types/call-list.ts.
library CallList {
    uint256 internal constant CALLS_MAX = 16;
    uint256 internal constant ASSETS_MAX = 8;
    /// @dev Stands for: all that the account has of the paid asset.
    uint256 internal constant EVERYTHING = type(uint256).max;
    uint8 private constant VERSION = 1;
    uint8 private constant ATOMIC = 1;
    uint8 private constant KEEP = 2;
    uint256 private constant ALLOWANCE_MAX = 16;
    uint8 private constant ALL = 255;

    struct Call {
        address target;
        /// Of the paid asset, while the call runs.
        uint256 allowance;
        bytes input;
    }

    struct List {
        /// A failed call undoes all of them.
        bool atomic;
        /// The paid asset stays in the account.
        bool keep;
        /// Other assets whose balance is paid out at the end.
        bytes16[] assets;
        Call[] calls;
    }

    /// @notice The list that `extra` is; `ok` is false where it is none.
    function parse(bytes calldata extra) internal pure returns (bool ok, List memory list) {
        if (extra.length < 2) return (false, list);
        if (extra[0] == 0) return _parseOriginal(extra, list);
        if (uint8(extra[0]) != VERSION || extra.length < 4) return (false, list);
        uint8 flags = uint8(extra[1]);
        if (flags > ATOMIC | KEEP) return (false, list);
        (list.atomic, list.keep) = (flags & ATOMIC != 0, flags & KEEP != 0);
        uint256 assets = uint8(extra[2]);
        uint256 offset = 3 + 16 * assets;
        if (assets > ASSETS_MAX || extra.length <= offset) return (false, list);
        list.assets = new bytes16[](assets);
        for (uint256 i = 0; i < assets; ++i) {
            list.assets[i] = bytes16(extra[3 + 16 * i:19 + 16 * i]);
        }
        uint256 count = uint8(extra[offset]);
        if (count > CALLS_MAX) return (false, list);
        return (_parseCalls(extra, offset + 1, list, count, false), list);
    }

    function _parseOriginal(bytes calldata extra, List memory list) private pure returns (bool ok, List memory) {
        uint256 count = uint8(extra[1]);
        if (count == 0 || count > CALLS_MAX) return (false, list);
        return (_parseCalls(extra, 2, list, count, true), list);
    }

    function _parseCalls(bytes calldata extra, uint256 offset, List memory list, uint256 count, bool original)
        private
        pure
        returns (bool)
    {
        list.calls = new Call[](count);
        for (uint256 i = 0; i < count; ++i) {
            if (extra.length < offset + 20) return false;
            Call memory call_ = list.calls[i];
            call_.target = address(bytes20(extra[offset:offset + 20]));
            offset += 20;
            if (original) {
                call_.allowance = EVERYTHING;
            } else {
                if (extra.length <= offset) return false;
                uint8 size = uint8(extra[offset++]);
                if (size == ALL) {
                    call_.allowance = EVERYTHING;
                } else if (size > 0) {
                    if (size > ALLOWANCE_MAX || extra.length < offset + size || extra[offset] == 0) return false;
                    call_.allowance = uint256(bytes32(extra[offset:offset + size])) >> (8 * (32 - size));
                    offset += size;
                }
            }
            if (extra.length < offset + 2) return false;
            uint256 length = uint16(bytes2(extra[offset:offset + 2]));
            offset += 2;
            if (extra.length < offset + length) return false;
            call_.input = extra[offset:offset + length];
            offset += length;
        }
        return offset == extra.length;
    }
}
