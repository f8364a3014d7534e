// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IMixinApp} from "../interfaces/IMixinApp.sol";
import {IMixinGroup} from "../interfaces/IMixinGroup.sol";
import {LaneNonces} from "../libraries/LaneNonces.sol";
import {MvmEvents} from "../libraries/MvmEvents.sol";
import {Sixths} from "../libraries/Sixths.sol";
import {Sends} from "./Sends.sol";

/// @title One lane per process: messages in the order of their nonces, and what becomes of them.
/// @dev STRICT: behind a failed message the lane queues until that one is retried or given back. PARK: the failed one
///      is put aside and the next goes on. The value of a message is credited in the frame that runs the app: a failure
///      takes it back with everything else, so value is with the message or in the balance, never in both.
abstract contract Lanes is Sends, ReentrancyGuardTransient {
    using Sixths for mapping(uint64 sixth => uint256);

    uint8 private constant PARK = 1;
    uint8 private constant TO_SENDER = 0;
    uint256 private constant RETURN_MAX = 132;
    /// @dev What the frame around an app needs besides the app's gas: a cold account, the call, its own return.
    uint256 private constant RESERVE = 10_000;
    uint256 private constant HEIGHT_BITS = 39;
    uint256 private constant HEIGHT_MASK = (1 << HEIGHT_BITS) - 1;
    /// @dev The chain id of development chains, where nobody waits for ten minutes.
    uint256 private constant DEVELOPMENT = 31_337;

    /// @inheritdoc IMixinGroup
    uint64 public immutable override giveBackDelay = block.chainid == DEVELOPMENT ? 10 seconds : 10 minutes;

    /// @inheritdoc IMixinGroup
    function retry(bytes16 process, uint64 nonce, bytes calldata event_)
        external
        override
        nonReentrant
        whenNotPaused
    {
        (State state, bytes32 eventHash, uint64 height) = messageOf(process, nonce);
        Process storage lane = _processes[process];
        LaneNonces nonces = lane.nonces;
        bool turn = lane.policy == PARK ? state == State.Parked : nonce == nonces.head() && nonce < nonces.next();
        if (!turn) revert NotWaiting(process, nonce);
        if (MvmEvents.hashOf(event_) != eventHash) revert EventMismatch(process, nonce);
        bool again = state == State.Parked;
        (bool ok, bytes memory reason) = _attempt(event_, nonces.previous(), again);
        if (again && !ok) revert RetryFailed(reason);
        _settle(lane, process, nonce, height, ok, reason);
    }

    /// @inheritdoc IMixinGroup
    function giveBack(bytes16 process, uint64 nonce, bytes calldata event_)
        external
        override
        nonReentrant
        whenNotPaused
    {
        (State state, bytes32 eventHash, uint64 height) = messageOf(process, nonce);
        Process storage lane = _processes[process];
        LaneNonces nonces = lane.nonces;
        // queued, but its turn has passed: its process was closed
        bool overtaken = state == State.Queued && nonce < nonces.head();
        if (state != State.Parked && !overtaken) revert NotWaiting(process, nonce);
        if (MvmEvents.hashOf(event_) != eventHash) revert EventMismatch(process, nonce);
        uint256 due = lane.parkedAt.get(nonce) + giveBackDelay;
        if (state == State.Parked && msg.sender != lane.app && block.timestamp < due) revert TooEarly(uint64(due));

        if (nonces.head() == nonce) lane.nonces = nonces.withHead(nonce + 1);
        (MvmEvents.Head memory head,) = MvmEvents.parse(event_);
        State end = head.sender == 0 ? State.Credited : State.Returned;
        _setStatus(lane, nonce, end, height);
        emit MessageState(process, nonce, end, "");
        if (head.amount == 0) return;
        if (head.sender == 0) {
            lane.balances[head.asset] += head.amount;
            return;
        }
        bytes memory memo = abi.encodePacked("RETURN", nonce);
        emit Outbound(
            process, _countSent(lane), head.asset, head.amount, TO_SENDER, abi.encodePacked(head.sender), memo
        );
    }

    /// @notice Credits and runs one message; called by this contract alone, so that a failure of the app undoes the
    ///         credit and whatever the app sent.
    /// @param event_ of a process and nonce whose turn it is
    /// @param previous nonce delivered before, as in {IMixinApp-Message}
    /// @param again whether the app may have more gas than its process promises
    function callApp(bytes calldata event_, uint64 previous, bool again) external {
        if (msg.sender != address(this)) revert OnlySelf();
        (MvmEvents.Head memory head, bytes calldata extra) = MvmEvents.parse(event_);
        Process storage lane = _processes[head.process];
        (address app, uint256 gasLimit) = (lane.app, lane.gasLimit);
        if (app.code.length == 0 || app == address(this) || app == staking || app == _keyStore) {
            revert AppFailed(abi.encodeWithSelector(NotCallable.selector, app));
        }
        if (head.amount != 0) lane.balances[head.asset] += head.amount;
        bytes memory input = _encodeCall(head, previous, extra);
        if (gasleft() < (gasLimit * 64) / 63 + RESERVE) revert GasTooLow();
        bool ok;
        bytes32 answer;
        assembly ("memory-safe") {
            if again { gasLimit := gas() }
            mstore(0, 0)
            ok := call(gasLimit, app, 0, add(input, 32), mload(input), 0, 32)
            if gt(returndatasize(), 31) { answer := mload(0) }
        }
        if (!ok) revert AppFailed(_returned());
        if (answer != bytes32(IMixinApp.onMixinMessage.selector)) {
            revert AppFailed(abi.encodeWithSelector(WrongReturn.selector));
        }
    }

    /// @inheritdoc IMixinGroup
    function messageOf(bytes16 process, uint64 nonce)
        public
        view
        override
        returns (State state, bytes32 eventHash, uint64 height)
    {
        Process storage lane = _processes[process];
        uint256 status = lane.statuses.get(nonce);
        return (State(status >> HEIGHT_BITS), lane.eventHashes[nonce], uint64(status & HEIGHT_MASK));
    }

    /// @inheritdoc IMixinGroup
    function recent(bytes16 process, uint64 from, uint64 count) external view override returns (Record[] memory list) {
        uint64 next = _processes[process].nonces.next();
        uint64 size = from >= next ? 0 : (count < next - from ? count : next - from);
        list = new Record[](size);
        for (uint64 i = 0; i < size; ++i) {
            (State state, bytes32 eventHash, uint64 height) = messageOf(process, from + i);
            list[i] = Record(from + i, state, eventHash, height);
        }
    }

    /// @inheritdoc IMixinGroup
    function nextNonce(bytes16 process) external view override returns (uint64) {
        return _processes[process].nonces.next();
    }

    /// @dev Takes a proven event: its nonce must be the next one of its process. Runs it if its turn has come.
    ///      A process that was never registered has a lane without an app, so its messages park.
    function _record(bytes calldata event_, bytes32 eventHash, uint64 height) internal {
        (bytes16 process, uint64 nonce) = MvmEvents.laneOf(event_);
        Process storage lane = _processes[process];
        LaneNonces nonces = lane.nonces;
        if (nonce != nonces.next()) revert NonceOutOfOrder(process, nonces.next(), nonce);
        lane.eventHashes[nonce] = eventHash;
        lane.nonces = nonces.withNext(nonce + 1);
        if (nonces.head() != nonce) {
            _setStatus(lane, nonce, State.Queued, height);
            emit MessageState(process, nonce, State.Queued, "");
            return;
        }
        (bool ok, bytes memory reason) = _attempt(event_, nonces.previous(), false);
        _settle(lane, process, nonce, height, ok, reason);
    }

    /// @dev Runs the app in a frame of its own. Too little gas stops the whole call. Whatever else stops the frame parks
    ///      the message: the app's failure, which comes as {AppFailed}, but also an event of a form that nobody reads and
    ///      a balance that overflows, which are certified and must not hold up what comes after.
    function _attempt(bytes calldata event_, uint64 previous, bool again)
        private
        returns (bool ok, bytes memory reason)
    {
        (ok, reason) = address(this).call(abi.encodeCall(this.callApp, (event_, previous, again)));
        if (ok) return (ok, reason);
        if (reason.length == 0 || bytes4(reason) == GasTooLow.selector) revert GasTooLow();
        bool byApp = bytes4(reason) == AppFailed.selector;
        assembly ("memory-safe") {
            // AppFailed(bytes): selector 4, offset 32, then length and bytes
            if byApp { reason := add(reason, 68) }
        }
    }

    /// @dev abi.encodeCall(IMixinApp.onMixinMessage, (message)), at a third of its price.
    function _encodeCall(MvmEvents.Head memory head, uint64 previous, bytes calldata extra)
        private
        pure
        returns (bytes memory input)
    {
        bytes4 selector = IMixinApp.onMixinMessage.selector;
        (bytes16 asset, bytes16 sender, uint256 amount) = (head.asset, head.sender, head.amount);
        (uint64 nonce, uint64 time) = (head.nonce, head.timestamp);
        assembly ("memory-safe") {
            let length := extra.length
            let size := and(add(length, 31), not(31))
            input := mload(0x40)
            mstore(input, add(size, 292))
            mstore(add(input, 32), selector)
            mstore(add(input, 36), 32) // where the struct begins
            mstore(add(input, 68), nonce)
            mstore(add(input, 100), previous)
            mstore(add(input, 132), asset)
            mstore(add(input, 164), amount)
            mstore(add(input, 196), 224) // where, in the struct, extra begins
            mstore(add(input, 228), time)
            mstore(add(input, 260), sender)
            mstore(add(input, 292), length)
            mstore(add(input, add(292, size)), 0) // padding
            calldatacopy(add(input, 324), extra.offset, length)
            mstore(0x40, add(input, add(356, size)))
        }
    }

    /// @dev The start of what the last call returned.
    function _returned() private pure returns (bytes memory data) {
        data = new bytes(RETURN_MAX);
        assembly ("memory-safe") {
            if lt(returndatasize(), RETURN_MAX) { mstore(data, returndatasize()) }
            returndatacopy(add(data, 32), 0, mload(data))
        }
    }

    function _settle(
        Process storage lane,
        bytes16 process,
        uint64 nonce,
        uint64 height,
        bool ok,
        bytes memory reason
    ) private {
        LaneNonces nonces = lane.nonces; // again: the app may have sent something
        if (ok) nonces = nonces.withDelivered(nonce);
        // a retried message of a PARK lane lies behind the head
        if (nonces.head() == nonce && (ok || lane.policy == PARK)) nonces = nonces.withHead(nonce + 1);
        lane.nonces = nonces;
        State state = ok ? State.Delivered : State.Parked;
        _setStatus(lane, nonce, state, height);
        if (!ok) lane.parkedAt.set(nonce, block.timestamp);
        emit MessageState(process, nonce, state, reason);
    }

    function _setStatus(Process storage lane, uint64 nonce, State state, uint64 height) private {
        lane.statuses.set(nonce, (uint256(state) << HEIGHT_BITS) | (height & HEIGHT_MASK));
    }
}
