// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MixinApp} from "mvm-node/contracts/MixinApp.sol";

/// @notice Whoever pays 1 or more signs the guestbook with a text, and gets what is above 1 back.
contract Guestbook is MixinApp {
    error TextMissing();
    error TooLittle(uint256 paid, uint256 price);

    struct Entry {
        bytes16 author;
        string text;
    }

    /// @notice In units of 1e-8, of whatever asset.
    uint256 public constant PRICE = 1e8;

    Entry[] public entries;

    constructor(address group_, bytes16 process_) MixinApp(group_, process_) {}

    function count() external view returns (uint256) {
        return entries.length;
    }

    /// @dev A revert pays the user back: nothing else is to be done about bad input.
    function _onMessage(Message calldata message) internal override {
        if (message.extra.length == 0) revert TextMissing();
        if (message.amount < PRICE) revert TooLittle(message.amount, PRICE);
        entries.push(Entry(message.sender, string(message.extra)));
        if (message.amount > PRICE) _send(message.asset, message.amount - PRICE, _toSender(message), "change");
    }
}
