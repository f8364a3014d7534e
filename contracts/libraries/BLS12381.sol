// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title One BLS12-381 signature (key in G1, signature in G2) by the precompiles of EIP-2537.
/// @notice Suite BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_ over 32-byte messages.
/// @dev Points are in the form of EIP-2537: each Fp is 16 zero bytes ‖ 48 bytes, Fp2 is c0 then c1; key 128 bytes,
///      signature 256 bytes. A precompile that is not there succeeds with 0 bytes, so every size is checked. The pairing
///      precompile checks curve, subgroup and canonical field elements of key and signature.
library BLS12381 {
    /// @notice A precompile is missing, or had too little gas.
    error PrecompileFailed(uint256 precompile);
    error SelfTestFailed();

    uint256 internal constant KEY_LENGTH = 128;
    uint256 internal constant SIGNATURE_LENGTH = 256;

    uint256 private constant SHA256 = 0x02;
    uint256 private constant G2_ADD = 0x0d;
    uint256 private constant PAIRING = 0x0f;
    uint256 private constant MAP_FP2_TO_G2 = 0x11;

    /// @dev Below this the pairing (102,900 gas) cannot run, and "out of gas" must not read as "invalid".
    uint256 private constant PAIRING_FLOOR = 110_000;
    /// @dev A malformed point burns whatever the precompile was given, so it gets no more than this.
    uint256 private constant PAIRING_CEILING = 1_000_000;

    /// @dev The field's modulus: 125 and 256 bits.
    uint256 private constant P_HIGH = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 private constant P_LOW = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;

    /// @dev The domain tag (43 bytes) and its length, cut after 32 bytes.
    bytes32 private constant TAG_START = "BLS_SIG_BLS12381G2_XMD:SHA-256_S";
    bytes32 private constant TAG_END = "SWU_RO_POP_\x2b";

    /// @dev The generator of G1, negated: e(-G1, signature) · e(key, H(message)) = 1.
    bytes private constant NEGATED_GENERATOR =
        hex"0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
        hex"00000000000000000000000000000000114d1d6855d545a8aa7d76c8cf2e21f267816aef1db507c96655b9d5caac42364e6f38ba0ecb751bad54dcd6b939c2ca";

    /// @dev Known answers for {selfTest}: key and signature of the secret 42 over the text, and the text's point, hashed.
    bytes32 private constant SELF_TEST_MESSAGE = "mvm.selftest";
    bytes32 private constant SELF_TEST_POINT = 0xfe3861d3fee8dfab8bd6642dace66ca0002a06cd89aae9b8412e107dc2ab2a0b;
    bytes private constant SELF_TEST_KEY =
        hex"000000000000000000000000000000000ce3b57b791798433fd323753489cac9bca43b98deaafaed91f4cb010730ae1e38b186ccd37a09b8aed62ce23b699c48"
        hex"00000000000000000000000000000000008c346228e4482ec20a2bf7d5a2fe74ebf3c79b912d1b0ba977a873b66f7a9b8b42585a78c0c21d66da6a15767efdb1";
    bytes private constant SELF_TEST_SIGNATURE =
        hex"0000000000000000000000000000000012f36ed885c7220223fb73d08489fa680ec4c45614a359d89c89f3476e26772bb509de190720d0fdd73cf4258ab67788"
        hex"00000000000000000000000000000000117e6bae3ae36417063d8402d5a40e83358c1c5e2f219641aa75def57852352cbe4ffd3e9f32efc401d0ba49e712a176"
        hex"000000000000000000000000000000000a06e975a68b5f2c91d03bb91f59d8ad3b483451659d35761d7be88e09cff5a325e00b5c6f29e3ef9582f33183270cd4"
        hex"0000000000000000000000000000000012671f8a700c8d9a377a4bde17be77ecb211c3c3a78e3cae637f3a78bfda67fae3758d93cd63feb045ed6612104c52ef";

    /// @notice Whether `signature` is `key`'s over `message`. The identity is neither a key nor a signature.
    function verify(bytes memory key, bytes memory signature, bytes32 message) internal view returns (bool) {
        if (key.length != KEY_LENGTH || signature.length != SIGNATURE_LENGTH) return false;
        if (_isZero(key) || _isZero(signature)) return false;
        return _pairingIsOne(abi.encodePacked(NEGATED_GENERATOR, signature, key, hashToG2(message)));
    }

    /// @notice hash_to_curve of RFC 9380: two field elements, each mapped (the map clears the cofactor), added.
    function hashToG2(bytes32 message) internal view returns (bytes memory point) {
        uint256 elements = _hashToField(message);
        point = new bytes(256);
        bool mapped;
        bool added;
        assembly ("memory-safe") {
            function run(precompile, input, inputSize, output) -> ok {
                ok := staticcall(gas(), precompile, input, inputSize, output, 256)
                ok := and(ok, eq(returndatasize(), 256))
            }
            let scratch := mload(0x40)
            mapped := run(MAP_FP2_TO_G2, elements, 128, scratch)
            mapped := and(mapped, run(MAP_FP2_TO_G2, add(elements, 128), 128, add(scratch, 256)))
            added := run(G2_ADD, scratch, 512, add(point, 32))
        }
        if (!mapped) revert PrecompileFailed(MAP_FP2_TO_G2);
        if (!added) revert PrecompileFailed(G2_ADD);
    }

    /// @notice Known answers: a hash, a valid signature, and the same one over another message.
    /// @dev Made with blst. Reverts where a precompile is missing or wrong.
    function selfTest() internal view {
        if (keccak256(hashToG2(SELF_TEST_MESSAGE)) != SELF_TEST_POINT) revert SelfTestFailed();
        if (!verify(SELF_TEST_KEY, SELF_TEST_SIGNATURE, SELF_TEST_MESSAGE)) revert SelfTestFailed();
        if (verify(SELF_TEST_KEY, SELF_TEST_SIGNATURE, ~SELF_TEST_MESSAGE)) revert SelfTestFailed();
    }

    /// @dev expand_message_xmd with SHA-256 to 256 bytes, read as four elements of 64 bytes modulo p. [RFC 9380, 5.2-5.3]
    /// @return elements where the four elements (64 bytes each, EIP-2537 form) begin in memory
    function _hashToField(bytes32 message) private view returns (uint256 elements) {
        bool hashed;
        assembly ("memory-safe") {
            function digest(input, size, output) -> ok {
                ok := staticcall(gas(), SHA256, input, size, output, 32)
                ok := and(ok, eq(returndatasize(), 32))
            }
            // (high, low) - q·p for q = high / (P_HIGH + 1), which is never too large
            function step(high, low) -> newHigh, newLow {
                let q := div(high, add(P_HIGH, 1))
                let wide := mulmod(q, P_LOW, not(0))
                let productLow := mul(q, P_LOW)
                let carry := sub(sub(wide, productLow), lt(wide, productLow))
                newLow := sub(low, productLow)
                newHigh := sub(sub(high, add(mul(q, P_HIGH), carry)), gt(productLow, low))
            }
            // 64 bytes at `at`, modulo p, in place: two steps leave less than 2p
            function reduce(at) {
                let high, low := step(mload(at), mload(add(at, 32)))
                high, low := step(high, low)
                if or(gt(high, P_HIGH), and(eq(high, P_HIGH), iszero(lt(low, P_LOW)))) {
                    high := sub(sub(high, P_HIGH), lt(low, P_LOW))
                    low := sub(low, P_LOW)
                }
                mstore(at, high)
                mstore(add(at, 32), low)
            }

            elements := mload(0x40)
            mstore(0x40, add(elements, 256))
            // beyond the elements: Z_pad 64 ‖ message 32 ‖ 0x0100 ‖ 0x00 ‖ tag 43 ‖ 0x2b
            let input := add(elements, 256)
            calldatacopy(input, calldatasize(), 64)
            mstore(add(input, 64), message)
            mstore(add(input, 96), shl(232, 0x010000))
            mstore(add(input, 99), TAG_START)
            mstore(add(input, 131), TAG_END)
            hashed := digest(input, 143, 0)
            let first := mload(0)

            // then, over the same tag: (first xor the block before) 32 ‖ index 1 ‖ tag
            input := add(input, 66)
            mstore(input, first)
            for { let i := 1 } lt(i, 9) { i := add(i, 1) } {
                mstore8(add(input, 32), i)
                let output := add(elements, mul(sub(i, 1), 32))
                hashed := and(hashed, digest(input, 77, output))
                mstore(input, xor(first, mload(output)))
            }
            for { let at := elements } lt(at, add(elements, 256)) { at := add(at, 64) } { reduce(at) }
        }
        if (!hashed) revert PrecompileFailed(SHA256);
    }

    /// @dev False also for points that are malformed or outside their subgroup: the precompile then fails.
    function _pairingIsOne(bytes memory pairs) private view returns (bool one) {
        if (gasleft() < PAIRING_FLOOR) revert PrecompileFailed(PAIRING);
        bool ok;
        uint256 size;
        assembly ("memory-safe") {
            ok := staticcall(PAIRING_CEILING, PAIRING, add(pairs, 32), mload(pairs), 0, 32)
            size := returndatasize()
            one := and(and(ok, eq(size, 32)), eq(mload(0), 1))
        }
        if (ok && size != 32) revert PrecompileFailed(PAIRING);
    }

    /// @dev Whether all words are zero; the length is a multiple of 32.
    function _isZero(bytes memory point) private pure returns (bool) {
        uint256 any;
        assembly ("memory-safe") {
            let end := add(add(point, 32), mload(point))
            for { let at := add(point, 32) } lt(at, end) { at := add(at, 32) } { any := or(any, mload(at)) }
        }
        return any == 0;
    }
}
