// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IStaking} from "../interfaces/IStaking.sol";
import {DataContract} from "../libraries/DataContract.sol";
import {NetworkDomain} from "../libraries/NetworkDomain.sol";
import {Seats} from "../libraries/Seats.sol";

/// @title Who has staked how many seats, with which keys.
/// @dev Stake of an operator is always `held` · SEAT_STAKE, less what slashing took: seats move from `seats` to unbonding
///      entries, and leave `held` when they are paid out. An operator address has one life: it deposits once.
abstract contract StakeBook is IStaking {
    /// @dev Two words.
    struct Account {
        address consensus;
        uint16 seats;
        uint16 held;
        bool tombstoned;
        uint48 jailedUntil;
        /// Data contract: peer id length u8 ‖ peer id ‖ dealing key ‖ dealing proof.
        address keys;
        /// Unbonding entries: [firstEntry, nextEntry) are open, those below releasedEntries released.
        uint32 firstEntry;
        uint32 nextEntry;
        uint32 releasedEntries;
    }

    bytes32 private constant CONSENSUS_KEY_TYPE = keccak256("ConsensusKey(address operator)");
    uint256 private constant PEER_ID_MAX = 64;
    uint256 private constant DEALING_KEY_LENGTH = 48;
    uint256 private constant DEALING_PROOF_LENGTH = 96;
    uint256 private constant TAKEN = 1 << 160;

    /// @notice The network: a hash of chain, this address and a salt. In the domain of everything its validators sign.
    bytes32 public immutable networkId;
    /// @notice Wei of stake for one seat.
    uint256 public immutable SEAT_STAKE;
    bytes32 internal immutable _domain;

    address[] internal _operators;
    mapping(address operator => Account) internal _accounts;
    mapping(address operator => bytes16[]) internal _mixinIds;
    /// @notice The operator that a consensus address was registered by; for good.
    mapping(address consensus => address operator) public operatorOf;
    /// @dev Operator that a Mixin user was registered by; plus TAKEN while it has a seat.
    mapping(bytes16 mixinId => uint256) private _seatUsers;
    /// @dev Peer ids and dealing keys that were ever registered, by a hash of kind and value.
    mapping(bytes32 => bool) private _used;

    constructor(bytes32 networkSalt, uint256 seatStake) {
        if (seatStake == 0) revert BadTerms();
        networkId = NetworkDomain.networkId(block.chainid, address(this), networkSalt);
        _domain = NetworkDomain.separator(block.chainid, address(this), networkId);
        SEAT_STAKE = seatStake;
    }

    /// @notice Registers the caller as an operator with `seats` seats and its keys; takes exactly seats · SEAT_STAKE.
    /// @dev The dealing key is checked here for its length only; every node checks point and proof of possession before
    ///      it uses them, and treats a validator whose proof is wrong as one without a dealing key.
    /// @param seats 1 to 64
    /// @param keys see {Keys}
    /// @param proofs of two keys: the consensus key's signature (65 bytes) over the EIP-712 struct
    ///        `ConsensusKey(address operator)` in the domain of votes, and the dealing key's proof of possession
    function deposit(uint16 seats, Keys calldata keys, bytes[] calldata proofs) external payable override {
        Account storage account = _accounts[msg.sender];
        if (account.consensus != address(0)) revert AlreadyDeposited();
        if (keys.peerId.length == 0 || keys.peerId.length > PEER_ID_MAX) revert MalformedKeys();
        if (keys.dealingKey.length != DEALING_KEY_LENGTH) revert MalformedKeys();
        if (proofs.length != 2 || proofs[1].length != DEALING_PROOF_LENGTH) revert WrongProof();
        bytes32 digest = NetworkDomain.digest(_domain, keccak256(abi.encode(CONSENSUS_KEY_TYPE, msg.sender)));
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, proofs[0]);
        if (failure != ECDSA.RecoverError.NoError || signer != keys.consensus) revert WrongProof();
        if (operatorOf[keys.consensus] != address(0)) revert KeyInUse();
        operatorOf[keys.consensus] = msg.sender;
        _use("peer", keys.peerId);
        _use("dealing", keys.dealingKey);
        account.consensus = keys.consensus;
        account.keys = DataContract.store(
            abi.encodePacked(uint8(keys.peerId.length), keys.peerId, keys.dealingKey, proofs[1])
        );
        _operators.push(msg.sender);
        _addSeats(account, seats, keys.mixinIds);
        emit Deposited(msg.sender, keys.consensus, seats, keys.peerId, keys.dealingKey, proofs[1], keys.mixinIds);
    }

    /// @notice More seats for the caller, with one more Mixin user each; takes exactly seats · SEAT_STAKE.
    function addSeats(uint16 seats, bytes16[] calldata mixinIds) external payable override {
        _addSeats(_present(msg.sender), seats, mixinIds);
        emit SeatsAdded(msg.sender, seats, mixinIds);
    }

    /// @notice Seats, stake and all keys of one operator; empty for one who never deposited.
    function validatorOf(address operator) external view override returns (Validator memory validator) {
        Account storage account = _accounts[operator];
        (validator.seats, validator.held) = (account.seats, account.held);
        (validator.tombstoned, validator.jailedUntil) = (account.tombstoned, account.jailedUntil);
        validator.consensus = account.consensus;
        validator.mixinIds = _mixinIds[operator];
        bytes memory stored = DataContract.load(account.keys);
        if (stored.length == 0) return validator;
        uint256 peerIdEnd = 1 + uint8(stored[0]);
        validator.peerId = _slice(stored, 1, peerIdEnd);
        validator.dealingKey = _slice(stored, peerIdEnd, peerIdEnd + DEALING_KEY_LENGTH);
        validator.dealingProof = _slice(stored, peerIdEnd + DEALING_KEY_LENGTH, stored.length);
    }

    /// @notice Mixin users of the seats that an operator has now, in the order of their registration.
    function seatUsersOf(address operator) external view override returns (bytes16[] memory users) {
        users = _mixinIds[operator];
        uint256 count;
        if (_accounts[operator].seats > 0) {
            for (uint256 i = 0; i < users.length; ++i) {
                if (_seatUsers[users[i]] & TAKEN != 0) users[count++] = users[i];
            }
        }
        assembly ("memory-safe") {
            mstore(users, count)
        }
    }

    /// @notice How many operators have ever deposited.
    function operatorCount() external view returns (uint256) {
        return _operators.length;
    }

    /// @notice Operators in the order of their deposits, from 0.
    function operatorAt(uint256 index) external view returns (address) {
        return _operators[index];
    }

    /// @dev The account of an operator that has seats and may keep them.
    function _present(address operator) internal view returns (Account storage account) {
        account = _accounts[operator];
        if (account.consensus == address(0)) revert NotDeposited();
        if (account.seats == 0) revert Gone();
    }

    /// @dev The caller's seat of this Mixin user is one no longer; the user never has another.
    function _dropSeatUser(bytes16 mixinId) internal {
        if (_seatUsers[mixinId] != TAKEN | uint160(msg.sender)) revert NotASeatOf(mixinId);
        _seatUsers[mixinId] = uint160(msg.sender);
    }

    function _addSeats(Account storage account, uint16 seats, bytes16[] calldata mixinIds) private {
        uint256 sum = uint256(account.seats) + seats;
        if (seats == 0 || sum > Seats.MAX_SEATS) revert SeatsOutOfRange(sum);
        uint256 price = seats * SEAT_STAKE;
        if (msg.value != price) revert WrongValue(price, msg.value);
        if (mixinIds.length != seats) revert MalformedKeys();
        bytes16[] storage users = _mixinIds[msg.sender];
        for (uint256 i = 0; i < seats; ++i) {
            bytes16 id = mixinIds[i];
            if (id == 0) revert MalformedKeys();
            if (_seatUsers[id] != 0) revert KeyInUse();
            _seatUsers[id] = TAKEN | uint160(msg.sender);
            users.push(id);
        }
        (account.seats, account.held) = (uint16(sum), account.held + seats);
    }

    function _use(string memory kind, bytes calldata value) private {
        bytes32 id = keccak256(abi.encode(kind, value));
        if (_used[id]) revert KeyInUse();
        _used[id] = true;
    }

    function _slice(bytes memory data, uint256 from, uint256 to) private pure returns (bytes memory part) {
        part = new bytes(to - from);
        assembly ("memory-safe") {
            mcopy(add(part, 32), add(add(data, 32), from), sub(to, from))
        }
    }
}
