// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MixinApp} from "mvm-node/contracts/MixinApp.sol";

/// @notice A race between options: the first to get `goal` votes wins, and the poll is over. The order of messages decides it, and
///         that order is the validators' before the chain sees any of them: nobody can put a vote in front of another.
contract Poll is MixinApp {
    error Over(uint8 winner);
    error NoSuchOption(uint256 option);
    error VotedAlready();

    event Voted(uint64 indexed nonce, uint8 option, uint256 votes);

    uint8 public immutable options;
    uint256 public immutable goal;
    bool public over;
    uint8 public winner;
    mapping(uint8 option => uint256) public votes;
    mapping(bytes16 user => bool) public voted;

    constructor(address group_, bytes16 process_, uint8 options_, uint256 goal_) MixinApp(group_, process_) {
        (options, goal) = (options_, goal_);
    }

    /// @dev The vote is one byte; the money of a vote goes back, whether it counts or not.
    function _onMessage(Message calldata message) internal override {
        if (over) revert Over(winner);
        uint8 option = message.extra.length == 1 ? uint8(message.extra[0]) : options;
        if (option >= options) revert NoSuchOption(option);
        if (voted[message.sender]) revert VotedAlready();
        voted[message.sender] = true;
        emit Voted(message.nonce, option, ++votes[option]);
        if (votes[option] == goal) (over, winner) = (true, option);
        if (message.amount > 0) _send(message.asset, message.amount, _toSender(message), "your vote counts");
    }
}
