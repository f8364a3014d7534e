import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {fromHex, toHex} from "../base/bytes.ts";
import {peerIdBytes, peerIdText} from "./peer-id.ts";

describe("peer ids", () => {
  test("known texts and their multihashes", () => {
    // [libp2p specs, peer-ids]
    const ed25519 = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";
    expect(toHex(peerIdBytes(ed25519).subarray(0, 6))).toBe("0x002408011220");
    expect(peerIdBytes(ed25519).length).toBe(38);
    expect(peerIdText(peerIdBytes(ed25519))).toBe(ed25519);
    const rsa = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";
    expect(toHex(peerIdBytes(rsa).subarray(0, 2))).toBe("0x1220");
    expect(peerIdText(peerIdBytes(rsa))).toBe(rsa);
    expect(peerIdText(fromHex("0x0000287fb4cd"))).toBe("11233QC4");
  });

  test("bytes survive their text, texts have one form", () => {
    fc.assert(
      fc.property(fc.uint8Array({minLength: 1, maxLength: 64}), (bytes) => {
        expect(peerIdBytes(peerIdText(bytes))).toEqual(bytes);
      }),
    );
  });

  test.for(["", "0", "O", "l", "I", "12D3KooW!", `1${"z".repeat(89)}`, "z".repeat(91), "1".repeat(65)])("refuses %j", (text) => {
    expect(() => peerIdBytes(text)).toThrow(expect.objectContaining({code: "BAD_TEXT"}));
  });
  test("refuses no bytes and too many", () => {
    for (const size of [0, 65]) expect(() => peerIdText(new Uint8Array(size))).toThrow(expect.objectContaining({code: "BAD_TEXT"}));
  });
});
