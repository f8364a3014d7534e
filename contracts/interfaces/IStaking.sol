// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMixinGroup} from "./IMixinGroup.sol";

/// @title Stake, keys and validator sets: what operators, reporters and ledgers see.
/// @dev A ledger that follows the logs knows the whole table: who holds which seats, who may be frozen into the next set,
///      and which unbonding entries are still to be released.
interface IStaking {
    /// @notice Fixed at deployment. Seconds, wei, and parts of 10,000.
    struct Terms {
        uint256 seatStake;
        /// Operators that must hold seats before {freeze}.
        uint256 minValidators;
        /// Unix seconds, before which {freeze} is refused.
        uint64 genesisTime;
        /// Length of an epoch; 0: the first one never ends.
        uint32 epochSeconds;
        /// How old a double vote may be for the network to still take it as evidence.
        uint32 evidenceAge;
        /// How long stake stays after it was released; longer than `evidenceAge` and an epoch together.
        uint32 unbonding;
        /// How long a jailed validator stays out at least.
        uint32 jailSeconds;
        /// What a double vote costs, of all stake that is still held.
        uint16 slashShare;
        /// What of it the reporter gets.
        uint16 finderShare;
        /// Who gets the rest; 0 burns it.
        address insurance;
    }

    /// @notice Keys of a validator. None of them is ever usable by anybody else, or a second time.
    struct Keys {
        /// Signs proposals and votes (secp256k1). Proven by a signature over the operator address.
        address consensus;
        /// libp2p peer id: its multihash bytes, at most 64.
        bytes peerId;
        /// BLS12-381 G1 point, 48 bytes compressed: dealings of the DKG are encrypted to it.
        bytes dealingKey;
        /// One Mixin user id per seat.
        bytes16[] mixinIds;
    }

    /// @notice What is known of one operator.
    struct Validator {
        /// Seats that the next set may count.
        uint16 seats;
        /// Seats whose stake is still here: `seats` and what is unbonding.
        uint16 held;
        bool tombstoned;
        /// 0: not jailed. Else the second from which {unjail} is possible.
        uint48 jailedUntil;
        address consensus;
        bytes peerId;
        bytes dealingKey;
        /// Proof of possession of the dealing key: a BLS signature, 96 bytes compressed.
        bytes dealingProof;
        /// Mixin users of all seats ever held, in the order of registration; {seatUsersOf} has those of today's seats.
        bytes16[] mixinIds;
    }

    /// @notice Stake on its way out. Entries of an operator are numbered from 0, and leave in that order.
    struct Entry {
        uint16 seats;
        uint48 requestedAt;
        /// 0: the network has not said yet that it works without these seats.
        uint48 releasedAt;
    }

    struct Vote {
        uint64 epoch;
        uint64 height;
        uint32 round;
        /// 1 prevote, 2 precommit.
        uint8 voteType;
        /// 0: nil.
        bytes32 blockHash;
    }

    struct Proposal {
        uint64 epoch;
        uint64 height;
        uint32 round;
        int32 polRound;
        bytes32 blockHash;
    }

    /// @notice One validator of a set.
    struct Member {
        address operator;
        address consensus;
        uint16 seats;
    }

    struct Release {
        address operator;
        /// Every entry below this number is released.
        uint32 entries;
    }

    /// @notice What the validators of an epoch tell this contract, as arguments of system event 8.
    struct Checkpoint {
        /// The next epoch where `members` are its set; the current one where there are none and the set stays.
        uint64 epoch;
        /// Ascending by operator address.
        Member[] members;
        /// In how many heights of the ending epoch each validator's precommit was seen, by its index.
        uint32[] participation;
        address[] jailed;
        Release[] released;
        /// Root over (operator, wei earned since the beginning); 0: as before.
        bytes32 rewardsRoot;
    }

