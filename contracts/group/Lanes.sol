// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IMixinApp} from "../interfaces/IMixinApp.sol";
import {MvmEvents} from "../libraries/MvmEvents.sol";
import {Certified} from "./Certified.sol";
import {Sends} from "./Sends.sol";

/// @title One lane per process: messages in the order of their nonces, and what becomes of them.
/// @dev STRICT: behind a failed message the lane queues until that one is retried. PARK: the failed one is put aside
///      and the next goes on. The value of a message is credited in the frame that runs the app: a failure takes it
///      back with everything else, so value is with the message or in the balance, never in both.
abstract contract Lanes is Certified, Sends, ReentrancyGuardTransient {
    uint8 internal constant PARK = 1;
    uint256 private constant RETURN_MAX = 132;
    /// @dev What the frame around an app needs besides the app's gas: a cold account, the call, its own return.
    uint256 private constant RESERVE = 10_000;
    uint256 private constant STATUS_BITS = 64;

    mapping(bytes16 process => mapping(uint64 nonce => bytes32)) private _eventHashes;
    /// @dev Four messages a word, each `state u8 ‖ height u56`: a word a message would cost 17k gas more in a batch.
    mapping(bytes16 process => mapping(uint64 quarter => uint256)) private _statuses;

    /// @notice Runs a waiting message: the parked head of a STRICT lane, a queued one whose turn has come, or any parked
    ///         one of a PARK lane. Anyone may call. A parked message gets all the gas that the call carries.
    /// @dev A parked message that fails again reverts, so that gas estimates look for the gas it needs.
    function retry(bytes16 process, uint64 nonce, bytes calldata event_) external override nonReentrant {
        (State state, bytes32 eventHash, uint64 height) = messageOf(process, nonce);
        Process storage lane = _processes[process];
        bool turn = lane.policy == PARK ? state == State.Parked : nonce == lane.head && nonce < lane.next;
        if (!turn) revert NotWaiting(process, nonce);
        if (keccak256(event_) != eventHash) revert EventMismatch(process, nonce);
        (MvmEvents.Head memory head, bytes calldata extra) = MvmEvents.parse(event_);
        bool again = state == State.Parked;
        (bool ok, bytes memory reason) = _attempt(lane, head, extra, again);
        if (again && !ok) revert RetryFailed(reason);
        _settle(lane, process, nonce, height, ok, reason);
    }

    /// @notice Runs one app; called by this contract alone, so that a failure undoes credit and sends together.
    /// @param call_ the encoded call of {IMixinApp-onMixinMessage}
    /// @param again whether the app may have more than `gasLimit`
    function run(
        address app,
        uint256 gasLimit,
        bool again,
        bytes16 process,
        bytes16 asset,
        uint256 amount,
        bytes calldata call_
    ) external {
        if (msg.sender != address(this)) revert OnlySelf();
        if (app.code.length == 0 || app == address(this) || app == staking || app == _keyStore) {
            revert AppFailed(abi.encodeWithSelector(NotCallable.selector, app));
        }
        if (amount != 0) _balances[process][asset] += amount;
        bytes memory input = call_;
        if (gasleft() < (gasLimit * 64) / 63 + RESERVE) revert GasTooLow();
        bytes memory output = new bytes(RETURN_MAX);
        bool ok;
        assembly ("memory-safe") {
            if again { gasLimit := gas() }
            ok := call(gasLimit, app, 0, add(input, 32), mload(input), add(output, 32), RETURN_MAX)
            if lt(returndatasize(), RETURN_MAX) { mstore(output, returndatasize()) }
        }
        if (!ok) revert AppFailed(output);
        if (output.length < 32 || bytes32(output) != bytes32(IMixinApp.onMixinMessage.selector)) {
            revert AppFailed(abi.encodeWithSelector(WrongReturn.selector));
        }
    }

    /// @notice State of a message, keccak256 of its event, and the height that decided it.
    function messageOf(bytes16 process, uint64 nonce)
        public
        view
        override
        returns (State state, bytes32 eventHash, uint64 height)
    {
        uint256 status = (_statuses[process][nonce / 4] >> (STATUS_BITS * (nonce % 4))) & type(uint64).max;
        return (State(status >> 56), _eventHashes[process][nonce], uint64(status & type(uint56).max));
    }

    /// @notice Messages of a process from nonce `from` on, at most `count`.
    function recent(bytes16 process, uint64 from, uint64 count) external view override returns (Record[] memory list) {
        uint64 next = _processes[process].next;
        uint64 size = from >= next ? 0 : (count < next - from ? count : next - from);
        list = new Record[](size);
        for (uint64 i = 0; i < size; ++i) {
            (State state, bytes32 eventHash, uint64 height) = messageOf(process, from + i);
            list[i] = Record(from + i, state, eventHash, height);
        }
    }

    /// @notice Nonce of the next message of this process to be recorded.
    function nextNonce(bytes16 process) external view override returns (uint64) {
        return _processes[process].next;
    }

    /// @dev Takes a proven event: its nonce must be the next one of its process. Runs it if its turn has come.
    ///      A process that was never registered has a lane without an app, so its messages park.
    function _record(bytes calldata event_, bytes32 eventHash, uint64 height) internal {
        (MvmEvents.Head memory head, bytes calldata extra) = MvmEvents.parse(event_);
        Process storage lane = _processes[head.process];
        uint64 nonce = lane.next;
        if (head.nonce != nonce) revert NonceOutOfOrder(head.process, nonce, head.nonce);
        lane.next = nonce + 1;
        if (lane.head != nonce) {
            _eventHashes[head.process][nonce] = eventHash;
            _setStatus(head.process, nonce, State.Queued, height);
            emit MessageState(head.process, nonce, State.Queued, "");
            return;
        }
        (bool ok, bytes memory reason) = _attempt(lane, head, extra, false);
        _eventHashes[head.process][nonce] = eventHash;
        _settle(lane, head.process, nonce, height, ok, reason);
    }

    /// @dev Runs the app in a frame of its own. Whatever stops the frame itself (too little gas) stops the whole call;
    ///      only {AppFailed} is the app's failure.
    function _attempt(Process storage lane, MvmEvents.Head memory head, bytes calldata extra, bool again)
        private
        returns (bool ok, bytes memory reason)
    {
        uint64 delivered = lane.delivered;
        bytes memory call_ = abi.encodeCall(
            IMixinApp.onMixinMessage,
            (IMixinApp.Message({
                    nonce: head.nonce,
                    previous: delivered == 0 ? type(uint64).max : delivered - 1,
                    asset: head.asset,
                    amount: head.amount,
                    extra: extra,
                    timestamp: head.timestamp,
                    sender: head.sender
                }))
        );
        try this.run(lane.app, lane.gasLimit, again, head.process, head.asset, head.amount, call_) {
            return (true, "");
        } catch (bytes memory failure) {
            if (failure.length == 0) revert GasTooLow();
            if (bytes4(failure) != AppFailed.selector) {
                assembly ("memory-safe") {
                    revert(add(failure, 32), mload(failure))
                }
            }
            // AppFailed(bytes): selector 4, offset 32, then length and bytes
            assembly ("memory-safe") {
                reason := add(failure, 68)
            }
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
        State state = ok ? State.Delivered : State.Parked;
        _setStatus(process, nonce, state, height);
        if (ok) lane.delivered = nonce + 1;
        // a retried message of a PARK lane lies behind the head
        if (lane.head == nonce && (ok || lane.policy == PARK)) lane.head = nonce + 1;
        emit MessageState(process, nonce, state, reason);
    }

    function _setStatus(bytes16 process, uint64 nonce, State state, uint64 height) private {
        uint256 shift = STATUS_BITS * (nonce % 4);
        uint256 word = _statuses[process][nonce / 4] & ~(uint256(type(uint64).max) << shift);
        _statuses[process][nonce / 4] = word | (((uint256(state) << 56) | uint56(height)) << shift);
    }
}
