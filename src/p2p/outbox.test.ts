import type {Connection} from "@libp2p/interface";
import {describe, expect, test} from "vitest";
import {FakeStream, manualClock} from "../../test/p2p/fake-stream.ts";
import {concatBytes} from "../base/bytes.ts";
import {encodeFrame} from "./frames.ts";
import {Outbox} from "./outbox.ts";
import {QUEUE_COUNT_MAX} from "./queue.ts";

const turn = async () => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};
const message = (id: number, size = 4) => new Uint8Array(size).fill(id);

function setup() {
  const time = manualClock();
  const streams: FakeStream[] = [];
  const count = {sent: 0, dropped: 0};
  let connected = true;
  let answers = true;
  const connection = {
    newStream: async () => {
      if (!answers) throw new Error("refused");
      streams.push(new FakeStream());
      return streams.at(-1)?.stream;
    },
  };
  const outbox = new Outbox({
    protocol: "/x",
    clock: time.clock,
    connection: () => (connected ? (connection as unknown as Connection) : undefined),
    onSent: (n) => {
      count.sent += n;
    },
    onDropped: (n) => {
      count.dropped += n;
    },
  });
  const stream = () => streams.at(-1) as FakeStream;
  const set = (to: {connected?: boolean; answers?: boolean}) => {
    connected = to.connected ?? connected;
    answers = to.answers ?? answers;
  };
  return {outbox, time, streams, stream, count, set};
}

describe("Outbox", () => {
  test("what is pushed within one turn, or before the stream is open, leaves together and in order", async () => {
    const {outbox, stream, count} = setup();
    outbox.push(message(1), 0);
    outbox.push(message(2), 0);
    await turn();
    outbox.push(message(3), 0);
    await turn();
    expect(stream().sent).toEqual([concatBytes(encodeFrame(message(1)), encodeFrame(message(2))), encodeFrame(message(3))]);
    expect(count).toEqual({sent: 3, dropped: 0});
  });

  test("a stream that needs to drain, or has unsent bytes, gets nothing until it has not", async () => {
    const {outbox, stream} = setup();
    await turn();
    stream().writableNeedsDrain = true;
    outbox.push(message(1), 0);
    await turn();
    expect(stream().sent).toEqual([]);
    stream().writableNeedsDrain = false;
    stream().writeBufferLength = 100_000; // a window of a few bytes was opened
    stream().dispatchEvent(new Event("drain"));
    expect(stream().sent).toEqual([]);
    stream().writeBufferLength = 0;
    stream().dispatchEvent(new Event("idle"));
    expect(stream().sent).toEqual([encodeFrame(message(1))]);
  });

  test("a peer that takes nothing for ten seconds loses the stream and what waits", async () => {
    const {outbox, time, streams, stream, count} = setup();
    await turn();
    stream().writableNeedsDrain = true;
    for (let i = 0; i < 5; i++) outbox.push(message(i), 0);
    await turn();
    await time.advance(9_000);
    expect([stream().status, outbox.queued.count]).toEqual(["open", 5]);
    await time.advance(1_500);
    expect([streams[0]?.status, streams.length, outbox.queued.count, count.dropped]).toEqual(["aborted", 2, 0, 5]);
  });

  test("one that takes a little now and then keeps it", async () => {
    const {outbox, time, streams, stream, count} = setup();
    await turn();
    stream().writableNeedsDrain = true;
    for (let i = 0; i < 5; i++) outbox.push(message(i, 70_000), 0);
    for (let i = 0; i < 4; i++) {
      await time.advance(9_000);
      const before = stream().sent.length;
      stream().writableNeedsDrain = false;
      stream().writeBufferLength = 0;
      stream().send = function (this: FakeStream, bytes: Uint8Array) {
        this.sent.push(bytes);
        this.writableNeedsDrain = true;
        return false;
      };
      stream().dispatchEvent(new Event("drain"));
      expect(stream().sent.length).toBe(before + 1);
    }
    expect([streams.length, count]).toEqual([1, {sent: 4, dropped: 0}]);
  });

  test("the queue is bounded while there is no stream, and is sent once there is one", async () => {
    const {outbox, time, stream, streams, count, set} = setup();
    set({connected: false});
    stream().abort(); // before the outbox has it
    await turn();
    for (let i = 0; i < QUEUE_COUNT_MAX + 10; i++) outbox.push(message(1), 0);
    await time.advance(2_000);
    expect([outbox.queued.count, count.dropped, streams.length]).toEqual([QUEUE_COUNT_MAX, 10, 1]);
    set({connected: true, answers: false});
    await time.advance(2_000);
    set({answers: true});
    await time.advance(1_000);
    expect([outbox.queued.count, count.sent]).toEqual([0, QUEUE_COUNT_MAX]);
  });

  test("after close nothing is sent, opened or left", async () => {
    const {outbox, time, streams, count} = setup();
    await turn();
    outbox.push(message(1), 0);
    outbox.close();
    outbox.push(message(2), 0);
    await time.advance(60_000);
    expect([streams.length, streams[0]?.status, streams[0]?.sent, count, time.pending]).toEqual([
      1,
      "aborted",
      [],
      {sent: 0, dropped: 2},
      0,
    ]);
  });
});
