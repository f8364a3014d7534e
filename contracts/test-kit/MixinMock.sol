// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MixinGroupMock} from "./MixinGroupMock.sol";

/// @title Mixin and its validators, for tests of apps.
/// @notice Give {group} to your app's constructor, {register} the app, then {pay} as any user you like.
contract MixinMock {
    /// @notice What the app takes for the group contract.
    MixinGroupMock public immutable group = new MixinGroupMock();

    mapping(bytes16 process => mapping(uint64 nonce => bytes)) private _events;

    /// @notice As a decided registration: policy 0 STRICT or 1 PARK; gasLimit at most 2,000,000.
    function register(bytes16 process, address app, uint8 policy, uint32 gasLimit) external {
        bytes[] memory system = new bytes[](1);
        system[0] = abi.encode(uint8(1), abi.encode(process, app, policy, gasLimit, group.nextNonce(process)));
        group.decide(system, new bytes[](0));
    }

    /// @notice As a decided payment of a Mixin user: the next message of the process, delivered at once where its turn is.
    /// @param user any name for a Mixin user, 0 for nobody; the app sees {maskOf} of it
    /// @param amount units of 1e-8
    function pay(bytes16 process, bytes16 user, bytes16 asset, uint256 amount, bytes calldata extra)
        external
        returns (uint64 nonce)
    {
        nonce = group.nextNonce(process);
        bytes[] memory events = new bytes[](1);
        events[0] = _encode(process, nonce, asset, amount, extra, maskOf(process, user));
        _events[process][nonce] = events[0];
        group.decide(new bytes[](0), events);
    }

    /// @notice Runs a parked message again, or a queued one whose turn has come.
    function retry(bytes16 process, uint64 nonce) external {
        group.retry(process, nonce, _events[process][nonce]);
    }

    /// @notice The event of a message, as `retry` and `giveBack` of the group want it.
    function eventOf(bytes16 process, uint64 nonce) external view returns (bytes memory) {
        return _events[process][nonce];
    }

    /// @notice The sender that the app of a process sees for this user: another one than any other process sees.
    function maskOf(bytes16 process, bytes16 user) public pure returns (bytes16) {
        return user == 0 ? bytes16(0) : bytes16(keccak256(abi.encode(process, user)));
    }

    function _encode(
        bytes16 process,
        uint64 nonce,
        bytes16 asset,
        uint256 amount,
        bytes calldata extra,
        bytes16 sender
    ) private view returns (bytes memory) {
        uint256 size;
        while (size < 32 && amount >> (8 * size) != 0) {
            ++size;
        }
        bytes memory digits = new bytes(size);
        for (uint256 i = 0; i < size; ++i) {
            digits[i] = bytes1(uint8(amount >> (8 * (size - 1 - i))));
        }
        uint64 time = uint64(block.timestamp) * 1e9;
        bytes memory head = abi.encodePacked(process, nonce, asset, uint16(size), digits, uint16(extra.length), extra);
        return abi.encodePacked(head, time, uint16(1), sender, uint16(1), uint16(0));
    }
}
