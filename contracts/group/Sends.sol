// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMixinApp} from "../interfaces/IMixinApp.sol";
import {IMixinGroup} from "../interfaces/IMixinGroup.sol";
import {LaneNonces} from "../libraries/LaneNonces.sol";
import {Administered} from "./Administered.sol";

/// @title What each process owns, and how its app pays it out.
abstract contract Sends is Administered {
    uint256 private constant MEMO_MAX = 200;
    uint256 private constant MEMBERS_MAX = 64;

    struct Process {
        LaneNonces nonces;
        address app;
        uint32 gasLimit;
        uint8 policy;
        bool registered;
        mapping(bytes16 asset => uint256) balances;
        mapping(uint64 nonce => bytes32) eventHashes;
        /// See {Sixths}: `state u3 ‖ height u39` of each message.
        mapping(uint64 sixth => uint256) statuses;
        /// See {Sixths}: when a message that failed was parked, seconds.
        mapping(uint64 sixth => uint256) parkedAt;
    }

    mapping(bytes16 process => Process) internal _processes;
    /// @inheritdoc IMixinGroup
    mapping(address app => bytes16) public override processOf;
    /// @dev What an app has said of itself in {bind}.
    mapping(address app => bytes16) internal _boundTo;

    /// @inheritdoc IMixinGroup
    function bind(bytes16 process) external override {
        if (_boundTo[msg.sender] != 0) revert AlreadyBound(_boundTo[msg.sender]);
        _boundTo[msg.sender] = process;
        bytes16 taken = processOf[msg.sender];
        if (taken != 0 && taken != process) {
            delete processOf[msg.sender];
            delete _processes[taken].app;
        }
    }

    /// @inheritdoc IMixinGroup
    function send(bytes16 asset, uint256 amount, IMixinApp.Receiver calldata receiver, bytes calldata memo)
        external
        override
        whenNotPaused
        returns (uint64 nonce)
    {
        bytes16 process = processOf[msg.sender];
        if (process == 0) revert NotAnApp(msg.sender);
        if (amount == 0) revert ZeroAmount();
        if (memo.length > MEMO_MAX) revert MemoTooLong(memo.length);
        if (!_isReceiver(receiver)) revert BadReceiver();
        Process storage owner = _processes[process];
        uint256 balance = owner.balances[asset];
        if (amount > balance) revert InsufficientBalance(balance, amount);
        owner.balances[asset] = balance - amount;
        nonce = _countSent(owner);
        emit Outbound(process, nonce, asset, amount, receiver.kind, receiver.data, memo);
    }

    /// @inheritdoc IMixinGroup
    function balanceOf(bytes16 process, bytes16 asset) external view override returns (uint256) {
        return _processes[process].balances[asset];
    }

    /// @dev The nonce of the next payment of a process.
    function _countSent(Process storage owner) internal returns (uint64 nonce) {
        LaneNonces nonces = owner.nonces;
        nonce = nonces.sent();
        owner.nonces = nonces.withSent(nonce + 1);
    }

    /// @dev Form only: whether such a user exists is known on Mixin alone.
    function _isReceiver(IMixinApp.Receiver calldata receiver) private pure returns (bool) {
        bytes calldata data = receiver.data;
        if (receiver.kind < 2) return data.length == 16 && bytes16(data) != 0;
        if (receiver.kind > 2 || data.length < 20) return false;
        uint256 members = uint16(bytes2(data[0:2]));
        if (members > MEMBERS_MAX || data.length != 4 + 16 * members) return false;
        uint256 threshold = uint16(bytes2(data[data.length - 2:]));
        return threshold > 0 && threshold <= members;
    }
}
