import {concatBytes, fromHex, type Hex, toHex} from "../base/bytes.ts";
import {keccak256} from "../base/hash.ts";
import {type Uuid, uuidBytes} from "./ids.ts";

/** Nonces of the contracts that MixinAccounts makes when it is deployed. */
const ACCOUNT_NONCE = 1;
const ASSET_NONCE = 2;
const CLONE_RUNTIME = 45;

/**
 * The account of a Mixin user, before it exists too.
 * @param accounts  the MixinAccounts contract
 * @param mask      of the user for the process of that contract (`maskOf`)
 */
export function accountAddress(accounts: Hex, mask: Uuid): Hex {
  const code = concatBytes(
    fromHex("0x3d602d80600a3d3981f3363d3d373d3d3d363d73"),
    made(accounts, ACCOUNT_NONCE),
    fromHex("0x5af43d82803e903d91602b57fd5bf3"),
  );
  return create2(accounts, salt(mask), code);
}

/** The token of a Mixin asset, before it exists too. */
export function assetAddress(accounts: Hex, asset: Uuid): Hex {
  const args = uuidBytes(asset);
  const size = CLONE_RUNTIME + args.length;
  const code = concatBytes(
    Uint8Array.of(0x61, size >> 8, size & 0xff),
    fromHex("0x3d81600a3d39f3363d3d373d3d3d363d73"),
    made(accounts, ASSET_NONCE),
    fromHex("0x5af43d82803e903d91602b57fd5bf3"),
    args,
  );
  return create2(accounts, salt(asset), code);
}

const salt = (id: Uuid): Uint8Array => concatBytes(uuidBytes(id), new Uint8Array(16));

/** [EIP-1014] */
function create2(deployer: Hex, saltBytes: Uint8Array, code: Uint8Array): Hex {
  return toHex(keccak256(Uint8Array.of(0xff), fromHex(deployer, "accounts", 20), saltBytes, keccak256(code)).subarray(12));
}

/** The contract that `deployer` makes at a nonce below 128: keccak256(rlp([deployer, nonce])). */
function made(deployer: Hex, nonce: number): Uint8Array {
  return keccak256(Uint8Array.of(0xd6, 0x94), fromHex(deployer, "accounts", 20), Uint8Array.of(nonce)).subarray(12);
}