    event Deposited(
        address indexed operator,
        address indexed consensus,
        uint16 seats,
        bytes peerId,
        bytes dealingKey,
        bytes dealingProof,
        bytes16[] mixinIds
    );
    event SeatsAdded(address indexed operator, uint16 seats, bytes16[] mixinIds);
    /// @notice Seats of these Mixin users leave, as unbonding entry `entry`.
    event SeatsRemoved(address indexed operator, uint32 entry, bytes16[] mixinIds);
    /// @notice All seats that were left go, as unbonding entry `entry`.
    event Exited(address indexed operator, uint32 entry, uint16 seats);
    /// @notice Entries below `entries` are released: from here on they unbond.
    event Released(address indexed operator, uint32 entries);
    event Withdrawn(address indexed operator, uint16 seats, uint256 amount);
    event Jailed(address indexed operator, uint48 until);
    event Unjailed(address indexed operator);
    /// @notice An operator's validator contradicted itself: its stake is cut by `cut` and it never returns.
    event Slashed(address indexed operator, address indexed reporter, uint256 cut, uint256 fee);
    /// @notice The validator set of an epoch is final.
    event Frozen(uint64 epoch, bytes32 validatorsHash);
    event CheckpointTaken(uint64 indexed seq, uint64 indexed epoch, uint64 height, uint32[] participation, bytes32 rewardsRoot);
    /// @notice A decided system event that this contract does not know or cannot use; nothing was changed.
    event SystemEventIgnored(uint64 indexed seq, uint256 index);
    event RewardsFunded(address indexed from, uint256 amount);
    event RewardsClaimed(address indexed operator, uint256 amount);

    error BadTerms();
    error WrongValue(uint256 expected, uint256 actual);
    error SeatsOutOfRange(uint256 seats);
    error AlreadyDeposited();
    error NotDeposited();
    /// @notice The operator has left, or may never return.
    error Gone();
    error MalformedKeys();
    error WrongProof();
    error KeyInUse();
    /// @notice The Mixin user is not that of one of the caller's seats.
    error NotASeatOf(bytes16 mixinId);
    /// @notice Removing every seat is {exit}.
    error LastSeat();
    error TooManyEntries(uint256 max);
    /// @notice Nothing can be withdrawn before this second; 2^64-1: nothing is unbonding.
    error NotReady(uint64 readyAt);
    error TransferFailed();
    error NotJailed();
    error StillJailed(uint48 until);
    /// @notice The two do not contradict each other: other places, or one value.
    error NoContradiction();
    error BadSignature(uint256 index);
    error UnknownSigner(address signer);
    error AlreadySlashed(address operator);
    error NothingAtStake(address operator);
    error TooEarly(uint64 genesisTime);
    error TooFewValidators(uint256 expected, uint256 actual);
    error AlreadyFrozen();
    error NotFrozen();
    error WrongEpoch(uint64 expected, uint64 actual);
    error WrongSignatureCount(uint256 expected, uint256 actual);
    error QuorumMissing(uint256 seats, uint256 quorum);
    error NoOutbox();
    error OutOfOrder(uint64 nextSeq);
    error SystemMismatch(uint64 seq);
    /// @notice The call carries too little gas to read what it brings.
    error GasTooLow();
    error NotProven();
    error NothingToClaim();
    error PoolTooSmall(uint256 pool, uint256 amount);

    function deposit(uint16 seats, Keys calldata keys, bytes[] calldata proofs) external payable;

    function addSeats(uint16 seats, bytes16[] calldata mixinIds) external payable;

    function removeSeats(bytes16[] calldata mixinIds) external;

    function exit() external;

    function withdraw() external;

    function unjail() external;

    function slash(Vote calldata first, bytes calldata firstSignature, Vote calldata second, bytes calldata secondSignature)
        external;

    function slashProposals(
        Proposal calldata first,
        bytes calldata firstSignature,
        Proposal calldata second,
        bytes calldata secondSignature
    ) external;

    function freeze() external;

    function checkpointEpoch(
        uint64 height,
        bytes32 coreHash,
        IMixinGroup.Outbox[] calldata outboxes,
        uint64 votedEpoch,
        uint32 round,
        bytes[] calldata signatures,
        bytes[] calldata system
    ) external;

    function fundRewards() external payable;

    function claim(uint256 earned, bytes32[] calldata proof) external;

    function activeSet(uint64 epoch_)
        external
        view
        returns (address[] memory operators, address[] memory consensusKeys, uint16[] memory seats, uint256 total);

    function validatorOf(address operator) external view returns (Validator memory);

    function seatUsersOf(address operator) external view returns (bytes16[] memory);

    function entriesOf(address operator) external view returns (uint32 first, Entry[] memory entries, uint64[] memory readyAt);
}
