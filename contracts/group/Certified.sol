// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IMixinGroup} from "../interfaces/IMixinGroup.sol";
import {BLS12381} from "../libraries/BLS12381.sol";
import {NetworkDomain} from "../libraries/NetworkDomain.sol";

/// @title Who may speak for the group: its key, and a quorum of the validators' seats.
/// @dev Every digest is computed here from its fields. Certificates and votes name the network; the outboxes in the
///      block that they are for name chain and contract: nothing signed is good elsewhere.
abstract contract Certified is IMixinGroup {
    bytes32 private constant BLOCK_TAG = keccak256("mvm.block.v1");
    bytes32 private constant CERTIFICATE_TAG = keccak256("mvm.certificate.v1");
    bytes32 private constant VOTE_TYPE =
        keccak256("Vote(uint64 epoch,uint64 height,uint32 round,uint8 voteType,bytes32 blockHash)");
    uint256 private constant PRECOMMIT = 2;

    /// @inheritdoc IMixinGroup
    bytes32 public immutable override networkId;
    /// @inheritdoc IMixinGroup
    address public immutable override staking;
    /// @dev EIP-712 domain of all that consensus keys sign.
    bytes32 internal immutable _domain;

    /// @dev A contract whose code is the 128 bytes of the key (the first is 0, STOP); shares a slot with {_nextSeq}.
    address internal _keyStore;
    uint64 internal _nextSeq;

    /// @inheritdoc IMixinGroup
    bytes32 public override validatorsHash;
    /// @inheritdoc IMixinGroup
    uint64 public override epoch;
    /// @inheritdoc IMixinGroup
    uint64 public override adminCounter;
    /// @inheritdoc IMixinGroup
    uint64 public override pausedUntil;
    /// @dev The last height that the set before this one has voted on, and that set.
    uint64 private _lastHeightBefore;
    bytes32 private _validatorsHashBefore;

    constructor(uint256 homeChainId, address staking_, bytes32 salt, bytes32 validatorsHash_) {
        BLS12381.selfTest();
        networkId = NetworkDomain.networkId(homeChainId, staking_, salt);
        staking = staking_;
        _domain = NetworkDomain.separator(homeChainId, staking_, networkId);
        validatorsHash = validatorsHash_;
    }

    /// @inheritdoc IMixinGroup
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

    /// @inheritdoc IMixinGroup
    function groupKey() external view override returns (bytes memory) {
        return _keyStore.code;
    }

    /// @inheritdoc IMixinGroup
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

    /// @dev Reverts unless validators with q seats have precommitted the block. Those before the present ones count for
    ///      heights up to the change of the set.
    function _requirePrecommits(
        uint64 height,
        bytes32 coreHash,
        Outbox[] calldata outboxes,
        uint64 epoch_,
        uint32 round,
        address[] calldata keys,
        uint16[] calldata seats,
        bytes[] calldata signatures
    ) internal view {
        bytes32 set = keccak256(abi.encode(epoch_, keys, seats));
        if (set != validatorsHash && (set != _validatorsHashBefore || height > _lastHeightBefore)) {
            revert WrongValidators();
        }
        bytes32 blockHash = keccak256(abi.encode(BLOCK_TAG, height, coreHash, outboxes));
        bytes32 vote = keccak256(abi.encode(VOTE_TYPE, epoch_, height, round, PRECOMMIT, blockHash));
        _requireQuorum(NetworkDomain.digest(_domain, vote), keys, seats, signatures);
    }

    /// @dev Another set votes from the height after `height` on. False for an epoch that does not lie ahead.
    function _changeValidators(uint64 epoch_, bytes32 validatorsHash_, uint64 height) internal returns (bool) {
        if (epoch_ <= epoch) return false;
        (_validatorsHashBefore, _lastHeightBefore) = (validatorsHash, height);
        (validatorsHash, epoch) = (validatorsHash_, epoch_);
        emit ValidatorsChanged(epoch_, validatorsHash_);
        return true;
    }

    /// @dev floor(2W/3) + 1 of all seats W. A signature that is there must be right, low s included.
    function _requireQuorum(
        bytes32 digest,
        address[] calldata keys,
        uint16[] calldata seats,
        bytes[] calldata signatures
    ) internal pure {
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
}
