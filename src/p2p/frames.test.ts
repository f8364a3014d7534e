import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {concatBytes} from "../base/bytes.ts";
import {NetworkError} from "./errors.ts";
import {encodeFrame, FrameReader} from "./frames.ts";

const MAX = 3_000;
const frames = fc.array(fc.uint8Array({maxLength: MAX}), {maxLength: 12});

/** Hands `bytes` over in chunks of the given sizes, over and over, and takes every frame as soon as it is there. */
function read(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const reader = new FrameReader(MAX);
  const out: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    reader.push(bytes.subarray(at, at + size));
    at += size;
    for (let frame = reader.next(); frame !== null; frame = reader.next()) out.push(frame);
  }
  return out;
}

describe("FrameReader", () => {
  test("gives the frames that were sent, however they are cut", () => {
    fc.assert(
      fc.property(frames, fc.array(fc.integer({min: 1, max: 2_000}), {minLength: 1, maxLength: 8}), (sent, sizes) => {
        expect(read(concatBytes(...sent.map(encodeFrame)), sizes)).toEqual(sent);
      }),
    );
  });

  test("gives nothing of a frame that is cut short, and holds no more than came in", () => {
    fc.assert(
      fc.property(fc.uint8Array({minLength: 1, maxLength: MAX}), fc.nat(MAX), (frame, cut) => {
        const reader = new FrameReader(MAX);
        const bytes = encodeFrame(frame).subarray(0, Math.min(cut, frame.length + 3));
        reader.push(bytes);
        expect(reader.next()).toBeNull();
        expect(reader.buffered).toBe(bytes.length);
      }),
    );
  });

  test("refuses a larger frame by its head, before the rest is there", () => {
    const reader = new FrameReader(MAX);
    reader.push(encodeFrame(new Uint8Array(MAX + 1)).subarray(0, 4));
    expect(() => reader.next()).toThrow(expect.objectContaining({code: "TOO_LARGE", data: {what: "frame", want: MAX, got: MAX + 1}}));
    expect(() => reader.ready).toThrow(NetworkError);
  });

  test("frames that were taken do not change when more comes in", () => {
    const reader = new FrameReader(MAX);
    reader.push(encodeFrame(Uint8Array.of(1, 2, 3)));
    const frame = reader.next();
    reader.push(encodeFrame(Uint8Array.of(9, 9, 9)));
    expect(frame).toEqual(Uint8Array.of(1, 2, 3));
  });

  test("knows the size of the next frame before it is complete", () => {
    const reader = new FrameReader(MAX);
    expect(reader.nextSize()).toBeNull();
    reader.push(encodeFrame(new Uint8Array(50)).subarray(0, 10));
    expect([reader.nextSize(), reader.ready]).toEqual([50, false]);
  });
});
