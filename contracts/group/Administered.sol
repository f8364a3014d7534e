// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMixinGroup} from "../interfaces/IMixinGroup.sol";
import {BLS12381} from "../libraries/BLS12381.sol";
import {NetworkDomain} from "../libraries/NetworkDomain.sol";
import {Certified} from "./Certified.sol";

/// @title What a quorum of the validators can do to the contract itself: the key in use, and a pause.
/// @notice There is no owner. Anyone may send these calls; the signatures in them are the authority.
/// @dev Every one is an EIP-712 `Admin(action, platform, counter, argsHash, deadline)`: the name of the function, this
///      contract on this chain, the number of the action, and the arguments that stand before `keys`. The counter rises
///      with each of them, so that none is good twice.
abstract contract Administered is Certified {
    bytes32 private constant ADMIN_TYPE =
        keccak256("Admin(bytes32 action,bytes32 platform,uint64 counter,bytes32 argsHash,uint64 deadline)");
    bytes32 private constant ACK_TAG = keccak256("mvm.ack.v1");
    bytes32 private constant ACTIVATE = keccak256("activate");
    bytes32 private constant ROTATE = keccak256("rotate");
    bytes32 private constant REKEY = keccak256("rekey");
    bytes32 private constant PAUSE = keccak256("pause");
    bytes32 private constant UNPAUSE = keccak256("unpause");
    /// @dev Of actions without arguments: keccak256(abi.encode()).
    bytes32 private constant NO_ARGS = keccak256("");
    uint64 private constant PAUSE_SECONDS = 7 days;

    modifier whenNotPaused() {
        if (block.timestamp < pausedUntil) revert Paused(pausedUntil);
        _;
    }

    /// @inheritdoc IMixinGroup
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
        bytes32 argsHash = keccak256(abi.encode(groupKey_, pop, sid, transcript, epoch_));
        _authorize(ACTIVATE, argsHash, epoch_, keys, seats, signatures, deadline);
        _useKey(groupKey_, pop, sid, transcript);
        epoch = epoch_; // not 0 where the contract joins a network later
        emit Activated(sid, transcript, groupKey_, epoch_);
    }

    /// @inheritdoc IMixinGroup
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
    ) external override {
        bytes32 argsHash = keccak256(abi.encode(groupKey_, pop, sid, transcript, epoch_));
        bytes32 digest = _authorize(ROTATE, argsHash, epoch_, keys, seats, signatures, deadline);
        if (!BLS12381.verify(_keyStore, groupSignature, digest)) revert BadGroupSignature();
        _useKey(groupKey_, pop, sid, transcript);
        emit Rotated(sid, transcript, groupKey_, epoch_);
    }

    /// @inheritdoc IMixinGroup
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
    ) external override {
        if (_keyStore == address(0)) revert NotActive();
        bytes32 argsHash = keccak256(abi.encode(groupKey_, pop, sid, transcript, epoch_));
        _authorize(REKEY, argsHash, epoch_, keys, seats, signatures, deadline);
        _useKey(groupKey_, pop, sid, transcript);
        emit Rekeyed(sid, transcript, groupKey_, epoch_);
    }

    /// @inheritdoc IMixinGroup
    function pause(
        address[] calldata keys,
        uint16[] calldata seats,
        bytes[] calldata signatures,
        uint64 deadline,
        bytes calldata groupSignature
    ) external override {
        if (groupSignature.length == 0) {
            _authorize(PAUSE, NO_ARGS, epoch, keys, seats, signatures, deadline);
        } else {
            bytes32 digest = _next(PAUSE, NO_ARGS, deadline);
            if (!BLS12381.verify(_keyStore, groupSignature, digest)) revert BadGroupSignature();
        }
        pausedUntil = uint64(block.timestamp) + PAUSE_SECONDS;
        emit PauseStarted(pausedUntil);
    }

    /// @inheritdoc IMixinGroup
    function unpause(
        address[] calldata keys,
        uint16[] calldata seats,
        bytes[] calldata signatures,
        uint64 deadline
    ) external override {
        if (block.timestamp >= pausedUntil) revert NotPaused();
        _authorize(UNPAUSE, NO_ARGS, epoch, keys, seats, signatures, deadline);
        pausedUntil = 0;
        emit PauseEnded();
    }

    /// @dev Takes the signatures of q seats of the present validators for the next action, and counts it.
    function _authorize(
        bytes32 action,
        bytes32 argsHash,
        uint64 epoch_,
        address[] calldata keys,
        uint16[] calldata seats,
        bytes[] calldata signatures,
        uint64 deadline
    ) private returns (bytes32 digest) {
        if (keccak256(abi.encode(epoch_, keys, seats)) != validatorsHash) revert WrongValidators();
        digest = _next(action, argsHash, deadline);
        _requireQuorum(digest, keys, seats, signatures);
    }

    /// @dev What the next action has to be signed as. The caller must check that it is, or revert.
    function _next(bytes32 action, bytes32 argsHash, uint64 deadline) private returns (bytes32) {
        if (block.timestamp > deadline) revert Expired(deadline);
        bytes32 fields = keccak256(abi.encode(ADMIN_TYPE, action, platform(), adminCounter++, argsHash, deadline));
        return NetworkDomain.digest(_domain, fields);
    }

    /// @dev The key that a DKG has made: it has signed what its members acknowledged, so it is nobody's sum of others.
    function _useKey(bytes calldata key, bytes calldata pop, bytes32 sid, bytes32 transcript) private {
        bytes32 ack = keccak256(abi.encode(ACK_TAG, networkId, sid, transcript, keccak256(key)));
        address store = _storeKey(key);
        if (!BLS12381.verify(store, pop, ack)) revert BadProofOfPossession();
        _keyStore = store;
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
