// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMixinApp} from "./IMixinApp.sol";

/// @title Ordinary contracts for Mixin users: an account for each, and a token for each asset.
interface IMixinAccounts {
    /// @notice What a message did. `reason`: at most 132 bytes of what the first failed call returned, where the whole list
    ///         was undone for it; empty where it was not.
    event Ran(uint64 indexed nonce, bytes16 indexed sender, address indexed account, uint256 calls, bytes reason);
    /// @notice One call of a list failed and was undone; the others stand. `reason` as above.
    event CallFailed(uint64 indexed nonce, uint256 index, address target, bytes reason);
    /// @notice The message holds no list of calls: its amount goes back.
    event NoCalls(uint64 indexed nonce, bytes16 indexed sender);
    /// @notice Money without an owner came in: it stays in the balance of the process.
    event Unowned(uint64 indexed nonce, bytes16 asset, uint256 amount);
    /// @notice A payment of the group could not be made: whoever had asked for it has its tokens again.
    event Bounced(uint64 indexed outNonce, address indexed holder, bytes16 asset, uint256 amount);

    /// @notice Only the token of this asset may.
    error OnlyAsset(bytes16 asset);

    /// @notice The account of a user, by the mask under which the process knows it; before it exists, too.
    function accountOf(bytes16 sender) external view returns (address);

    /// @notice The token of a Mixin asset; before it exists, too.
    function assetOf(bytes16 asset) external view returns (address);

    /// @notice Makes the token of an asset, if it is not there. Anyone may call.
    function createAsset(bytes16 asset) external returns (address);

    /// @notice Only the token of the asset: pays `to` on Mixin for `amount` that was burned; `holder` has it again if that fails.
    /// @param amount units of 1e-8
    /// @return nonce of the payment, among those of the process
    function payOut(bytes16 asset, uint256 amount, IMixinApp.Receiver calldata to, bytes calldata memo, address holder)
        external
        returns (uint64 nonce);
}
