// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMixinApp} from "./IMixinApp.sol";

/// @title The group of validators as one EVM chain sees it.
/// @dev Amounts are in units of 1e-8; ids are the 16 bytes of a UUID; event bytes are the canonical encoding of an
///      event with one member (the sender's mask), threshold 1 and an empty signature field. Keys have 128 bytes and
///      signatures of the group 256, as in EIP-2537; those of validators have 65, r ‖ s ‖ v with low s.
interface IMixinGroup {
    /// @notice Fate of one message. Whatever was never recorded is Unknown.
    /// @dev Queued and Parked hold value and are left once, so the value has one way out. Returned: paid back to the
    ///      sender. Credited: into the process's balance without its app being run, where there is no sender.
    enum State {
        Unknown,
        Queued,
        Delivered,
        Parked,
        Returned,
        Credited
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
    /// @notice Another group key is, by the one before it and the validators.
    event Rotated(bytes32 sid, bytes32 transcript, bytes groupKey, uint64 epoch);
    /// @notice Another group key is, by the validators alone.
    event Rekeyed(bytes32 sid, bytes32 transcript, bytes groupKey, uint64 epoch);
    /// @notice No app runs and nothing is paid before `until`, seconds since 1970, unless {PauseEnded} comes first.
    event PauseStarted(uint64 until);
    /// @notice Apps run and payments go on again, before the time was over.
    event PauseEnded();
    /// @notice Other validators are in office. `validatorsHash` as in {validatorsHash}.
    event ValidatorsChanged(uint64 indexed epoch, bytes32 validatorsHash);
    /// @notice An outbox was taken and its messages recorded by {deliver}.
    event Delivered(uint64 indexed seq, address indexed submitter);
    /// @notice An outbox was taken by {commit}; its messages wait for {execute}.
    event Committed(uint64 indexed seq, address indexed submitter);
    /// @notice A message reached a state. `reason` is what a failed app returned, at most 132 bytes.
    event MessageState(bytes16 indexed process, uint64 indexed nonce, State state, bytes reason);
    /// @notice A process has an app. `app` is zero when the address given belongs to another process.
    event Registered(bytes16 indexed process, address indexed app, uint8 policy, uint32 gasLimit, uint64 firstNonce);
    /// @notice A process has another app.
    event Moved(bytes16 indexed process, address indexed app);
    /// @notice A process has no app any more, and takes no messages.
    event Closed(bytes16 indexed process);
    /// @notice Whose Mixin multisig holds the funds: abi.encode(uint64 epoch, bytes16[] members, uint16 threshold).
    event Custody(bytes custody);
    /// @notice What an asset is called on Mixin.
    event AssetDescribed(bytes16 indexed asset, string symbol, string name);
    /// @notice The validators put an amount into a process's balance.
    event Credited(bytes16 indexed process, bytes16 indexed asset, uint256 amount);
    /// @notice A certified system event that this contract does not know or cannot use; nothing was changed.
    event SystemEventIgnored(uint64 indexed seq, uint256 index);
    /// @notice An app pays somebody on Mixin, or a parked message is paid back. Nonces are consecutive per process,
    ///         from 0.
    event Outbound(
        bytes16 indexed process,
        uint64 nonce,
        bytes16 asset,
        uint256 amount,
        uint8 receiverKind,
        bytes receiverData,
        bytes memo
    );

