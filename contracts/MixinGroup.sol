// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Lanes} from "./group/Lanes.sol";
import {Certified} from "./group/Certified.sol";
import {LaneNoncesLibrary} from "./libraries/LaneNonces.sol";
import {MvmEvents} from "./libraries/MvmEvents.sol";

/// @title The group contract: takes what the validators certify for this chain, in order, and runs it.
/// @notice No owner and no proxy: whoever calls, the certificate is the authority.
/// @dev A block names all outboxes of all platforms; those of this contract are taken by consecutive `seq`. System
///      events come first and run no foreign code. One of a kind unknown here, or of a form that its kind does not
///      have, is skipped with a log: it is certified, so refusing it would stop every app on this chain for ever.
contract MixinGroup is Lanes {
    uint256 private constant PROOF_MAX = 10;
    uint256 private constant REGISTER = 1;
    /// @dev abi.encode(uint8 kind, bytes args): kind, offset, length, then args; Register has five words of them.
    uint256 private constant ARGS = 96;
    uint256 private constant REGISTER_LENGTH = ARGS + 160;
    /// @dev What fits into a transaction whatever a registration says: more would stop every later outbox.
    uint32 private constant GAS_LIMIT_MAX = 2_000_000;

    struct CommittedRoot {
        bytes32 root;
        uint64 height;
    }

    mapping(uint64 seq => CommittedRoot) private _committed;

    constructor(uint256 homeChainId, address staking_, bytes32 salt, bytes32 validatorsHash_)
        Certified(homeChainId, staking_, salt, validatorsHash_)
    {}

    /// @notice Takes the next outboxes of this contract in a block and runs their messages.
    /// @dev What was taken before is a no-op. Deliveries beyond the outboxes left are dropped from the front, so a call
    ///      that lost a race for the first outboxes still brings the others.
    /// @param height with `coreHash`, `outboxes`, `epoch_`, `round` and `signature`: as in {verify}
    /// @param deliveries contents of the next outboxes of this contract in the block, from {nextSeq} on
    function deliver(
        uint64 height,
        bytes32 coreHash,
        Outbox[] calldata outboxes,
        uint64 epoch_,
        uint32 round,
        bytes calldata signature,
        Delivery[] calldata deliveries
    ) external override nonReentrant {
        uint256 left = _outboxesLeft(outboxes, deliveries.length);
        if (left == 0) return;
        if (!verify(height, coreHash, outboxes, epoch_, round, signature)) revert BadCertificate();
        uint256 index;
        for (uint256 i = _surplus(deliveries.length, left); i < deliveries.length; ++i) {
            index = _findNext(outboxes, index);
            _take(outboxes[index], deliveries[i].system);
            emit Delivered(outboxes[index].seq, msg.sender);
            _runEvents(outboxes[index], deliveries[i].events, height);
        }
    }

    /// @notice Takes the next outboxes of this contract in a block without running any app: their system events apply,
    ///         their roots are recorded, and each of their messages waits for {execute}.
    /// @param height with `coreHash`, `outboxes`, `epoch_`, `round` and `signature`: as in {verify}
    /// @param system the system events of the next outboxes, from {nextSeq} on
    function commit(
        uint64 height,
        bytes32 coreHash,
        Outbox[] calldata outboxes,
        uint64 epoch_,
        uint32 round,
        bytes calldata signature,
        bytes[][] calldata system
    ) external override nonReentrant {
        uint256 left = _outboxesLeft(outboxes, system.length);
        if (left == 0) return;
        if (!verify(height, coreHash, outboxes, epoch_, round, signature)) revert BadCertificate();
        uint256 index;
        for (uint256 i = _surplus(system.length, left); i < system.length; ++i) {
            index = _findNext(outboxes, index);
            _take(outboxes[index], system[i]);
            _committed[outboxes[index].seq] = CommittedRoot(outboxes[index].root, height);
            emit Committed(outboxes[index].seq, msg.sender);
        }
    }

    /// @notice Records and runs one message of a committed outbox: the next of its process. Anyone may call.
    /// @param seq of the outbox
    /// @param event_ as certified
    /// @param proof siblings from the leaf up, at most 10
    function execute(uint64 seq, bytes calldata event_, bytes32[] calldata proof) external override nonReentrant {
        CommittedRoot memory box = _committed[seq];
        bytes32 eventHash = MvmEvents.hashOf(event_);
        bool proven = box.root != 0 && proof.length <= PROOF_MAX
            && MerkleProof.verifyCalldata(proof, box.root, MvmEvents.leaf(eventHash));
        if (!proven) revert NotProven(seq);
        _record(event_, eventHash, box.height);
    }

    /// @notice The outbox that has to come next.
    function nextSeq() external view override returns (uint64) {
        return _nextSeq;
    }

    /// @dev How many outboxes of this contract in the block are still to be taken; 0 when all were.
    function _outboxesLeft(Outbox[] calldata outboxes, uint256 given) private view returns (uint256 left) {
        if (given == 0) revert NothingGiven();
        bytes32 own = platform();
        uint64 next = _nextSeq;
        bool any;
        for (uint256 i = 0; i < outboxes.length; ++i) {
            if (outboxes[i].platform != own) continue;
            any = true;
            if (outboxes[i].seq < next) continue;
            if (outboxes[i].seq != next + left) revert OutOfOrder(next);
            ++left;
        }
        if (!any) revert NoOutbox();
    }

    /// @dev Index of the outbox to be taken next, which is at `from` or later.
    function _findNext(Outbox[] calldata outboxes, uint256 from) private view returns (uint256 index) {
        bytes32 own = platform();
        uint64 next = _nextSeq;
        index = from;
        while (outboxes[index].platform != own || outboxes[index].seq != next) {
            ++index;
        }
    }

    function _surplus(uint256 given, uint256 left) private pure returns (uint256) {
        return given > left ? given - left : 0;
    }

    /// @dev Advances the sequence before anything else can run, and applies the system events.
    function _take(Outbox calldata box, bytes[] calldata system) private {
        _nextSeq = box.seq + 1;
        bytes32 systemHash = system.length == 0 ? bytes32(0) : keccak256(abi.encode(system));
        if (systemHash != box.systemHash) revert SystemMismatch(box.seq);
        for (uint256 i = 0; i < system.length; ++i) {
            if (!_apply(system[i])) emit SystemEventIgnored(box.seq, i);
        }
    }

    function _runEvents(Outbox calldata box, bytes[] calldata events, uint64 height) private {
        bytes32[] memory hashes = new bytes32[](events.length);
        for (uint256 i = 0; i < events.length; ++i) {
            hashes[i] = MvmEvents.hashOf(events[i]);
        }
        if (events.length != box.count || MvmEvents.root(hashes) != box.root) revert EventsMismatch(box.seq);
        for (uint256 i = 0; i < events.length; ++i) {
            uint256 free;
            assembly ("memory-safe") {
                free := mload(0x40)
            }
            _record(events[i], hashes[i], height);
            // nothing of one message is needed for the next: memory, and its price, stay those of the largest
            assembly ("memory-safe") {
                mstore(0x40, free)
            }
        }
    }

    /// @dev One system event; must not revert, whatever the bytes.
    /// @return whether it changed anything
    function _apply(bytes calldata event_) private returns (bool) {
        if (event_.length != REGISTER_LENGTH || uint256(bytes32(event_[0:32])) != REGISTER) return false;
        bytes calldata args = event_[ARGS:];
        bytes16 process = bytes16(args[0:16]);
        address app = address(bytes20(args[44:64]));
        Process storage lane = _processes[process];
        if (process == 0 || lane.registered) return false;
        bytes16 bound = _boundTo[app];
        bytes16 owner = bound == 0 ? processOf[app] : bound;
        if (owner != 0 && owner != process) app = address(0);
        else processOf[app] = process;
        lane.app = app;
        uint32 gasLimit = uint32(bytes4(args[124:128]));
        lane.gasLimit = gasLimit < GAS_LIMIT_MAX ? gasLimit : GAS_LIMIT_MAX;
        lane.policy = uint8(args[95]);
        lane.registered = true;
        uint64 first = uint64(bytes8(args[152:160]));
        lane.nonces = LaneNoncesLibrary.startAt(first);
        emit Registered(process, app, lane.policy, lane.gasLimit, first);
        return true;
    }
}
