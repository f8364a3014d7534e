// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MixinApp} from "mvm-node/contracts/MixinApp.sol";

/// @notice Keeps what users pay in, for each asset apart. An extra of 16 bytes, a uint128 in units of 1e-8, takes that much out,
///         together with what the payment itself brings; any other payment is a deposit.
contract Vault is MixinApp {
    error NotEnough(uint256 has, uint256 wants);

    event Moved(bytes16 indexed user, bytes16 indexed asset, uint256 balance);

    mapping(bytes16 user => mapping(bytes16 asset => uint256)) public balances;

    constructor(address group_, bytes16 process_) MixinApp(group_, process_) {}

    function _onMessage(Message calldata message) internal override {
        uint256 has = balances[message.sender][message.asset] + message.amount;
        uint256 wants = message.extra.length == 16 ? uint128(bytes16(message.extra)) : 0;
        if (wants > has) revert NotEnough(has, wants);
        balances[message.sender][message.asset] = has - wants;
        if (wants > 0) _send(message.asset, wants, _toSender(message), "vault");
        emit Moved(message.sender, message.asset, has - wants);
    }
}
