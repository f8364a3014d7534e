// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMixinApp} from "../interfaces/IMixinApp.sol";
import {IMixinGroup} from "../interfaces/IMixinGroup.sol";
import {LaneNonces} from "../libraries/LaneNonces.sol";

/// @title What each process owns, and how its app pays it out.
abstract contract Sends is IMixinGroup {
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
        /// Six messages a word, each `state u3 ‖ height u39`: a word for each would cost 17k gas more in a batch.
        mapping(uint64 sixth => uint256) statuses;
    }

    mapping(bytes16 process => Process) internal _processes;
    mapping(address app => bytes16) public override processOf;
    /// @dev What an app has said of itself in {bind}.
    mapping(address app => bytes16) internal _boundTo;

    /// @notice An app says which process it belongs to, once and for good; call it in the constructor.
    /// @dev A process registered at an address that answers for another one gets no app. Without this, whoever first
    ///      registers a process at somebody else's app would feed it messages of that process.
    function bind(bytes16 process) external override {
        if (_boundTo[msg.sender] != 0) revert AlreadyBound(_boundTo[msg.sender]);
        _boundTo[msg.sender] = process;
        bytes16 taken = processOf[msg.sender];
        if (taken != 0 && taken != process) {
            delete processOf[msg.sender];
            delete _processes[taken].app;
        }
    }

    /// @notice Pays somebody on Mixin from the balance of the caller's process; also from inside a delivery.
    /// @param asset Mixin asset id
    /// @param amount units of 1e-8, not 0
    /// @param receiver of the payment; a mask must be one of this process
    /// @param memo at most 200 bytes
    /// @return nonce of this payment within the process, from 0
    function send(bytes16 asset, uint256 amount, IMixinApp.Receiver calldata receiver, bytes calldata memo)
        external
        override
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
        nonce = owner.nonces.sent();
        owner.nonces = owner.nonces.withSent(nonce + 1);
        emit Outbound(process, nonce, asset, amount, receiver.kind, receiver.data, memo);
    }

    /// @notice What a process can send of an asset, units of 1e-8. Values of waiting and parked messages are not in it.
    function balanceOf(bytes16 process, bytes16 asset) external view override returns (uint256) {
        return _processes[process].balances[asset];
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
