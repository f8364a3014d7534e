// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMixinApp} from "./interfaces/IMixinApp.sol";
import {IMixinGroup} from "./interfaces/IMixinGroup.sol";

/// @title What an app of this network inherits.
/// @notice Implement {_onMessage}: it gets each message of your process once, in order, with the amount already in your
///         process's balance, and pays with {_send}. When it fails, everything it did is undone and the sender is paid
///         back, so no user's input can stop your lane.
abstract contract MixinApp is IMixinApp {
    /// @notice Somebody else than the group contract calls.
    error OnlyGroup();
    /// @notice Somebody else than this contract calls.
    error OnlySelf();
    /// @notice The message does not follow on the last one: one was lost or repeated.
    error Gap(uint64 last, uint64 previous);
    /// @notice The gas limit that the process is registered with leaves nothing for {_onMessage}.
    error GasLimitTooLow();

    /// @dev Kept back from {_onMessage} for {_onFailure}; a refund takes 40,000.
    uint256 private constant KEPT = 60_000;
    uint8 internal constant TO_SENDER = 0;
    uint8 internal constant TO_USER = 1;
    uint8 internal constant TO_MULTISIG = 2;

    /// @notice The group contract of this chain: the only one that messages come from.
    IMixinGroup public immutable group;
    /// @notice The process that this app belongs to.
    bytes16 public immutable process;

    /// @notice Nonce of the last message taken; 2^64-1 before the first.
    uint64 public last = type(uint64).max;

    /// @param group_ the group contract of this chain
    /// @param process_ the id of the process that this app is to be registered for
    constructor(address group_, bytes16 process_) {
        group = IMixinGroup(group_);
        process = process_;
        if (group_.code.length == 0) return;
        // keeps others from registering a process of theirs at this address
        try group.bind(process_) {} catch {}
    }

    /// @inheritdoc IMixinApp
    function onMixinMessage(Message calldata message) external override returns (bytes4) {
        if (msg.sender != address(group)) revert OnlyGroup();
        if (message.previous != last) revert Gap(last, message.previous);
        last = message.nonce;
        uint256 left = gasleft();
        if (left <= KEPT) revert GasLimitTooLow();
        try this.runMixinMessage{gas: left - KEPT}(message) {}
        catch {
            _onFailure(message);
        }
        return IMixinApp.onMixinMessage.selector;
    }

    /// @notice Only called by this contract, for a frame that can fail alone.
    function runMixinMessage(Message calldata message) external {
        if (msg.sender != address(this)) revert OnlySelf();
        _onMessage(message);
    }

    /// @notice Your work. Reverting, or using up the gas, refunds the sender.
    function _onMessage(Message calldata message) internal virtual;

    /// @notice What happens instead when {_onMessage} failed: a refund.
    /// @dev Without an amount or a sender nothing is sent; an amount without a sender stays in the process's balance.
    ///      Has 60,000 gas. If it reverts, the message is parked with its value.
    function _onFailure(Message calldata message) internal virtual {
        _refund(message);
    }

    /// @notice Pays a message's amount back to its sender, with "REFUND" and the nonce as memo.
    function _refund(Message calldata message) internal {
        if (message.amount == 0 || message.sender == 0) return;
        _send(message.asset, message.amount, _toSender(message), abi.encodePacked("REFUND", message.nonce));
    }

    /// @notice What this process can send of an asset, units of 1e-8.
    function _balance(bytes16 asset) internal view returns (uint256) {
        return group.balanceOf(process, asset);
    }

    /// @notice Pays from the balance of this process: `amount` units of 1e-8, memo at most 200 bytes. Reverts where the
    ///         balance is too small.
    function _send(bytes16 asset, uint256 amount, Receiver memory to, bytes memory memo) internal {
        group.send(asset, amount, to, memo);
    }

    /// @notice The sender of a message, as a receiver.
    function _toSender(Message calldata message) internal pure returns (Receiver memory) {
        return Receiver(TO_SENDER, abi.encodePacked(message.sender));
    }
}
