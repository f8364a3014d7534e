// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {NetworkDomain} from "./libraries/NetworkDomain.sol";
import {Seats} from "./libraries/Seats.sol";

/// @title Stake, keys and validator sets of the network, on its home chain.
/// @notice Stake comes in whole seats: a seat is one vote, one share of the group key, one member of the multisig. The
///         operator is the account that deposits. This contract takes deposits and freezes the first validator set; it
///         has no way to leave, to be slashed or to start a second epoch: stake stays in it.
contract Staking {
    /// @notice Keys of a validator. None of them is ever usable by anybody else, or a second time.
    struct Keys {
        /// Signs proposals and votes (secp256k1). Proven by a signature over the operator address.
        address consensus;
        /// libp2p peer id: its multihash bytes, at most 64.
        bytes peerId;
        /// BLS12-381 G1 point, 48 bytes compressed: dealings of the first DKG are encrypted to it.
        bytes dealingKey;
        /// One Mixin user id per seat; the first ones are those of the seats that are active.
        bytes16[] mixinIds;
    }

    /// @notice Seats deposited, and the keys as given, of one operator.
    struct Validator {
        uint16 seats;
        address consensus;
        bytes peerId;
        bytes dealingKey;
        /// Proof of possession of the dealing key: a BLS signature, 96 bytes compressed.
        bytes dealingProof;
        bytes16[] mixinIds;
    }

    struct Member {
        address operator;
        uint16 seats;
        address consensus;
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
    /// @notice The validator set of an epoch is final.
    event Frozen(uint64 epoch, bytes32 validatorsHash);

    error WrongValue(uint256 expected, uint256 actual);
    error SeatsOutOfRange(uint256 seats);
    error AlreadyDeposited();
    error NotDeposited();
    error MalformedKeys();
    error WrongProof();
    error KeyInUse();
    error TooEarly(uint64 genesisTime);
    error TooFewValidators(uint256 expected, uint256 actual);
    error AlreadyFrozen();

    bytes32 private constant CONSENSUS_KEY_TYPE = keccak256("ConsensusKey(address operator)");
    uint256 private constant PEER_ID_MAX = 64;
    uint256 private constant DEALING_KEY_LENGTH = 48;
    uint256 private constant DEALING_PROOF_LENGTH = 96;

    bytes32 public immutable networkId;
    uint256 public immutable SEAT_STAKE;
    uint256 public immutable MIN_VALIDATORS;
    uint64 public immutable genesisTime;
    bytes32 private immutable _domain;

    address[] private _operators;
    mapping(address operator => Validator) private _validators;
    /// @dev Whatever was ever registered, by a hash of its kind and value.
    mapping(bytes32 => bool) private _used;
    mapping(uint64 epoch => Member[]) private _sets;
    mapping(uint64 epoch => bytes32) public validatorsHash;

    /// @param networkSalt tells networks at one address apart
    /// @param seatStake wei per seat
    /// @param minValidators how many have to have deposited before {freeze}
    /// @param genesisTime_ Unix seconds, before which {freeze} is refused
    constructor(bytes32 networkSalt, uint256 seatStake, uint256 minValidators, uint64 genesisTime_) {
        networkId = NetworkDomain.networkId(block.chainid, address(this), networkSalt);
        _domain = NetworkDomain.separator(block.chainid, address(this), networkId);
        SEAT_STAKE = seatStake;
        MIN_VALIDATORS = minValidators;
        genesisTime = genesisTime_;
    }

    /// @notice Registers the caller as an operator with `seats` seats and its keys; takes exactly seats · SEAT_STAKE.
    /// @dev The dealing key is checked here for its length only; every node checks point and proof of possession before
    ///      it uses them, and treats a validator whose proof is wrong as one without a dealing key.
    /// @param seats 1 to 64
    /// @param keys see {Keys}
    /// @param proofs of two keys: the consensus key's signature (65 bytes) over the EIP-712 struct
    ///        `ConsensusKey(address operator)` in the domain of votes, and the dealing key's proof of possession
    function deposit(uint16 seats, Keys calldata keys, bytes[] calldata proofs) external payable {
        Validator storage validator = _validators[msg.sender];
        if (validator.seats != 0) revert AlreadyDeposited();
        if (keys.peerId.length == 0 || keys.peerId.length > PEER_ID_MAX) revert MalformedKeys();
        if (keys.dealingKey.length != DEALING_KEY_LENGTH) revert MalformedKeys();
        if (proofs.length != 2 || proofs[1].length != DEALING_PROOF_LENGTH) revert WrongProof();
        bytes32 digest = NetworkDomain.digest(_domain, keccak256(abi.encode(CONSENSUS_KEY_TYPE, msg.sender)));
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, proofs[0]);
        if (failure != ECDSA.RecoverError.NoError || signer != keys.consensus) revert WrongProof();
        _use("consensus", abi.encode(keys.consensus));
        _use("peer", keys.peerId);
        _use("dealing", keys.dealingKey);
        validator.consensus = keys.consensus;
        validator.peerId = keys.peerId;
        validator.dealingKey = keys.dealingKey;
        validator.dealingProof = proofs[1];
        _operators.push(msg.sender);
        _addSeats(validator, seats, keys.mixinIds);
        emit Deposited(
            msg.sender, keys.consensus, seats, keys.peerId, keys.dealingKey, proofs[1], keys.mixinIds
        );
    }

    /// @notice More seats for the caller, with one more Mixin user id each; takes exactly seats · SEAT_STAKE.
    function addSeats(uint16 seats, bytes16[] calldata mixinIds) external payable {
        Validator storage validator = _validators[msg.sender];
        if (validator.seats == 0) revert NotDeposited();
        _addSeats(validator, seats, mixinIds);
        emit SeatsAdded(msg.sender, seats, mixinIds);
    }

    /// @notice Makes the validator set of epoch 0 from the deposits so far. Anyone may call, once.
    /// @dev Reads every deposit: about 10,000 gas each.
    function freeze() external {
        if (validatorsHash[0] != 0) revert AlreadyFrozen();
        if (block.timestamp < genesisTime) revert TooEarly(genesisTime);
        uint256 size = _operators.length;
        if (size < MIN_VALIDATORS || size == 0) revert TooFewValidators(MIN_VALIDATORS, size);
        uint256[] memory wanted = new uint256[](size);
        for (uint256 i = 0; i < size; ++i) {
            wanted[i] = _validators[_operators[i]].seats;
        }
        (address[] memory members, uint16[] memory seats) = Seats.select(_operators, wanted);
        address[] memory keys = new address[](members.length);
        for (uint256 i = 0; i < members.length; ++i) {
            keys[i] = _validators[members[i]].consensus;
            _sets[0].push(Member(members[i], seats[i], keys[i]));
        }
        bytes32 hash = keccak256(abi.encode(uint64(0), keys, seats));
        validatorsHash[0] = hash;
        emit Frozen(0, hash);
    }

    /// @notice The validator set of an epoch by ascending operator address; empty before it is frozen.
    /// @return operators in the order that is every validator's index
    /// @return consensusKeys of each
    /// @return seats of each, after cut and cap
    /// @return total of all seats
    function activeSet(uint64 epoch)
        external
        view
        returns (address[] memory operators, address[] memory consensusKeys, uint16[] memory seats, uint256 total)
    {
        Member[] storage members = _sets[epoch];
        operators = new address[](members.length);
        consensusKeys = new address[](members.length);
        seats = new uint16[](members.length);
        for (uint256 i = 0; i < members.length; ++i) {
            (operators[i], consensusKeys[i], seats[i]) =
                (members[i].operator, members[i].consensus, members[i].seats);
            total += seats[i];
        }
    }

    /// @notice Seats deposited, and all keys, of one operator; empty for one who never deposited.
    function validatorOf(address operator) external view returns (Validator memory) {
        return _validators[operator];
    }

    /// @notice How many operators have deposited.
    function operatorCount() external view returns (uint256) {
        return _operators.length;
    }

    /// @notice Operators in the order of their deposits, from 0.
    function operatorAt(uint256 index) external view returns (address) {
        return _operators[index];
    }

    function _addSeats(Validator storage validator, uint16 seats, bytes16[] calldata mixinIds) private {
        uint256 sum = uint256(validator.seats) + seats;
        if (seats == 0 || sum > Seats.MAX_SEATS) revert SeatsOutOfRange(sum);
        uint256 price = seats * SEAT_STAKE;
        if (msg.value != price) revert WrongValue(price, msg.value);
        if (mixinIds.length != seats) revert MalformedKeys();
        for (uint256 i = 0; i < seats; ++i) {
            if (mixinIds[i] == 0) revert MalformedKeys();
            _use("mixin", abi.encode(mixinIds[i]));
            validator.mixinIds.push(mixinIds[i]);
        }
        validator.seats = uint16(sum);
    }

    function _use(string memory kind, bytes memory value) private {
        bytes32 id = keccak256(abi.encode(kind, value));
        if (_used[id]) revert KeyInUse();
        _used[id] = true;
    }
}
