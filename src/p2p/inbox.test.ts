import {describe, expect, test} from "vitest";
import {FakeStream, manualClock} from "../../test/p2p/fake-stream.ts";
import {concatBytes} from "../base/bytes.ts";
import {encodeFrame} from "./frames.ts";
import {Inbox} from "./inbox.ts";
import {PathLimit} from "./limits.ts";

const frames = (from: number, count: number) =>
  concatBytes(...Array.from({length: count}, (_, i) => encodeFrame(Uint8Array.of(...[24, 16, 8, 0].map((shift) => (from + i) >>> shift)))));

function setup(perSecond: number, burst: number) {
  const time = manualClock();
  const fake = new FakeStream();
  const got: number[] = [];
  let oversize = 0;
  const inbox = new Inbox(fake.stream, {
    clock: time.clock,
    limit: new PathLimit(time.clock.now, {messages: {perSecond, burst}, bytes: {perSecond: 1e9, burst: 1e9}}),
    receive: (message) => got.push(new DataView(message.buffer, message.byteOffset).getInt32(0)),
    onOversize: () => oversize++,
  });
  return {time, fake, got, inbox, oversize: () => oversize};
}

describe("Inbox", () => {
  test("a peer over its rate is paused, not dropped: all comes, in order, at the rate", async () => {
    const {time, fake, got} = setup(100, 10);
    fake.play(frames(0, 30));
    expect([got.length, fake.readStatus]).toEqual([10, "paused"]);
    fake.play(frames(30, 30)); // what was on its way
    await time.advance(100);
    expect(got.length).toBe(20);
    await time.advance(1_000);
    expect(got).toEqual(Array.from({length: 60}, (_, i) => i));
    expect([fake.readStatus, fake.heldBytes, time.pending]).toEqual(["readable", 0, 0]);
  });

  test("what is held back comes in while it resumes and pauses it again", async () => {
    const {time, fake, got, inbox} = setup(100, 10);
    fake.play(frames(0, 11));
    for (let i = 0; i < 5; i++) fake.play(frames(11 + 20 * i, 20));
    await time.advance(10);
    expect([got.length, fake.readStatus, fake.granting]).toEqual([11, "paused", false]);
    expect(inbox.buffered).toBe(100 * 8);
    await time.advance(2_000);
    expect(got).toEqual(Array.from({length: 111}, (_, i) => i));
  });

  test("many messages at once give others their turn in between", async () => {
    const {time, fake, got} = setup(1e6, 1e6);
    fake.play(frames(0, 200));
    expect(got.length).toBe(64);
    await time.advance(0);
    expect(got.length).toBe(200);
  });

  test("a frame that is too large ends the stream, and what follows is not read", () => {
    const {fake, got, oversize} = setup(100, 10);
    fake.play(concatBytes(frames(0, 2), Uint8Array.of(0xff, 0xff, 0xff, 0xff), frames(2, 2)));
    expect([got, fake.status, oversize()]).toEqual([[0, 1], "aborted", 1]);
    fake.play(frames(9, 1));
    expect(got).toEqual([0, 1]);
  });

  test("nothing is judged after close, though a pause was on", async () => {
    const {time, fake, got, inbox} = setup(100, 10);
    fake.play(frames(0, 30));
    inbox.close(new Error("replaced"));
    await time.advance(5_000);
    expect([got.length, fake.status, time.pending]).toEqual([10, "aborted", 0]);
  });
});
