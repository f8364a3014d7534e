// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Epochs} from "./staking/Epochs.sol";
import {Exits} from "./staking/Exits.sol";
import {Slashing} from "./staking/Slashing.sol";
import {StakeBook} from "./staking/StakeBook.sol";

/// @title Stake, keys and validator sets of the network, on its home chain.
/// @notice Stake comes in whole seats: a seat is one vote, one share of the group key, one member of the multisig. The
///         operator is the account that deposits. No owner, no proxy: what is decided is decided by a quorum of the seats
///         in the set that this contract knows, and stake is lost by contradicting oneself only.
contract Staking is Epochs {
    /// @notice Length of an epoch in seconds; 0: the first one never ends. The nodes read it here.
    uint32 public immutable EPOCH_SECONDS;
    /// @notice Seconds for which the network takes a double vote as evidence. The nodes read it here.
    uint32 public immutable EVIDENCE_AGE;

    /// @notice Wei for rewards, apart from all stake.
    uint256 public rewardPool;
    /// @notice Wei that each operator was paid in rewards since the beginning.
    mapping(address operator => uint256) public claimed;

    /// @param networkSalt tells networks at one address apart
    constructor(bytes32 networkSalt, Terms memory terms)
        StakeBook(networkSalt, terms.seatStake)
        Exits(terms.unbonding, terms.jailSeconds, (terms.seatStake * terms.slashShare) / 10_000)
        Slashing(terms.finderShare, terms.insurance)
        Epochs(terms.minValidators, terms.genesisTime)
    {
        if (terms.unbonding <= uint256(terms.evidenceAge) + terms.epochSeconds) revert BadTerms();
        if (terms.slashShare > 10_000 || terms.finderShare > 10_000) revert BadTerms();
        (EPOCH_SECONDS, EVIDENCE_AGE) = (terms.epochSeconds, terms.evidenceAge);
    }

    /// @notice Adds to what rewards are paid from.
    function fundRewards() external payable override {
        rewardPool += msg.value;
        emit RewardsFunded(msg.sender, msg.value);
    }

    /// @notice Pays the caller what it has earned and not been paid yet. Slashing does not take what was earned.
    /// @param earned wei since the beginning, as in the last checkpoint's rewards
    /// @param proof siblings from the leaf keccak256(keccak256(abi.encode(operator, earned))) up to {rewardsRoot}
    function claim(uint256 earned, bytes32[] calldata proof) external override {
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(msg.sender, earned))));
        if (rewardsRoot == 0 || !MerkleProof.verifyCalldata(proof, rewardsRoot, leaf)) revert NotProven();
        uint256 before = claimed[msg.sender];
        if (earned <= before) revert NothingToClaim();
        uint256 amount = earned - before;
        if (amount > rewardPool) revert PoolTooSmall(rewardPool, amount);
        claimed[msg.sender] = earned;
        rewardPool -= amount;
        emit RewardsClaimed(msg.sender, amount);
        _pay(msg.sender, amount);
    }
}
