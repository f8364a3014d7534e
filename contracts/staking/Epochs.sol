// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMixinGroup} from "../interfaces/IMixinGroup.sol";
import {DataContract} from "../libraries/DataContract.sol";
import {Seats} from "../libraries/Seats.sol";
import {Slashing} from "./Slashing.sol";

/// @title The validator set of each epoch: the first one frozen here, every other proven by the one before it.
/// @dev A checkpoint is a system event in an outbox of this contract's own platform. The block that holds it is proven by
///      precommit votes of a quorum of the set that this contract knows, so a chain of checkpoints cannot be forked off by
///      fewer than a third; a certificate would not do, for the group key is the same in every epoch.
abstract contract Epochs is Slashing {
    bytes32 private constant BLOCK_TAG = keccak256("mvm.block.v1");
    uint256 private constant CHECKPOINT = 8;
    uint8 private constant PRECOMMIT = 2;
    /// @dev operator 20 ‖ consensus 20 ‖ seats u16
    uint256 private constant MEMBER_LENGTH = 42;
    /// @dev What reading a checkpoint may take, and per byte of it. Whoever brings less could make a good one look bad.
    uint256 private constant READ_GAS = 200_000;
    uint256 private constant READ_GAS_PER_BYTE = 100;

    /// @notice Operators that must hold seats before {freeze}.
    uint256 public immutable MIN_VALIDATORS;
    /// @notice Unix seconds, before which {freeze} is refused.
    uint64 public immutable genesisTime;

    /// @notice The epoch whose set this contract knows last.
    uint64 public epoch;
    /// @notice The outbox of its own platform that has to come next.
    uint64 public nextSeq;
    /// @notice Root over (operator, wei earned since the beginning), as {claim} takes them.
    bytes32 public rewardsRoot;
    /// @notice keccak256(abi.encode(epoch, consensus addresses, seats)) of a set; 0 before this contract knows it.
    mapping(uint64 epoch => bytes32) public validatorsHash;
    /// @dev Data contracts: the members of each set.
    mapping(uint64 epoch => address) private _sets;

    constructor(uint256 minValidators, uint64 genesisTime_) {
        (MIN_VALIDATORS, genesisTime) = (minValidators, genesisTime_);
    }

    /// @notice Makes the validator set of epoch 0 from the deposits so far. Anyone may call, once.
    /// @dev Reads every deposit: about 10,000 gas each.
    function freeze() external override {
        if (validatorsHash[0] != 0) revert AlreadyFrozen();
        if (block.timestamp < genesisTime) revert TooEarly(genesisTime);
        address[] memory operators = _operators;
        uint256[] memory wanted = new uint256[](operators.length);
        uint256 present;
        for (uint256 i = 0; i < operators.length; ++i) {
            wanted[i] = _accounts[operators[i]].seats;
            if (wanted[i] > 0) ++present;
        }
        if (present < MIN_VALIDATORS || present == 0) revert TooFewValidators(MIN_VALIDATORS, present);
        (address[] memory chosen, uint16[] memory seats) = Seats.select(operators, wanted);
        Member[] memory members = new Member[](chosen.length);
        for (uint256 i = 0; i < members.length; ++i) {
            members[i] = Member(chosen[i], _accounts[chosen[i]].consensus, seats[i]);
        }
        lastCheckpointAt = uint48(block.timestamp);
        _storeSet(0, members);
    }

    /// @notice Takes what the validators decided for this contract: the next outbox of its platform in a block. One taken
    ///         before is a no-op. Anyone may call.
    /// @param height of the block
    /// @param coreHash hash of the rest of its header
    /// @param outboxes all of the block, of all platforms, in order
    /// @param votedEpoch epoch of the votes: that of {epoch}
    /// @param round consensus round in which the block was decided
    /// @param signatures of precommits, 65 bytes each, by index in the set; empty where absent
    /// @param system the system events of the outbox
    function checkpointEpoch(
        uint64 height,
        bytes32 coreHash,
        IMixinGroup.Outbox[] calldata outboxes,
        uint64 votedEpoch,
        uint32 round,
        bytes[] calldata signatures,
        bytes[] calldata system
    ) external override {
        if (validatorsHash[0] == 0) revert NotFrozen();
        (bool taken, uint256 index) = _findNext(outboxes);
        if (taken) return;
        if (votedEpoch != epoch) revert WrongEpoch(epoch, votedEpoch);
        bytes32 blockHash = keccak256(abi.encode(BLOCK_TAG, height, coreHash, outboxes));
        _requireQuorum(_voteDigest(Vote(votedEpoch, height, round, PRECOMMIT, blockHash)), signatures);
        uint64 seq = outboxes[index].seq;
        bytes32 systemHash = system.length == 0 ? bytes32(0) : keccak256(abi.encode(system));
        if (systemHash != outboxes[index].systemHash) revert SystemMismatch(seq);
        nextSeq = seq + 1;
        lastCheckpointAt = uint48(block.timestamp);
        for (uint256 i = 0; i < system.length; ++i) {
            if (gasleft() < READ_GAS + READ_GAS_PER_BYTE * system[i].length) revert GasTooLow();
            try this.readCheckpoint(system[i]) returns (Checkpoint memory checkpoint) {
                if (_apply(seq, height, checkpoint)) continue;
            } catch {}
            emit SystemEventIgnored(seq, i);
        }
    }

    /// @notice The validator set of an epoch by ascending operator address; empty before this contract knows it.
    /// @return operators in the order that is every validator's index
    /// @return consensusKeys of each
    /// @return seats of each, after cut and cap
    /// @return total of all seats
    function activeSet(uint64 epoch_)
        external
        view
        override
        returns (address[] memory operators, address[] memory consensusKeys, uint16[] memory seats, uint256 total)
    {
        Member[] memory members = _loadSet(epoch_);
        operators = new address[](members.length);
        consensusKeys = new address[](members.length);
        seats = new uint16[](members.length);
        for (uint256 i = 0; i < members.length; ++i) {
            (operators[i], consensusKeys[i], seats[i]) =
                (members[i].operator, members[i].consensus, members[i].seats);
            total += seats[i];
        }
    }

    /// @notice This contract on its chain, as outboxes name it.
    function platform() public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this)));
    }

    /// @notice The checkpoint in a system event; reverts for anything else. A frame of its own, so that it can fail alone.
    function readCheckpoint(bytes calldata event_) external pure returns (Checkpoint memory) {
        (uint8 kind, bytes memory args) = abi.decode(event_, (uint8, bytes));
        assert(kind == CHECKPOINT);
        return abi.decode(args, (Checkpoint));
    }

    /// @dev Must not revert, whatever was decided: a checkpoint that cannot be taken would stop all later ones.
    /// @return whether it made sense
    function _apply(uint64 seq, uint64 height, Checkpoint memory checkpoint) private returns (bool) {
        if (checkpoint.members.length == 0) {
            if (checkpoint.epoch != epoch) return false;
        } else {
            if (checkpoint.epoch != epoch + 1 || !_isSet(checkpoint.members)) return false;
            epoch = checkpoint.epoch;
            _storeSet(checkpoint.epoch, checkpoint.members);
        }
        for (uint256 i = 0; i < checkpoint.jailed.length; ++i) {
            _jail(checkpoint.jailed[i]);
        }
        for (uint256 i = 0; i < checkpoint.released.length; ++i) {
            _release(checkpoint.released[i].operator, checkpoint.released[i].entries);
        }
        if (checkpoint.rewardsRoot != 0) rewardsRoot = checkpoint.rewardsRoot;
        emit CheckpointTaken(seq, checkpoint.epoch, height, checkpoint.participation, rewardsRoot);
        return true;
    }

    /// @dev Whether this is a set: in order, nobody without a seat, no more seats than there can be.
    function _isSet(Member[] memory members) private pure returns (bool) {
        uint256 total;
        address last;
        for (uint256 i = 0; i < members.length; ++i) {
            if (members[i].operator <= last || members[i].seats == 0) return false;
            last = members[i].operator;
            total += members[i].seats;
        }
        return total <= Seats.MAX_SEATS;
    }

    /// @dev Index of the outbox of this contract that has to come next; `taken` where the block holds earlier ones only.
    function _findNext(IMixinGroup.Outbox[] calldata outboxes) private view returns (bool taken, uint256 index) {
        bytes32 own = platform();
        for (uint256 i = 0; i < outboxes.length; ++i) {
            if (outboxes[i].platform != own) continue;
            if (outboxes[i].seq == nextSeq) return (false, i);
            if (outboxes[i].seq > nextSeq) revert OutOfOrder(nextSeq);
            taken = true;
        }
        if (!taken) revert NoOutbox();
    }

    /// @dev floor(2W/3) + 1 of the current set's seats W. A signature that is there must be right, low s included.
    function _requireQuorum(bytes32 digest, bytes[] calldata signatures) private view {
        Member[] memory members = _loadSet(epoch);
        if (signatures.length != members.length) revert WrongSignatureCount(members.length, signatures.length);
        uint256 total;
        uint256 signed;
        for (uint256 i = 0; i < members.length; ++i) {
            total += members[i].seats;
            if (signatures[i].length == 0) continue;
            if (_signerOf(digest, signatures[i], i) != members[i].consensus) revert BadSignature(i);
            signed += members[i].seats;
        }
        uint256 quorum = (2 * total) / 3 + 1;
        if (signed < quorum) revert QuorumMissing(signed, quorum);
    }

    function _storeSet(uint64 epoch_, Member[] memory members) private {
        address[] memory keys = new address[](members.length);
        uint16[] memory seats = new uint16[](members.length);
        bytes memory packed = new bytes(members.length * MEMBER_LENGTH);
        for (uint256 i = 0; i < members.length; ++i) {
            Member memory member = members[i];
            (keys[i], seats[i]) = (member.consensus, member.seats);
            bytes memory line = abi.encodePacked(member.operator, member.consensus, member.seats);
            assembly ("memory-safe") {
                mcopy(add(add(packed, 32), mul(i, MEMBER_LENGTH)), add(line, 32), MEMBER_LENGTH)
            }
        }
        _sets[epoch_] = DataContract.store(packed);
        bytes32 hash = keccak256(abi.encode(epoch_, keys, seats));
        validatorsHash[epoch_] = hash;
        emit Frozen(epoch_, hash);
    }

    function _loadSet(uint64 epoch_) private view returns (Member[] memory members) {
        bytes memory packed = DataContract.load(_sets[epoch_]);
        members = new Member[](packed.length / MEMBER_LENGTH);
        for (uint256 i = 0; i < members.length; ++i) {
            uint256 high;
            uint256 low;
            assembly ("memory-safe") {
                let line := add(add(packed, 32), mul(i, MEMBER_LENGTH))
                high := mload(line)
                low := mload(add(line, 10)) // ends with the member
            }
            members[i] = Member(address(uint160(high >> 96)), address(uint160(low >> 16)), uint16(low));
        }
    }
}
