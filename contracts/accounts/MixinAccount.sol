// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MixinAsset} from "../MixinAsset.sol";
import {CallList} from "../libraries/CallList.sol";

/// @title The account of one Mixin user: what an ordinary contract sees as its caller.
/// @notice A clone at an address that follows from the user's mask. It does what its user's messages say, and nothing else;
///         whatever others send to it is the user's, who can spend it by further calls.
contract MixinAccount {
    /// @dev Kept back from the calls for taking back what is left, and for telling what happened.
    uint256 private constant KEPT = 150_000;
    uint256 private constant RETURN_MAX = 132;
    address private immutable _hub;

    /// @notice Somebody else than the hub calls.
    error OnlyHub();
    /// @notice A call of an all-or-nothing list failed.
    error Failed(uint256 index, bytes reason);

    constructor() {
        _hub = msg.sender;
    }

    receive() external payable {}

    /// @notice Runs the calls in order, each with its allowance of `token` while it runs.
    /// @return failed by index, whether a call failed and was undone; with `atomic` the first failure reverts instead
    /// @return reasons of the failed ones, at most 132 bytes each
    function run(MixinAsset token, CallList.Call[] calldata calls, bool atomic)
        external
        returns (bool[] memory failed, bytes[] memory reasons)
    {
        if (msg.sender != _hub) revert OnlyHub();
        failed = new bool[](calls.length);
        reasons = new bytes[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool ok, bytes memory reason) = _call(token, calls[i]);
            if (ok) continue;
            if (atomic) revert Failed(i, reason);
            (failed[i], reasons[i]) = (true, reason);
        }
    }

    /// @notice NFTs may be sent here. [ERC-721]
    function onERC721Received(address, address, uint256, bytes calldata) external pure returns (bytes4) {
        return this.onERC721Received.selector;
    }

    function _call(MixinAsset token, CallList.Call calldata call_) private returns (bool ok, bytes memory reason) {
        uint256 allowance = call_.allowance;
        if (call_.target == address(0) || gasleft() <= KEPT) return (false, reason);
        if (allowance == CallList.EVERYTHING) allowance = token.balanceOf(address(this));
        if (allowance > 0) token.temporaryApprove(call_.target, allowance);
        (address target, bytes memory input) = (call_.target, call_.input);
        assembly ("memory-safe") {
            let left := gas()
            if gt(left, KEPT) { ok := call(sub(left, KEPT), target, 0, add(input, 32), mload(input), 0, 0) }
            if iszero(ok) {
                let size := returndatasize()
                if gt(size, RETURN_MAX) { size := RETURN_MAX }
                reason := mload(0x40)
                mstore(reason, size)
                returndatacopy(add(reason, 32), 0, size)
                mstore(0x40, add(reason, 192))
            }
        }
        if (allowance > 0) token.temporaryApprove(call_.target, 0);
    }
}
