import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {concatBytes, type Hex, toHex} from "../base/bytes.ts";
import {DecodeError} from "../base/errors.ts";
import {type DkgBody, dealingSize, decodeDkgBody, encodeDkgBody} from "./dkg.ts";

const bytes = (size: number) => fc.uint8Array({minLength: size, maxLength: size});
const hash: fc.Arbitrary<Hex> = bytes(32).map(toHex);
const u16 = fc.nat(0xffff);
const dealing = fc.record({
  kind: fc.constant("dealing" as const),
  sid: hash,
  dealer: u16,
  seat: u16,
  commitments: fc.array(bytes(48), {minLength: 1, maxLength: 5}),
  ephemeral: bytes(48),
  ciphertexts: fc.array(bytes(32), {minLength: 1, maxLength: 7}),
  proof: bytes(96),
});
const complaint = fc.record({
  kind: fc.constant("complaint" as const),
  sid: hash,
  accuser: u16,
  dealer: u16,
  seat: u16,
  recipient: u16,
  sharedKey: bytes(48),
  challenge: bytes(32),
  response: bytes(32),
});
const ack = fc.record({kind: fc.constant("ack" as const), sid: hash, seat: u16, transcript: hash, signature: bytes(96)});
const noShare = fc.record({kind: fc.constant("noShare" as const), sid: hash, seat: u16});
const body: fc.Arbitrary<DkgBody> = fc.oneof(dealing, complaint, ack, noShare);

const attempt = <T>(run: () => T): T | Error => {
  try {
    return run();
  } catch (error) {
    return error as Error;
  }
};

describe("DKG messages", () => {
  test("sizes are those of the protocol", () => {
    fc.assert(
      fc.property(body, (b) => {
        const size = {complaint: 154, ack: 164, noShare: 36, dealing: 0};
        const want = b.kind === "dealing" ? dealingSize(b.commitments.length, b.ciphertexts.length) : size[b.kind];
        expect(encodeDkgBody(b)).toHaveLength(want);
      }),
    );
    expect([4, 16, 64].map((n) => dealingSize(Math.floor((2 * n) / 3) + 1, n))).toEqual([456, 1_224, 4_296]);
  });

  test("survive their encoding", () => {
    fc.assert(
      fc.property(body, (b) => {
        expect(decodeDkgBody(encodeDkgBody(b))).toEqual(b);
      }),
    );
  });

  test("a prefix is refused", () => {
    fc.assert(
      fc.property(body, fc.nat(), (b, n) => {
        const whole = encodeDkgBody(b);
        const decoded = attempt(() => decodeDkgBody(whole.subarray(0, n % whole.length)));
        // a dealing that lacks whole ciphertexts is a dealing for fewer seats
        if (decoded instanceof Error) expect(decoded).toBeInstanceOf(DecodeError);
        else expect([b.kind, (whole.length - (n % whole.length)) % 32]).toEqual(["dealing", 0]);
      }),
    );
  });

  test("bytes behind the end are refused", () => {
    fc.assert(
      fc.property(body, bytes(3), (b, more) => {
        const whole = encodeDkgBody(b);
        expect(() => decodeDkgBody(Uint8Array.of(...whole, ...more))).toThrow(
          expect.objectContaining({name: "DecodeError", code: "TRAILING"}),
        );
      }),
    );
  });

  test("bytes are an encoding of one message or of none", () => {
    fc.assert(
      fc.property(body, fc.array(fc.tuple(fc.nat(), fc.nat(255)), {maxLength: 3}), fc.constantFrom(0, 1, 32, -1, -32), (b, edits, grow) => {
        const whole = encodeDkgBody(b);
        const changed = new Uint8Array(whole.length + grow);
        changed.set(whole.subarray(0, changed.length));
        // the head is where the decisions are: half of the edits go there
        for (const [at, byte] of edits) changed[at % (at % 2 === 0 ? 40 : changed.length)] = byte;
        const decoded = attempt(() => decodeDkgBody(changed));
        if (decoded instanceof Error) expect(decoded).toBeInstanceOf(DecodeError);
        else expect(encodeDkgBody(decoded)).toEqual(changed);
      }),
      {numRuns: 3_000},
    );
  });

  const sample = encodeDkgBody({kind: "noShare", sid: `0x${"ab".repeat(32)}`, seat: 5});
  test.for([
    {name: "an unknown version", bytes: sample.with(0, 2), code: "UNKNOWN_TAG"},
    {name: "an unknown type", bytes: sample.with(1, 5), code: "UNKNOWN_TAG"},
    {name: "type 0", bytes: sample.with(1, 0), code: "UNKNOWN_TAG"},
    {name: "nothing", bytes: new Uint8Array(0), code: "SHORT"},
    {
      name: "a dealing without commitments",
      bytes: concatBytes(sample.with(1, 1).subarray(0, 34), new Uint8Array(6 + 176)),
      code: "NOT_CANONICAL",
    },
    {
      name: "a dealing of 65,535 commitments",
      bytes: concatBytes(sample.with(1, 1).subarray(0, 34), Uint8Array.of(0, 0, 0, 0, 255, 255), new Uint8Array(400_000)),
      code: "SHORT",
    },
  ])("refuses $name", ({bytes: malformed, code}) => {
    expect(() => decodeDkgBody(malformed)).toThrow(expect.objectContaining({name: "DecodeError", code}));
  });
});
