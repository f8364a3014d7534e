// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IMixinGroup} from "../interfaces/IMixinGroup.sol";
import {BLS12381} from "../libraries/BLS12381.sol";
import {NetworkDomain} from "../libraries/NetworkDomain.sol";

/// @title Who may speak for the group: the group key, and the validators who put it in place.
/// @dev Every digest is computed here from its fields. Certificates name the network; the outboxes in them name chain
///      and contract; admin actions name both and a counter: nothing signed is good twice or elsewhere.
abstract contract Certified is IMixinGroup {
    bytes32 private constant BLOCK_TAG = keccak256("mvm.block.v1");
    bytes32 private constant CERTIFICATE_TAG = keccak256("mvm.certificate.v1");
    bytes32 private constant ACK_TAG = keccak256("mvm.ack.v1");
    bytes32 private constant ADMIN_TYPE =
        keccak256("Admin(bytes32 action,bytes32 platform,uint64 counter,bytes32 argsHash,uint64 deadline)");
    bytes32 private constant ACTIVATE = keccak256("activate");

    bytes32 public immutable networkId;
    address public immutable staking;
    bytes32 private immutable _domain;

    /// @dev A contract whose code is the 128 bytes of the key (the first is 0, STOP); shares a slot with {_nextSeq}.
    address internal _keyStore;
    uint64 internal _nextSeq;

    bytes32 public override validatorsHash;
    uint64 public override epoch;
    uint64 public override adminCounter;

    constructor(uint256 homeChainId, address staking_, bytes32 salt, bytes32 validatorsHash_) {
        BLS12381.selfTest();
        networkId = NetworkDomain.networkId(homeChainId, staking_, salt);
        staking = staking_;
        _domain = NetworkDomain.separator(homeChainId, staking_, networkId);
        validatorsHash = validatorsHash_;
    }

    /// @notice Puts the group key in place, once. Anyone may call: the authority is a quorum of the validators' seats.
    /// @param groupKey_ 128 bytes
    /// @param pop 256 bytes: the group's signature over the digest that the DKG acknowledges, proof of possession
    /// @param sid session of the DKG that made the key
    /// @param transcript hash of what was dealt in it
    /// @param epoch_ epoch of the validator set, as in {validatorsHash}
    /// @param keys consensus addresses by ascending operator address, with their `seats`
    /// @param signatures of the EIP-712 `Admin` struct, 65 bytes each, by position in `keys`; empty where absent
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
    ) external override {
        if (_keyStore != address(0)) revert AlreadyActive();
        if (block.timestamp > deadline) revert Expired(deadline);
        if (keccak256(abi.encode(epoch_, keys, seats)) != validatorsHash) revert WrongValidators();
        bytes32 argsHash = keccak256(abi.encode(groupKey_, pop, sid, transcript, epoch_));
        _requireQuorum(_adminDigest(ACTIVATE, argsHash, deadline), keys, seats, signatures);
        bytes32 ack = keccak256(abi.encode(ACK_TAG, networkId, sid, transcript, keccak256(groupKey_)));
        address keyStore = _storeKey(groupKey_);
        if (!BLS12381.verify(keyStore, pop, ack)) revert BadProofOfPossession();
        ++adminCounter;
        epoch = epoch_;
        _keyStore = keyStore;
        emit Activated(sid, transcript, groupKey_, epoch_);
    }

    /// @notice Whether `signature` is the group's certificate of this block. Any contract may ask.
    /// @param height of the block
    /// @param coreHash hash of the rest of its header
    /// @param outboxes all of the block, of all platforms, in order
    /// @param epoch_ epoch, and `round` consensus round, in which it was decided
    /// @param signature 256 bytes
    function verify(
        uint64 height,
        bytes32 coreHash,
        Outbox[] calldata outboxes,
        uint64 epoch_,
        uint32 round,
        bytes calldata signature
    ) public view override returns (bool) {
        bytes32 digest = _certificateDigest(height, coreHash, outboxes, epoch_, round);
        return BLS12381.verify(_keyStore, signature, digest); // before {activate}: no code, and never valid
    }

    /// @notice The group key, 128 bytes; empty before {activate}.
    function groupKey() external view override returns (bytes memory) {
        return _keyStore.code;
    }

    /// @notice This contract on this chain, as outboxes and admin actions name it.
    function platform() public view override returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this)));
    }

    /// @dev keccak256(abi.encode(CERTIFICATE_TAG, networkId, epoch, height, round, blockHash)) where blockHash is
    ///      keccak256(abi.encode(BLOCK_TAG, height, coreHash, outboxes)). The outboxes, five words each, are hashed as
    ///      they stand: whatever is not their one encoding was never certified.
    function _certificateDigest(
        uint64 height,
        bytes32 coreHash,
        Outbox[] calldata outboxes,
        uint64 epoch_,
        uint32 round
    ) private view returns (bytes32 digest) {
        (bytes32 blockTag, bytes32 certificateTag, bytes32 network) = (BLOCK_TAG, CERTIFICATE_TAG, networkId);
        assembly ("memory-safe") {
            let start := mload(0x40)
            let size := mul(outboxes.length, 160)
            mstore(start, blockTag)
            mstore(add(start, 32), height)
            mstore(add(start, 64), coreHash)
            mstore(add(start, 96), 128)
            mstore(add(start, 128), outboxes.length)
            calldatacopy(add(start, 160), outboxes.offset, size)
            mstore(add(start, 160), keccak256(start, add(size, 160)))
            mstore(start, certificateTag)
            mstore(add(start, 32), network)
            mstore(add(start, 64), epoch_)
            mstore(add(start, 96), height)
            mstore(add(start, 128), round)
            digest := keccak256(start, 192)
        }
    }

    function _adminDigest(bytes32 action, bytes32 argsHash, uint64 deadline) private view returns (bytes32) {
        return NetworkDomain.digest(
            _domain, keccak256(abi.encode(ADMIN_TYPE, action, platform(), adminCounter, argsHash, deadline))
        );
    }

    /// @dev floor(2W/3) + 1 of all seats W. A signature that is there must be right, low s included.
    function _requireQuorum(
        bytes32 digest,
        address[] calldata keys,
        uint16[] calldata seats,
        bytes[] calldata signatures
    ) private pure {
        if (seats.length != keys.length || signatures.length != keys.length) revert WrongValidators();
        uint256 total;
        uint256 signed;
        for (uint256 i = 0; i < keys.length; ++i) {
            total += seats[i];
            if (signatures[i].length == 0) continue;
            (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, signatures[i]);
            if (failure != ECDSA.RecoverError.NoError || signer != keys[i]) revert BadSignature(i);
            signed += seats[i];
        }
        uint256 quorum = (2 * total) / 3 + 1;
        if (signed < quorum) revert QuorumMissing(signed, quorum);
    }

    function _storeKey(bytes calldata key) private returns (address store) {
        if (key.length != BLS12381.KEY_LENGTH) revert BadProofOfPossession();
        // returns what follows these nine bytes: PUSH1 128 DUP1 PUSH1 9 0 CODECOPY 0 RETURN
        bytes memory code = abi.encodePacked(hex"608080_6009_3d_39_3d_f3", key);
        assembly ("memory-safe") {
            store := create(0, add(code, 32), mload(code))
        }
        assert(store != address(0));
    }
}
