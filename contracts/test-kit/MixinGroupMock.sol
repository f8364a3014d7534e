// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Certified} from "../group/Certified.sol";
import {SystemEvents} from "../group/SystemEvents.sol";
import {MvmEvents} from "../libraries/MvmEvents.sol";

/// @title The group contract without its validators, for tests of apps.
/// @notice Whoever calls {decide} is the quorum; {MixinMock} makes that easy. What follows is the code of the real contract:
///         order, parking, gas limits, balances, refunds, `send`, `retry`, `giveBack`.
contract MixinGroupMock is SystemEvents {
    /// @notice Deliveries of certified blocks have no place in a test of an app.
    error NotInMock();

    constructor() Certified(block.chainid, address(1), 0, 0) {}

    /// @notice What a certified block would bring: system events, then messages, each run where its turn is.
    function decide(bytes[] calldata system, bytes[] calldata events) external nonReentrant {
        ++_nextSeq;
        for (uint256 i = 0; i < system.length; ++i) {
            _apply(system[i], _nextSeq);
        }
        for (uint256 i = 0; i < events.length; ++i) {
            _record(events[i], MvmEvents.hashOf(events[i]), _nextSeq);
        }
    }

    function nextSeq() external view override returns (uint64) {
        return _nextSeq;
    }

    /// @notice Not in a test of an app.
    function deliver(
        uint64,
        bytes32,
        Outbox[] calldata,
        uint64,
        uint32,
        bytes calldata,
        Delivery[] calldata
    ) external pure override {
        revert NotInMock();
    }

    /// @notice Not in a test of an app.
    function deliverByVotes(
        uint64,
        bytes32,
        Outbox[] calldata,
        uint64,
        uint32,
        address[] calldata,
        uint16[] calldata,
        bytes[] calldata,
        Delivery[] calldata
    ) external pure override {
        revert NotInMock();
    }

    /// @notice Not in a test of an app.
    function commit(
        uint64,
        bytes32,
        Outbox[] calldata,
        uint64,
        uint32,
        bytes calldata,
        bytes[][] calldata
    ) external pure override {
        revert NotInMock();
    }

    /// @notice Not in a test of an app.
    function execute(uint64, bytes calldata, bytes32[] calldata) external pure override {
        revert NotInMock();
    }
}
