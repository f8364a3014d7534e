// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title Names under which this network hashes and signs.
library NetworkDomain {
    bytes32 private constant NETWORK_TAG = keccak256("mvm.network.v1");
    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)");

    /// @notice The network: one Staking contract on its home chain, and a salt.
    function networkId(uint256 homeChainId, address staking, bytes32 salt) internal pure returns (bytes32) {
        return keccak256(abi.encode(NETWORK_TAG, homeChainId, staking, salt));
    }

    /// @notice EIP-712 domain of everything that consensus keys sign, on whatever chain it is checked.
    function separator(uint256 homeChainId, address staking, bytes32 network) internal pure returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPE, keccak256("MVM"), keccak256("1"), homeChainId, staking, network));
    }

    /// @notice The digest that a signature of `structHash` under `domain` is over. [EIP-712]
    function digest(bytes32 domain, bytes32 structHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }
}
