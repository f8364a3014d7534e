import {keccak256 as ethersKeccak} from "ethers";
import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {concatBytes, toHex, utf8} from "../base/bytes.ts";
import {keccak256} from "../base/hash.ts";
import {eventLeaf, merkleProof, merkleRoot, payloadLeaf, verifyProof} from "./merkle.ts";

const leaves = (count: number) => Array.from({length: count}, (_, i) => keccak256(utf8(`leaf ${i}`)));
const pair = (a: Uint8Array, b: Uint8Array) => keccak256(...(toHex(a) < toHex(b) ? [a, b] : [b, a]));

describe("Merkle tree", () => {
  test("an odd last node goes up unchanged", () => {
    const [a, b, c, d, e] = leaves(5) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    expect(merkleRoot([a])).toEqual(a);
    expect(merkleRoot([a, b])).toEqual(pair(a, b));
    expect(merkleRoot([a, b, c])).toEqual(pair(pair(a, b), c));
    expect(merkleRoot([a, b, c, d, e])).toEqual(pair(pair(pair(a, b), pair(c, d)), e));
    expect(merkleProof([a, b, c, d, e], 4)).toEqual([pair(pair(a, b), pair(c, d))]);
  });

  test("order counts above the leaves' pairs", () => {
    const [a, b, c, d] = leaves(4) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    expect(merkleRoot([b, a, c, d])).toEqual(merkleRoot([a, b, c, d]));
    expect(merkleRoot([a, c, b, d])).not.toEqual(merkleRoot([a, b, c, d]));
  });

  test("each leaf has a proof, and no other leaf has it", () => {
    fc.assert(
      fc.property(fc.integer({min: 1, max: 200}), fc.nat(), fc.nat(), (count, i, j) => {
        const all = leaves(count);
        const [index, other] = [i % count, j % count];
        const proof = merkleProof(all, index);
        const root = merkleRoot(all);
        expect(verifyProof({root, leaf: all[index] as Uint8Array, proof})).toBe(true);
        if (other !== index) expect(verifyProof({root, leaf: all[other] as Uint8Array, proof})).toBe(false);
      }),
    );
  });

  test("a thousand leaves need ten hashes; longer proofs are refused", () => {
    const all = leaves(1_000);
    const proof = merkleProof(all, 0);
    expect(proof).toHaveLength(10);
    const root = proof.concat(all[5] as Uint8Array).reduce(pair, all[0] as Uint8Array);
    expect(verifyProof({root, leaf: all[0] as Uint8Array, proof: [...proof, all[5] as Uint8Array]})).toBe(false);
  });

  test("no leaves: root 0, which proves nothing", () => {
    const zero = new Uint8Array(32);
    expect(merkleRoot([])).toEqual(zero);
    expect(verifyProof({root: zero, leaf: zero, proof: []})).toBe(false);
    expect(() => merkleProof([], 0)).toThrow(expect.objectContaining({code: "INVARIANT"}));
  });

  test("nodes of another size are refused", () => {
    const [a, b] = leaves(2) as [Uint8Array, Uint8Array];
    const long = concatBytes(b, b);
    expect(verifyProof({root: pair(a, long), leaf: a, proof: [long]})).toBe(false);
  });

  test("event leaves are hashed twice, payload leaves once", () => {
    const bytes = utf8("event");
    expect(toHex(eventLeaf(bytes))).toBe(ethersKeccak(ethersKeccak(bytes)));
    expect(toHex(payloadLeaf(bytes))).toBe(ethersKeccak(bytes));
  });
});