    /// @notice There is a group key: another one takes {rotate} or {rekey}.
    error AlreadyActive();
    /// @notice There is no group key yet: the first one takes {activate}.
    error NotActive();
    /// @notice The action was good up to `deadline`, seconds since 1970.
    error Expired(uint64 deadline);
    /// @notice The keys, seats and epoch given are not those of the validators in office.
    error WrongValidators();
    /// @notice `signature` at this index is not the consensus key's.
    error BadSignature(uint256 index);
    /// @notice Validators with `seats` seats have signed; it takes `quorum`.
    error QuorumMissing(uint256 seats, uint256 quorum);
    /// @notice Not a key, or not one that has signed the transcript of its own making.
    error BadProofOfPossession();
    /// @notice The signature is not the group key's.
    error BadGroupSignature();
    /// @notice The signature is not the group's certificate of this block.
    error BadCertificate();
    /// @notice The validators have paused the contract until then, seconds since 1970, or until {unpause}.
    error Paused(uint64 until);
    /// @notice There is no pause to end.
    error NotPaused();
    /// @notice The block has no outbox for this contract.
    error NoOutbox();
    /// @notice `nextSeq` has to come first.
    error OutOfOrder(uint64 nextSeq);
    /// @notice No contents of any outbox came with the call.
    error NothingGiven();
    /// @notice The system events given are not those of the outbox `seq`.
    error SystemMismatch(uint64 seq);
    /// @notice The events given are not those of the outbox `seq`.
    error EventsMismatch(uint64 seq);
    /// @notice No root was committed under `seq`, or the event is not under it.
    error NotProven(uint64 seq);
    /// @notice The process has another message to come next.
    error NonceOutOfOrder(bytes16 process, uint64 expected, uint64 actual);
    /// @notice The message is not waiting, or not the next of its lane.
    error NotWaiting(bytes16 process, uint64 nonce);
    /// @notice The event given is not the one that was recorded for this message.
    error EventMismatch(bytes16 process, uint64 nonce);
    /// @notice Before `due`, seconds since 1970, only the app itself gives a message back.
    error TooEarly(uint64 due);
    /// @notice A parked message failed again; it stays parked.
    error RetryFailed(bytes reason);
    /// @notice The call carries too little gas to give the app what it was promised.
    error GasTooLow();
    /// @notice The app failed; `reason` is at most 132 bytes of what it returned.
    error AppFailed(bytes reason);
    /// @notice The process has no app, or one without code, or one that is the system's own.
    error NotCallable(address app);
    /// @notice The app did not return the selector of {IMixinApp-onMixinMessage}.
    error WrongReturn();
    /// @notice Only the contract itself may call this.
    error OnlySelf();
    /// @notice The caller is not the app of any process.
    error NotAnApp(address caller);
    /// @notice The caller has said already that it belongs to `process`.
    error AlreadyBound(bytes16 process);
    /// @notice Nothing cannot be paid.
    error ZeroAmount();
    /// @notice The process has only `balance` of this asset, units of 1e-8.
    error InsufficientBalance(uint256 balance, uint256 amount);
    /// @notice The receiver is not of a form that {IMixinApp-Receiver} describes.
    error BadReceiver();
    /// @notice A memo has at most 200 bytes.
    error MemoTooLong(uint256 length);

    /// @notice Puts the group key in place, once, by a quorum of the validators' seats. Anyone may call.
    /// @param groupKey_ the key
    /// @param pop the group's signature over the digest that the DKG acknowledges: proof of possession
    /// @param sid session of the DKG that made the key
    /// @param transcript hash of what was dealt in it
    /// @param epoch_ epoch of the validator set, as in {validatorsHash}
    /// @param keys consensus addresses by ascending operator address, with their `seats`
    /// @param signatures of the EIP-712 `Admin` struct, by position in `keys`; empty where absent
    /// @param deadline last second at which the call is good
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

    /// @notice Another group key, by the one in use and a quorum of the validators: arguments as in {activate}. Blocks
    ///         that are not delivered yet are to be certified by the new one; what was committed stays executable.
    /// @param groupSignature by the key in use, over the digest that the validators sign
    function rotate(
        bytes calldata groupKey_,
        bytes calldata pop,
        bytes32 sid,
        bytes32 transcript,
        uint64 epoch_,
        address[] calldata keys,
        uint16[] calldata seats,
        bytes[] calldata signatures,
        uint64 deadline,
        bytes calldata groupSignature
    ) external;

    /// @notice Another group key, where the one in use is lost: by a quorum of the validators. Arguments as in {activate}.
    function rekey(
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

    /// @notice For seven days, or until {unpause}: no app runs, nothing is paid, nothing given back. {commit}, actions of
    ///         the validators and reads go on. Arguments as in {activate}.
    /// @param groupSignature by the group key, over the digest that the validators would sign: then `keys`, `seats` and
    ///        `signatures` are not looked at. Empty: a quorum of the validators must have signed.
    function pause(
        address[] calldata keys,
        uint16[] calldata seats,
        bytes[] calldata signatures,
        uint64 deadline,
        bytes calldata groupSignature
    ) external;

    /// @notice Ends a pause, by a quorum of the validators. Arguments as in {activate}.
    function unpause(
        address[] calldata keys,
        uint16[] calldata seats,
        bytes[] calldata signatures,
        uint64 deadline
    ) external;

    /// @notice Takes the next outboxes of this contract in a block and runs their messages. Anyone may call.
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
    ) external;

