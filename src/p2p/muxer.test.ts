import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {concatBytes} from "../base/bytes.ts";
import {FrameGuard, MuxerAbuse, WINDOW_MAX} from "./muxer.ts";

function header(type: number, flags: number, stream: number, length: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(12));
  view.setUint8(1, type);
  view.setUint16(2, flags);
  view.setUint32(4, stream);
  view.setUint32(8, length);
  return new Uint8Array(view.buffer);
}
const data = (size: number, fill = 0) => concatBytes(header(0, 0, 1, size), new Uint8Array(size).fill(fill));
const open = (id: number) => header(1, 1, id, 0);
const ping = (id: number) => header(2, 1, 0, id);
const guard = () => new FrameGuard(() => 0);

describe("FrameGuard", () => {
  test("lets honest traffic pass however it is cut, also where payload looks like abuse", () => {
    const traffic = concatBytes(open(1), data(500, 2), ping(1), data(0), data(70_000, 1), header(1, 0, 1, 0xffffffff), header(3, 0, 0, 0));
    fc.assert(
      fc.property(fc.array(fc.integer({min: 1, max: 5_000}), {minLength: 1, maxLength: 10}), (sizes) => {
        const g = guard();
        for (let at = 0, i = 0; at < traffic.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          g.scan(traffic.subarray(at, at + size));
          at += size;
        }
      }),
    );
  });

  test.for([
    ["a frame beyond any window, at its head", header(0, 0, 1, WINDOW_MAX + 1), 1],
    ["new streams without end", open(1), 1_000],
    ["pings without end", ping(1), 100],
    ["empty frames without end", header(0, 0, 1, 0), 100_000],
    ["bytes without end", data(WINDOW_MAX), 200],
  ] as const)("refuses %s", ([, frame, times]) => {
    const g = guard();
    expect(() => {
      for (let i = 0; i < times; i++) g.scan(frame);
    }).toThrow(MuxerAbuse);
  });

  test("time gives the right to new streams and pings", () => {
    let now = 0;
    const g = new FrameGuard(() => now);
    for (let i = 0; i < 600; i++, now += 250) {
      g.scan(open(2 * i + 1));
      g.scan(ping(i));
    }
  });
});
