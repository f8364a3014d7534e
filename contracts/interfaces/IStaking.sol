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

    /// @notice What a validator signs as its vote.
    struct Vote {
        uint64 epoch;
        uint64 height;
        uint32 round;
        /// 1 prevote, 2 precommit.
        uint8 voteType;
        /// 0: nil.
        bytes32 blockHash;
    }

    /// @notice What a proposer signs; `polRound` is the round of the proof of lock, -1 for none.
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

    /// @notice Unbonding entries of one operator that the network no longer needs.
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

    /// @notice A new operator, with its seats and all its keys.
    event Deposited(
        address indexed operator,
        address indexed consensus,
        uint16 seats,
        bytes peerId,
        bytes dealingKey,
        bytes dealingProof,
        bytes16[] mixinIds
    );
    /// @notice An operator has `seats` more seats, one for each of these Mixin users.
    event SeatsAdded(address indexed operator, uint16 seats, bytes16[] mixinIds);
    /// @notice Seats of these Mixin users leave, as unbonding entry `entry`.
    event SeatsRemoved(address indexed operator, uint32 entry, bytes16[] mixinIds);
    /// @notice All seats that were left go, as unbonding entry `entry`.
    event Exited(address indexed operator, uint32 entry, uint16 seats);
    /// @notice Entries below `entries` are released: from here on they unbond.
    event Released(address indexed operator, uint32 entries);
    /// @notice `seats` seats have unbonded, and their stake, less what slashing took, was paid: `amount` wei.
    event Withdrawn(address indexed operator, uint16 seats, uint256 amount);
    /// @notice The network keeps this operator out of its sets; it may ask to come back from second `until` on.
    event Jailed(address indexed operator, uint48 until);
    /// @notice The operator may be counted again, from the next set on.
    event Unjailed(address indexed operator);
    /// @notice An operator's validator contradicted itself: its stake is cut by `cut` and it never returns.
    event Slashed(address indexed operator, address indexed reporter, uint256 cut, uint256 fee);
    /// @notice The validator set of an epoch is final.
    event Frozen(uint64 epoch, bytes32 validatorsHash);
    /// @notice A decided checkpoint was applied. `epoch` is the current one now; `participation` by index in the ending set.
    event CheckpointTaken(uint64 indexed seq, uint64 indexed epoch, uint64 height, uint32[] participation, bytes32 rewardsRoot);
    /// @notice A decided system event that this contract does not know or cannot use; nothing was changed.
    event SystemEventIgnored(uint64 indexed seq, uint256 index);
    /// @notice The reward pool has `amount` wei more.
    event RewardsFunded(address indexed from, uint256 amount);
    /// @notice An operator was paid `amount` wei out of the reward pool.
    event RewardsClaimed(address indexed operator, uint256 amount);

    /// @notice No network can run on these terms: no stake, more than all of it slashed, or unbonding over too soon.
    error BadTerms();
    /// @notice The call has to bring exactly `expected` wei, seats times SEAT_STAKE.
    error WrongValue(uint256 expected, uint256 actual);
    /// @notice An operator has 1 to 64 seats, and a change is one seat at least.
    error SeatsOutOfRange(uint256 seats);
    /// @notice This operator address has deposited before; more seats come by {addSeats}.
    error AlreadyDeposited();
    /// @notice This operator address has never deposited.
    error NotDeposited();
    /// @notice The operator has left, or may never return.
    error Gone();
    /// @notice A key of the wrong length, or not one Mixin user, other than 0, for each seat.
    error MalformedKeys();
    /// @notice Not the two proofs of possession: a wrong length, or not the signature of the consensus key.
    error WrongProof();
    /// @notice A key or Mixin user that somebody registered before; each is good for one operator, once.
    error KeyInUse();
    /// @notice The Mixin user is not that of one of the caller's seats.
    error NotASeatOf(bytes16 mixinId);
    /// @notice Removing every seat is {exit}.
    error LastSeat();
    /// @notice `max` unbonding entries are open; withdraw first, or leave by {exit}.
    error TooManyEntries(uint256 max);
    /// @notice Nothing can be withdrawn before this second; 2^64-1: nothing is unbonding.
    error NotReady(uint64 readyAt);
    /// @notice The receiver of a payment refused it.
    error TransferFailed();
    /// @notice The caller is not jailed.
    error NotJailed();
    /// @notice Not before second `until`.
    error StillJailed(uint48 until);
    /// @notice The two do not contradict each other: other places, or one value.
    error NoContradiction();
    /// @notice Signature number `index` is malformed, or not by the signer that it has to be by.
    error BadSignature(uint256 index);
    /// @notice No operator has registered this consensus address.
    error UnknownSigner(address signer);
    /// @notice An operator is slashed once.
    error AlreadySlashed(address operator);
    /// @notice The operator holds no stake any more.
    error NothingAtStake(address operator);
    /// @notice The first set is not frozen before second `genesisTime`.
    error TooEarly(uint64 genesisTime);
    /// @notice `expected` operators have to hold seats, and `actual` do.
    error TooFewValidators(uint256 expected, uint256 actual);
    /// @notice The first set exists already.
    error AlreadyFrozen();
    /// @notice There is no first set yet: {freeze} comes before any checkpoint.
    error NotFrozen();
    /// @notice The votes have to be of the current epoch, `expected`.
    error WrongEpoch(uint64 expected, uint64 actual);
    /// @notice One entry for each validator of the set, empty where its signature is absent.
    error WrongSignatureCount(uint256 expected, uint256 actual);
    /// @notice Validators with `seats` seats signed; `quorum` are needed.
    error QuorumMissing(uint256 seats, uint256 quorum);
    /// @notice The block holds no outbox of this contract.
    error NoOutbox();
    /// @notice Outbox `nextSeq` comes first.
    error OutOfOrder(uint64 nextSeq);
    /// @notice These are not the system events of outbox `seq`.
    error SystemMismatch(uint64 seq);
    /// @notice The call carries too little gas to read what it brings.
    error GasTooLow();
    /// @notice The proof does not lead to the rewards root for this caller and amount.
    error NotProven();
    /// @notice All that was earned has been paid.
    error NothingToClaim();
    /// @notice The pool holds `pool` wei and the claim is `amount`; it can be made again once the pool is funded.
    error PoolTooSmall(uint256 pool, uint256 amount);

    /// @notice Registers the caller as an operator, with its seats, its keys and its stake.
    /// @param proofs of possession of the consensus key and of the dealing key
    function deposit(uint16 seats, Keys calldata keys, bytes[] calldata proofs) external payable;

    /// @notice More seats for the caller, each with a Mixin user and its stake.
    function addSeats(uint16 seats, bytes16[] calldata mixinIds) external payable;

    /// @notice Starts to unbond the seats of these Mixin users; not the last one.
    function removeSeats(bytes16[] calldata mixinIds) external;

    /// @notice Starts to unbond every seat of the caller, for good.
    function exit() external;

    /// @notice Pays the caller what has unbonded.
    function withdraw() external;

    /// @notice The jailed caller asks to be counted again.
    function unjail() external;

    /// @notice Slashes a validator for two votes that contradict each other, and pays the caller.
    function slash(Vote calldata first, bytes calldata firstSignature, Vote calldata second, bytes calldata secondSignature)
        external;

    /// @notice Slashes a validator for two proposals that contradict each other, and pays the caller.
    function slashProposals(
        Proposal calldata first,
        bytes calldata firstSignature,
        Proposal calldata second,
        bytes calldata secondSignature
    ) external;

    /// @notice Makes the first validator set from the deposits. Anyone may call, once.
    function freeze() external;

    /// @notice Takes what the validators decided for this contract, proven by their precommits. Anyone may call.
    function checkpointEpoch(
        uint64 height,
        bytes32 coreHash,
        IMixinGroup.Outbox[] calldata outboxes,
        uint64 votedEpoch,
        uint32 round,
        bytes[] calldata signatures,
        bytes[] calldata system
    ) external;

    /// @notice Adds to what rewards are paid from.
    function fundRewards() external payable;

    /// @notice Pays the caller what it has earned and not been paid yet.
    /// @param earned wei since the beginning
    /// @param proof from the leaf of the caller up to the rewards root
    function claim(uint256 earned, bytes32[] calldata proof) external;

    /// @notice The validator set of an epoch.
    function activeSet(uint64 epoch_)
        external
        view
        returns (address[] memory operators, address[] memory consensusKeys, uint16[] memory seats, uint256 total);

    /// @notice Seats, stake and keys of one operator.
    function validatorOf(address operator) external view returns (Validator memory);

    /// @notice Mixin users of the seats that an operator has now.
    function seatUsersOf(address operator) external view returns (bytes16[] memory);

    /// @notice The open unbonding entries of an operator, and the second from which each can be withdrawn.
    function entriesOf(address operator) external view returns (uint32 first, Entry[] memory entries, uint64[] memory readyAt);
}
