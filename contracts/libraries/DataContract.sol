// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title Bytes kept as the code of a contract: 200 gas a byte where a storage slot takes 700, and read at once.
library DataContract {
    /// @notice Stores `data`, of less than 24,000 bytes. Its first byte is STOP, so nobody can run it.
    function store(bytes memory data) internal returns (address place) {
        // returns what follows these ten bytes: PUSH2 size DUP1 PUSH1 10 RETURNDATASIZE CODECOPY RETURNDATASIZE RETURN
        bytes memory code = abi.encodePacked(hex"61", uint16(data.length + 1), hex"80_600a_3d_39_3d_f3_00", data);
        assembly ("memory-safe") {
            place := create(0, add(code, 32), mload(code))
        }
        assert(place != address(0));
    }

    /// @notice What was stored; empty for the zero address.
    function load(address place) internal view returns (bytes memory data) {
        uint256 size = place.code.length;
        if (size == 0) return data;
        data = new bytes(size - 1);
        assembly ("memory-safe") {
            extcodecopy(place, add(data, 32), 1, sub(size, 1))
        }
    }
}
