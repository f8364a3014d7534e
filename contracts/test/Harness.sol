// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BLS12381} from "../libraries/BLS12381.sol";
import {MvmEvents} from "../libraries/MvmEvents.sol";
import {Seats} from "../libraries/Seats.sol";

/// @title For tests: the libraries, callable.
contract Harness {
    function hashToG2(bytes32 message) external view returns (bytes memory) {
        return BLS12381.hashToG2(message);
    }

    function modulo(uint256 high, uint256 low) external pure returns (uint256, uint256) {
        return BLS12381.modulo(high, low);
    }

    function verify(bytes memory key, bytes memory signature, bytes32 message) external view returns (bool) {
        return BLS12381.verify(key, signature, message);
    }

    function parse(bytes calldata event_) external pure returns (MvmEvents.Head memory head, bytes memory extra) {
        return MvmEvents.parse(event_);
    }

    function root(bytes[] calldata events) external pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](events.length);
        for (uint256 i = 0; i < events.length; ++i) {
            hashes[i] = MvmEvents.hashOf(events[i]);
        }
        return MvmEvents.root(hashes);
    }

    function select(address[] calldata operators, uint256[] calldata wanted)
        external
        pure
        returns (address[] memory, uint16[] memory)
    {
        return Seats.select(operators, wanted);
    }
}
