// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMixinApp} from "./IMixinApp.sol";

/// @title The group of validators as one EVM chain sees it.
/// @dev Amounts are in units of 1e-8; ids are the 16 bytes of a UUID; event bytes are the canonical encoding of an
///      event with one member (the sender's mask), threshold 1 and an empty signature field.
interface IMixinGroup {
    /// @notice Fate of one message. Whatever was never recorded is Unknown.
    /// @dev Parked is the only state that holds value; it is left once, so the value has one way out.
    enum State {
        Unknown,
        Queued,
        Delivered,
        Parked
    }

    /// @notice What one block holds for one platform.
    struct Outbox {
        bytes32 platform;
        uint64 seq;
        bytes32 systemHash;
        bytes32 root;
        uint32 count;
    }

    /// @notice The contents of one outbox.
    struct Delivery {
        bytes[] system;
        bytes[] events;
    }

    /// @notice One line of {recent}.
    struct Record {
        uint64 nonce;
        State state;
        bytes32 eventHash;
        uint64 height;
    }

    /// @notice The group key is in use from here on.
    event Activated(bytes32 sid, bytes32 transcript, bytes groupKey, uint64 epoch);
    /// @notice An outbox was taken and its messages recorded by {deliver}.
    event Delivered(uint64 indexed seq, address indexed submitter);
    /// @notice An outbox was taken by {commit}; its messages wait for {execute}.
    event Committed(uint64 indexed seq, address indexed submitter);
    /// @notice A message reached a state. `reason` is what a failed app returned, at most 132 bytes.
    event MessageState(bytes16 indexed process, uint64 indexed nonce, State state, bytes reason);
    /// @notice A process has an app. `app` is zero when the address given belongs to another process.
    event Registered(bytes16 indexed process, address indexed app, uint8 policy, uint32 gasLimit, uint64 firstNonce);
    /// @notice A certified system event that this contract does not know or cannot use; nothing was changed.
    event SystemEventIgnored(uint64 indexed seq, uint256 index);
    /// @notice An app pays somebody on Mixin. Nonces are consecutive per process, from 0.
    event Outbound(
        bytes16 indexed process,
        uint64 nonce,
        bytes16 asset,
        uint256 amount,
        uint8 receiverKind,
        bytes receiverData,
        bytes memo
    );

    error AlreadyActive();
    error Expired(uint64 deadline);
    error WrongValidators();
    /// @notice `signature` at this index is not the consensus key's.
    error BadSignature(uint256 index);
    error QuorumMissing(uint256 seats, uint256 quorum);
    error BadProofOfPossession();
    error BadCertificate();
    /// @notice The block has no outbox for this contract.
    error NoOutbox();
    /// @notice `nextSeq` has to come first.
    error OutOfOrder(uint64 nextSeq);
    error NothingGiven();
    error SystemMismatch(uint64 seq);
    error EventsMismatch(uint64 seq);
    /// @notice No root was committed under `seq`, or the event is not under it.
    error NotProven(uint64 seq);
    error NonceOutOfOrder(bytes16 process, uint64 expected, uint64 actual);
    /// @notice The message is not waiting, or not the next of its lane.
    error NotWaiting(bytes16 process, uint64 nonce);
    error EventMismatch(bytes16 process, uint64 nonce);
    /// @notice A parked message failed again; it stays parked.
    error RetryFailed(bytes reason);
    /// @notice The call carries too little gas to give the app what it was promised.
    error GasTooLow();
    /// @notice The app failed; `reason` is at most 132 bytes of what it returned.
    error AppFailed(bytes reason);
    error NotCallable(address app);
    error WrongReturn();
    error OnlySelf();
    error NotAnApp(address caller);
    error AlreadyBound(bytes16 process);
    error ZeroAmount();
    error InsufficientBalance(uint256 balance, uint256 amount);
    error BadReceiver();
    error MemoTooLong(uint256 length);

    function activate(
        bytes calldata groupKey_,
        bytes calldata pop,
        bytes32 sid,
        bytes32 transcript,
        uint64 epoch_,
        address[] calldata keys,
        uint16[] calldata seats,
        bytes[] calldata signatures,
        uint64 deadline
    ) external;

    function deliver(
        uint64 height,
        bytes32 coreHash,
        Outbox[] calldata outboxes,
        uint64 epoch_,
        uint32 round,
        bytes calldata signature,
        Delivery[] calldata deliveries
    ) external;

    function commit(
        uint64 height,
        bytes32 coreHash,
        Outbox[] calldata outboxes,
        uint64 epoch_,
        uint32 round,
        bytes calldata signature,
        bytes[][] calldata system
    ) external;

    function execute(uint64 seq, bytes calldata event_, bytes32[] calldata proof) external;

    function retry(bytes16 process, uint64 nonce, bytes calldata event_) external;

    function send(bytes16 asset, uint256 amount, IMixinApp.Receiver calldata receiver, bytes calldata memo)
        external
        returns (uint64 nonce);

    function bind(bytes16 process) external;

    function verify(
        uint64 height,
        bytes32 coreHash,
        Outbox[] calldata outboxes,
        uint64 epoch_,
        uint32 round,
        bytes calldata signature
    ) external view returns (bool);

    function messageOf(bytes16 process, uint64 nonce)
        external
        view
        returns (State state, bytes32 eventHash, uint64 height);

    function recent(bytes16 process, uint64 from, uint64 count) external view returns (Record[] memory);

    function nextNonce(bytes16 process) external view returns (uint64);

    function nextSeq() external view returns (uint64);

    function balanceOf(bytes16 process, bytes16 asset) external view returns (uint256);

    function processOf(address app) external view returns (bytes16);

    function groupKey() external view returns (bytes memory);

    function epoch() external view returns (uint64);

    function validatorsHash() external view returns (bytes32);

    function platform() external view returns (bytes32);

    function adminCounter() external view returns (uint64);
}
