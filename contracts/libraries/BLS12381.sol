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
    /// @notice The precompiles of this chain give other answers than they must.
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

    /// @dev floor(2^636 / p)
    uint256 private constant MU = 0x9d835d2f3cc9e45ce28101b0cc7a6ba291b82741ff6a0a94bdf4771e0286779d;

    /// @dev The domain tag (43 bytes) and its length, cut after 32 bytes.
    bytes32 private constant TAG_START = "BLS_SIG_BLS12381G2_XMD:SHA-256_S";
    bytes32 private constant TAG_END = "SWU_RO_POP_\x2b";

    /// @dev The generator of G1, negated, as the four words of its encoding: e(-G1, signature) · e(key, H(message)) = 1.
    uint256 private constant NEG_X_HIGH = 0x17f1d3a73197d7942695638c4fa9ac0f;
    uint256 private constant NEG_X_LOW = 0xc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb;
    uint256 private constant NEG_Y_HIGH = 0x114d1d6855d545a8aa7d76c8cf2e21f2;
    uint256 private constant NEG_Y_LOW = 0x67816aef1db507c96655b9d5caac42364e6f38ba0ecb751bad54dcd6b939c2ca;

    /// @dev Input of the pairing: two pairs of a G1 point (128 bytes) and a G2 point (256 bytes).
    uint256 private constant PAIRS_LENGTH = 768;

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

    /// @notice Whether `signature` over `message` is by the key that is the code of `keyStore`.
    /// @dev False for an account without code: it reads as infinity. The identity is neither a key nor a signature.
    function verify(address keyStore, bytes calldata signature, bytes32 message) internal view returns (bool) {
        if (signature.length != SIGNATURE_LENGTH) return false;
        uint256 pairs;
        assembly ("memory-safe") {
            pairs := mload(0x40)
            mstore(0x40, add(pairs, PAIRS_LENGTH))
            calldatacopy(add(pairs, 128), signature.offset, SIGNATURE_LENGTH)
            extcodecopy(keyStore, add(pairs, 384), 0, KEY_LENGTH)
        }
        return _verify(pairs, message);
    }

    /// @notice Whether `signature` over `message` is by `key`.
    function verify(bytes memory key, bytes memory signature, bytes32 message) internal view returns (bool) {
        if (key.length != KEY_LENGTH || signature.length != SIGNATURE_LENGTH) return false;
        uint256 pairs;
        assembly ("memory-safe") {
            pairs := mload(0x40)
            mstore(0x40, add(pairs, PAIRS_LENGTH))
            mcopy(add(pairs, 128), add(signature, 32), SIGNATURE_LENGTH)
            mcopy(add(pairs, 384), add(key, 32), KEY_LENGTH)
        }
        return _verify(pairs, message);
    }

    /// @notice hash_to_curve of RFC 9380, 256 bytes.
    function hashToG2(bytes32 message) internal view returns (bytes memory point) {
        point = new bytes(SIGNATURE_LENGTH);
        uint256 output;
        assembly ("memory-safe") {
            output := add(point, 32)
        }
        _hashToG2(message, output);
    }

    /// @notice Known answers: a hash, a valid signature, and the same one over another message.
    /// @dev Made with blst. Reverts where a precompile is missing or wrong.
    function selfTest() internal view {
        if (keccak256(hashToG2(SELF_TEST_MESSAGE)) != SELF_TEST_POINT) revert SelfTestFailed();
        if (!verify(SELF_TEST_KEY, SELF_TEST_SIGNATURE, SELF_TEST_MESSAGE)) revert SelfTestFailed();
        if (verify(SELF_TEST_KEY, SELF_TEST_SIGNATURE, ~SELF_TEST_MESSAGE)) revert SelfTestFailed();
    }

    /// @dev Fills in the rest of `pairs`, where signature and key are in place, and checks the product of the pairings.
    ///      The order of both subgroups is odd, so of their points only infinity has y = 0. False also for points that
    ///      are malformed or outside their subgroup: the precompile then fails.
    function _verify(uint256 pairs, bytes32 message) private view returns (bool one) {
        bool finite;
        assembly ("memory-safe") {
            let signatureY := or(mload(add(pairs, 256)), mload(add(pairs, 288)))
            signatureY := or(signatureY, or(mload(add(pairs, 320)), mload(add(pairs, 352))))
            let keyY := or(mload(add(pairs, 448)), mload(add(pairs, 480)))
            finite := iszero(or(iszero(signatureY), iszero(keyY)))
            mstore(pairs, NEG_X_HIGH)
            mstore(add(pairs, 32), NEG_X_LOW)
            mstore(add(pairs, 64), NEG_Y_HIGH)
            mstore(add(pairs, 96), NEG_Y_LOW)
        }
        if (!finite) return false;
        _hashToG2(message, pairs + 512);
        if (gasleft() < PAIRING_FLOOR) revert PrecompileFailed(PAIRING);
        bool ok;
        uint256 size;
        assembly ("memory-safe") {
            ok := staticcall(PAIRING_CEILING, PAIRING, pairs, PAIRS_LENGTH, 0, 32)
            size := returndatasize()
            one := and(ok, eq(mload(0), 1))
        }
        if (ok && size != 32) revert PrecompileFailed(PAIRING);
    }

    /// @dev Two field elements, each mapped (the map clears the cofactor), added, written to 256 bytes at `output`.
    function _hashToG2(bytes32 message, uint256 output) private view {
        uint256 elements = _hashToField(message);
        bool mapped;
        bool added;
        assembly ("memory-safe") {
            let points := mload(0x40)
            mapped := staticcall(gas(), MAP_FP2_TO_G2, elements, 128, points, 256)
            mapped := and(mapped, eq(returndatasize(), 256))
            let second := staticcall(gas(), MAP_FP2_TO_G2, add(elements, 128), 128, add(points, 256), 256)
            mapped := and(mapped, and(second, eq(returndatasize(), 256)))
            added := staticcall(gas(), G2_ADD, points, 512, output, 256)
            added := and(added, eq(returndatasize(), 256))
        }
        if (!mapped) revert PrecompileFailed(MAP_FP2_TO_G2);
        if (!added) revert PrecompileFailed(G2_ADD);
    }

    /// @notice A number of 512 bits (`high`, `low`) modulo the field's modulus, in the same form.
    /// @dev Barrett: q = floor(high·MU / 2^380) is floor(x / p) or one less, since what it leaves out, low / p and the
    ///      rounding of MU, is less than 2^-123. Half the price of the modular exponentiation precompile.
    function modulo(uint256 high, uint256 low) internal pure returns (uint256, uint256) {
        assembly ("memory-safe") {
            function productHigh(a, b) -> top {
                let wide := mulmod(a, b, not(0))
                let bottom := mul(a, b)
                top := sub(sub(wide, bottom), lt(wide, bottom))
            }
            let q := shr(124, productHigh(high, MU))
            let bottom := mul(q, P_LOW)
            high := sub(sub(high, add(mul(q, P_HIGH), productHigh(q, P_LOW))), lt(low, bottom))
            low := sub(low, bottom)
            // less than 2p is left, so that most of what must not be corrected shows in the high word alone
            if iszero(lt(high, P_HIGH)) {
                if or(gt(high, P_HIGH), iszero(lt(low, P_LOW))) {
                    high := sub(sub(high, P_HIGH), lt(low, P_LOW))
                    low := sub(low, P_LOW)
                }
            }
        }
        return (high, low);
    }

    /// @dev expand_message_xmd with SHA-256 to 256 bytes, read as four elements of 64 bytes modulo p. [RFC 9380, 5.2-5.3]
    /// @return elements where the four elements (64 bytes each, EIP-2537 form) begin in memory
    function _hashToField(bytes32 message) private view returns (uint256 elements) {
        assembly ("memory-safe") {
            elements := mload(0x40)
            mstore(0x40, add(elements, 256))
            // beyond the elements: Z_pad 64 ‖ message 32 ‖ 0x0100 ‖ 0x00 ‖ tag 43 ‖ 0x2b
            let input := add(elements, 256)
            calldatacopy(input, calldatasize(), 64)
            mstore(add(input, 64), message)
            mstore(add(input, 96), shl(232, 0x010000))
            mstore(add(input, 99), TAG_START)
            mstore(add(input, 131), TAG_END)
            pop(staticcall(gas(), SHA256, input, 143, 0, 32))
            let first := mload(0)

            // then, over the same tag: (first xor the block before) 32 ‖ index 1 ‖ tag
            input := add(input, 66)
            mstore(input, first)
            let index := add(input, 32)
            for { let i := 0 } lt(i, 8) {} {
                let output := add(elements, shl(5, i))
                i := add(i, 1)
                mstore8(index, i)
                pop(staticcall(gas(), SHA256, input, 77, output, 32))
                mstore(input, xor(first, mload(output)))
            }
        }
        // one that is missing returns 0 bytes; where one had too little gas, so have the dearer ones that come next
        if (_returnedSize() != 32) revert PrecompileFailed(SHA256);
        unchecked {
            _reduce(elements);
            _reduce(elements + 64);
            _reduce(elements + 128);
            _reduce(elements + 192);
        }
    }

    /// @dev {modulo} of the 64 bytes at `element`, in place.
    function _reduce(uint256 element) private pure {
        uint256 high;
        uint256 low;
        assembly ("memory-safe") {
            high := mload(element)
            low := mload(add(element, 32))
        }
        (high, low) = modulo(high, low);
        assembly ("memory-safe") {
            mstore(element, high)
            mstore(add(element, 32), low)
        }
    }

    function _returnedSize() private pure returns (uint256 size) {
        assembly ("memory-safe") {
            size := returndatasize()
        }
    }
}
