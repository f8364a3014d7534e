// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title What the group calls in an app, and whom an app can pay.
/// @notice Inherit {MixinApp} rather than this, unless you want to do the gap check and the refunds yourself. An app
///         that does not inherit {MixinApp} should call {IMixinGroup-bind} in its constructor.
interface IMixinApp {
    /// @notice One payment or message of a Mixin user, decided and ordered by the validators.
    struct Message {
        /// Place in the order of this process: consecutive.
        uint64 nonce;
        /// Nonce delivered to this process before this one; 2^64-1 when there was none.
        uint64 previous;
        /// Mixin asset id.
        bytes16 asset;
        /// In units of 1e-8; already in the balance of the process when the message arrives. May be 0.
        uint256 amount;
        /// What the user wrote, at most 4,096 bytes.
        bytes extra;
        /// When the payment was made, nanoseconds since 1970.
        uint64 timestamp;
        /// The user, masked: stable for one (user, process), of no use to any other process. 0: nobody to pay back.
        bytes16 sender;
    }

    /// @notice Somebody who can be paid on Mixin.
    struct Receiver {
        /// 0: a sender's mask of this process (16 bytes). 1: a Mixin user id (16 bytes). 2: a multisig.
        uint8 kind;
        /// For kind 2: `u16 n ‖ n user ids of 16 bytes ‖ u16 threshold`, as in the encoding of an event.
        bytes data;
    }

    /// @notice Takes the next message. Anything but this function's selector, returned within the gas limit of the
    ///         process, counts as a failure: the message and its value are parked.
    function onMixinMessage(Message calldata message) external returns (bytes4);
}
