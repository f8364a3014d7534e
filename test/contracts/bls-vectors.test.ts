import {readFileSync} from "node:fs";
import {bls12_381} from "@noble/curves/bls12-381.js";
import {getBytes, hexlify} from "ethers";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {g1, g2} from "./support/bls.ts";
import {type Chain, type Deployed, startChain} from "./support/chain.ts";

interface Vector {
  readonly secret: string;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
}
const file = readFileSync(new URL("../vectors/bls.json", import.meta.url), "utf8");
const {vectors} = JSON.parse(file) as {vectors: readonly Vector[]};
const {G1, G2} = bls12_381;
/** Compressed, as Ethereum writes them, to EIP-2537: by noble, which has nothing in common with blst. */
const keyOf = (bytes: string) => g1(G1.Point.fromHex(bytes.slice(2)).toBytes(false));
const signatureOf = (bytes: string) => g2(G2.Point.fromHex(bytes.slice(2)).toBytes(false));

let chain: Chain;
let harness: Deployed;
beforeAll(async () => {
  chain = await startChain();
  harness = await chain.deploy("Harness", []);
});
afterAll(() => chain.stop());

const verify = async (key: string, signature: string, message: string): Promise<boolean> =>
  (await harness.read("verify", key, signature, message))[0];

interface PrecompileCase {
  readonly name: string;
  readonly precompile: string;
  readonly input: string;
  readonly expected: string | null;
}
const eip2537 = JSON.parse(readFileSync(new URL("../vectors/eip-2537.json", import.meta.url), "utf8")) as {
  cases: readonly PrecompileCase[];
};

describe("the precompiles that the library stands on", () => {
  const call = ({precompile, input}: PrecompileCase): Promise<string> =>
    chain.rpc<string>("eth_call", {to: `0x${precompile.slice(2).padStart(40, "0")}`, data: input, gas: "0x1000000"}, "latest");
  test.for(eip2537.cases)("$precompile $name", async (of) => {
    if (of.expected === null) await expect(call(of)).rejects.toThrow();
    else expect(await call(of)).toBe(of.expected);
  });
});

describe("Ethereum's own signatures", () => {
  test.for(vectors.map((v, i) => [i, v] as const))("%i: valid for its key and message, and for no other of them", async ([, v]) => {
    const [key, signature] = [keyOf(v.publicKey), signatureOf(v.signature)];
    for (const other of vectors) {
      expect(await verify(keyOf(other.publicKey), signature, v.message)).toBe(other.secret === v.secret);
      expect(await verify(key, signature, other.message)).toBe(other.message === v.message);
      expect(await verify(key, signatureOf(other.signature), v.message)).toBe(other === v);
    }
  });

  test("noble makes the same ones", () => {
    for (const v of vectors) {
      const long = bls12_381.longSignatures;
      const point = long.hash(getBytes(v.message), "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_");
      expect(hexlify(long.sign(point, getBytes(v.secret)).toBytes(true))).toBe(v.signature);
      expect(hexlify(long.getPublicKey(getBytes(v.secret)).toBytes(true))).toBe(v.publicKey);
    }
    expect(vectors.length).toBeGreaterThanOrEqual(3);
  });

  test("the negated signature, the sum of two, and a multiple are not valid", async () => {
    const [v, w] = vectors;
    if (v === undefined || w === undefined) throw new Error("no vectors");
    const [a, b] = [v, w].map(({signature}) => G2.Point.fromHex(signature.slice(2)));
    if (a === undefined || b === undefined) throw new Error("no points");
    for (const point of [a.negate(), a.add(b), a.double()])
      expect(await verify(keyOf(v.publicKey), g2(point.toBytes(false)), v.message)).toBe(false);
  });
});