    /// @notice As {deliver}, on the validators' own votes instead of the group's signature: for when too many shares of
    ///         the key are lost.
    /// @param keys consensus addresses by ascending operator address, with their `seats`: those in office, or those
    ///        before them for blocks up to the one that changed the set
    /// @param signatures of the EIP-712 `Vote` struct, precommits for this block in `round`; empty where absent
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
    ) external;

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
    ) external;

    /// @notice Records and runs one message of a committed outbox: the next of its process. Anyone may call.
    /// @param seq of the outbox
    /// @param event_ as certified
    /// @param proof siblings from the leaf up, at most 10
    function execute(uint64 seq, bytes calldata event_, bytes32[] calldata proof) external;

    /// @notice Runs a waiting message: the parked head of a STRICT lane, a queued one whose turn has come, or any parked
    ///         one of a PARK lane. Anyone may call. A parked message gets all the gas that the call carries.
    /// @dev A parked message that fails again reverts, so that gas estimates look for the gas it needs.
    function retry(bytes16 process, uint64 nonce, bytes calldata event_) external;

    /// @notice Ends a parked message without its app: its amount is paid back to its sender, or goes to the process's
    ///         balance where it has none. By the app at once, by anyone {giveBackDelay} after it was parked. So does a
    ///         message that was still queued when its process was closed, at once.
    function giveBack(bytes16 process, uint64 nonce, bytes calldata event_) external;

    /// @notice Pays somebody on Mixin from the balance of the caller's process; also from inside a delivery.
    /// @param asset Mixin asset id
    /// @param amount units of 1e-8, not 0
    /// @param receiver of the payment; a mask must be one of this process
    /// @param memo at most 200 bytes
    /// @return nonce of this payment within the process, from 0
    function send(bytes16 asset, uint256 amount, IMixinApp.Receiver calldata receiver, bytes calldata memo)
        external
        returns (uint64 nonce);

    /// @notice An app says which process it belongs to, once and for good; call it in the constructor.
    /// @dev A process registered at an address that answers for another one gets no app. Without this, whoever first
    ///      registers a process at somebody else's app would feed it messages of that process.
    function bind(bytes16 process) external;

    /// @notice Whether `signature` is the group's certificate of this block. Any contract may ask.
    /// @param height of the block
    /// @param coreHash hash of the rest of its header
    /// @param outboxes all of the block, of all platforms, in order
    /// @param epoch_ epoch, and `round` consensus round, in which it was decided
    /// @param signature by the group key in use
    function verify(
        uint64 height,
        bytes32 coreHash,
        Outbox[] calldata outboxes,
        uint64 epoch_,
        uint32 round,
        bytes calldata signature
    ) external view returns (bool);

    /// @notice State of a message, keccak256 of its event, and the height that decided it.
    function messageOf(bytes16 process, uint64 nonce)
        external
        view
        returns (State state, bytes32 eventHash, uint64 height);

    /// @notice Messages of a process from nonce `from` on, at most `count`.
    function recent(bytes16 process, uint64 from, uint64 count) external view returns (Record[] memory);

    /// @notice Nonce of the next message of this process to be recorded.
    function nextNonce(bytes16 process) external view returns (uint64);

    /// @notice The outbox that has to come next.
    function nextSeq() external view returns (uint64);

    /// @notice What a process can send of an asset, units of 1e-8. Values of waiting and parked messages are not in it.
    function balanceOf(bytes16 process, bytes16 asset) external view returns (uint256);

    /// @notice The process whose app an address is; 0 for none.
    function processOf(address app) external view returns (bytes16);

    /// @notice The group key in use; empty before {activate}.
    function groupKey() external view returns (bytes memory);

    /// @notice Epoch of the validators in office.
    function epoch() external view returns (uint64);

    /// @notice keccak256(abi.encode(uint64 epoch, address[] keys, uint16[] seats)) of the validators in office.
    function validatorsHash() external view returns (bytes32);

    /// @notice keccak256 of the `custody` in the last {Custody}; 0 before the first.
    function custodyHash() external view returns (bytes32);

    /// @notice What an asset is called on Mixin; empty where the validators have not said.
    function assetInfo(bytes16 asset) external view returns (string memory symbol, string memory name);

    /// @notice This contract on this chain, as outboxes and actions of the validators name it.
    function platform() external view returns (bytes32);

    /// @notice The network, as its certificates name it.
    function networkId() external view returns (bytes32);

    /// @notice The network's Staking contract on its home chain.
    function staking() external view returns (address);

    /// @notice How many actions of the validators there were: the number of the next one.
    function adminCounter() external view returns (uint64);

    /// @notice The second at which a pause ends; in the past when there is none.
    function pausedUntil() external view returns (uint64);

    /// @notice How long a parked message is the app's alone to give back, seconds.
    function giveBackDelay() external view returns (uint64);
}
