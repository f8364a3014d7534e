// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Certified} from "./group/Certified.sol";
import {SystemEvents} from "./group/SystemEvents.sol";
import {IMixinGroup} from "./interfaces/IMixinGroup.sol";
import {MvmEvents} from "./libraries/MvmEvents.sol";

/// @title The group contract: takes what the validators certify for this chain, in order, and runs it.
/// @notice No owner and no proxy: whoever calls, the certificate is the authority.
/// @dev A block names all outboxes of all platforms; those of this contract are taken by consecutive `seq`. System
///      events come first and run no foreign code.
contract MixinGroup is SystemEvents {
    uint256 private constant PROOF_MAX = 10;

    struct CommittedRoot {
        bytes32 root;
        uint64 height;
    }

    mapping(uint64 seq => CommittedRoot) private _committed;

    /// @param homeChainId chain of the network's Staking contract `staking_`
    /// @param salt that the network was made with
    /// @param validatorsHash_ of epoch 0, as Staking has frozen it
    constructor(uint256 homeChainId, address staking_, bytes32 salt, bytes32 validatorsHash_)
        Certified(homeChainId, staking_, salt, validatorsHash_)
    {}

    /// @inheritdoc IMixinGroup
    function deliver(
        uint64 height,
        bytes32 coreHash,
        Outbox[] calldata outboxes,
        uint64 epoch_,
        uint32 round,
        bytes calldata signature,
        Delivery[] calldata deliveries
    ) external override nonReentrant whenNotPaused {
        uint256 left = _outboxesLeft(outboxes, deliveries.length);
        if (left == 0) return;
        if (!verify(height, coreHash, outboxes, epoch_, round, signature)) revert BadCertificate();
        _deliver(height, outboxes, deliveries, left);
    }

    /// @inheritdoc IMixinGroup
    function deliverByVotes(
        uint64 height,
        bytes32 coreHash,
        Outbox[] calldata outboxes,
        uint64 epoch_,
        uint32 round,
        address[] calldata keys,
        uint16[] calldata seats,
        bytes[] calldata signatures,
        Delivery[] calldata deliveries
    ) external override nonReentrant whenNotPaused {
        uint256 left = _outboxesLeft(outboxes, deliveries.length);
        if (left == 0) return;
        _requirePrecommits(height, coreHash, outboxes, epoch_, round, keys, seats, signatures);
        _deliver(height, outboxes, deliveries, left);
    }

    /// @inheritdoc IMixinGroup
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
            _take(outboxes[index], system[i], height);
            _committed[outboxes[index].seq] = CommittedRoot(outboxes[index].root, height);
            emit Committed(outboxes[index].seq, msg.sender);
        }
    }

    /// @inheritdoc IMixinGroup
    function execute(uint64 seq, bytes calldata event_, bytes32[] calldata proof)
        external
        override
        nonReentrant
        whenNotPaused
    {
        CommittedRoot memory box = _committed[seq];
        bytes32 eventHash = MvmEvents.hashOf(event_);
        bool proven = box.root != 0 && proof.length <= PROOF_MAX
            && MerkleProof.verifyCalldata(proof, box.root, MvmEvents.leaf(eventHash));
        if (!proven) revert NotProven(seq);
        _record(event_, eventHash, box.height);
    }

    /// @inheritdoc IMixinGroup
    function nextSeq() external view override returns (uint64) {
        return _nextSeq;
    }

    function _deliver(uint64 height, Outbox[] calldata outboxes, Delivery[] calldata deliveries, uint256 left) private {
        uint256 index;
        for (uint256 i = _surplus(deliveries.length, left); i < deliveries.length; ++i) {
            index = _findNext(outboxes, index);
            _take(outboxes[index], deliveries[i].system, height);
            emit Delivered(outboxes[index].seq, msg.sender);
            _runEvents(outboxes[index], deliveries[i].events, height);
        }
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
    function _take(Outbox calldata box, bytes[] calldata system, uint64 height) private {
        _nextSeq = box.seq + 1;
        bytes32 systemHash = system.length == 0 ? bytes32(0) : keccak256(abi.encode(system));
        if (systemHash != box.systemHash) revert SystemMismatch(box.seq);
        for (uint256 i = 0; i < system.length; ++i) {
            if (!_apply(system[i], height)) emit SystemEventIgnored(box.seq, i);
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
}
