// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {NetworkDomain} from "../libraries/NetworkDomain.sol";
import {Exits} from "./Exits.sol";

/// @title The price of contradicting oneself.
/// @notice Two votes, or two proposals, of one signer for one (epoch, height, round, type) and different values, in the
///         signer's own hand: nothing else is ever slashed. It reaches everything still held, unbonding stake included;
///         once. Then the validator is out for good, and what is left of its stake leaves by the usual way.
/// @dev Both signatures are over the domain of this contract on this chain: nothing of another network can be used. Anyone
///      may report, and is paid at once; a report can be copied out of the pool of transactions, and is then paid there.
abstract contract Slashing is Exits {
    bytes32 private constant VOTE_TYPE =
        keccak256("Vote(uint64 epoch,uint64 height,uint32 round,uint8 voteType,bytes32 blockHash)");
    bytes32 private constant PROPOSAL_TYPE =
        keccak256("Proposal(uint64 epoch,uint64 height,uint32 round,int32 polRound,bytes32 blockHash)");
    /// @dev What the receiver of slashed stake may use; if it fails, the stake stays here for good.
    uint256 private constant INSURANCE_GAS = 30_000;

    /// @notice Parts of 10,000 of the slashed stake that the reporter gets.
    uint16 public immutable FINDER_SHARE;
    /// @notice Who gets what the reporter does not; 0 burns it.
    address public immutable insurance;

    constructor(uint16 finderShare, address insurance_) {
        (FINDER_SHARE, insurance) = (finderShare, insurance_);
    }

    /// @notice Reports two votes of one validator. The caller gets the finder's fee.
    /// @param firstSignature with `secondSignature`: 65 bytes each, by the consensus key
    function slash(
        Vote calldata first,
        bytes calldata firstSignature,
        Vote calldata second,
        bytes calldata secondSignature
    ) external override {
        bool samePlace = first.epoch == second.epoch && first.height == second.height && first.round == second.round
            && first.voteType == second.voteType;
        bool isVote = first.voteType == 1 || first.voteType == 2;
        if (!samePlace || !isVote || first.blockHash == second.blockHash) revert NoContradiction();
        address signer = _signerOf(_voteDigest(first), firstSignature, 0);
        if (_signerOf(_voteDigest(second), secondSignature, 1) != signer) revert BadSignature(1);
        _slash(signer);
    }

    /// @notice Reports two proposals of one validator. The caller gets the finder's fee.
    function slashProposals(
        Proposal calldata first,
        bytes calldata firstSignature,
        Proposal calldata second,
        bytes calldata secondSignature
    ) external override {
        bool samePlace = first.epoch == second.epoch && first.height == second.height && first.round == second.round;
        if (!samePlace || first.blockHash == second.blockHash) revert NoContradiction();
        address signer = _signerOf(_proposalDigest(first), firstSignature, 0);
        if (_signerOf(_proposalDigest(second), secondSignature, 1) != signer) revert BadSignature(1);
        _slash(signer);
    }

    /// @dev What a validator signs when it votes. [EIP-712]
    function _voteDigest(Vote memory vote) internal view returns (bytes32) {
        return NetworkDomain.digest(
            _domain,
            keccak256(abi.encode(VOTE_TYPE, vote.epoch, vote.height, vote.round, vote.voteType, vote.blockHash))
        );
    }

    /// @dev The signer of 65 bytes r ‖ s ‖ v with low s.
    function _signerOf(bytes32 digest, bytes calldata signature, uint256 index) internal pure returns (address) {
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (failure != ECDSA.RecoverError.NoError) revert BadSignature(index);
        return signer;
    }

    function _slash(address signer) private {
        address operator = operatorOf[signer];
        if (operator == address(0)) revert UnknownSigner(signer);
        Account storage account = _accounts[operator];
        if (account.tombstoned) revert AlreadySlashed(operator);
        uint256 cut = account.held * SLASH_PER_SEAT;
        if (cut == 0) revert NothingAtStake(operator);
        account.tombstoned = true;
        uint16 seats = account.seats;
        if (seats > 0) emit Exited(operator, _leave(operator, account, seats), seats);
        uint256 fee = (cut * FINDER_SHARE) / 10_000;
        emit Slashed(operator, msg.sender, cut, fee);
        (address to, uint256 rest) = (insurance, cut - fee);
        assembly ("memory-safe") {
            pop(call(INSURANCE_GAS, to, rest, 0, 0, 0, 0)) // whatever it does or returns
        }
        _pay(msg.sender, fee);
    }

    function _proposalDigest(Proposal calldata proposal) private view returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(
                PROPOSAL_TYPE,
                proposal.epoch,
                proposal.height,
                proposal.round,
                proposal.polRound,
                proposal.blockHash
            )
        );
        return NetworkDomain.digest(_domain, structHash);
    }
}
