import {describe, expect, test} from "vitest";
import type {Peer, Verdict} from "../ports/network.ts";
import type {Clock, Logger} from "../ports/system.ts";
import {encodeMessage, type Message} from "../types/messages.ts";
import {FORWARD_MS, Intake} from "./intake.ts";
import {Report} from "./report.ts";

const PEER: Peer = {peerId: "p", validator: 1};
const OTHER: Peer = {peerId: "q", validator: 2};
const OBSERVER: Peer = {peerId: "o", validator: null};
const HASH = `0x${"11".repeat(32)}` as const;

const vote = (height: number): Message => ({
  kind: "vote",
  vote: {epoch: 0, height, round: 0, type: "prevote", blockHash: HASH, from: 0, signature: new Uint8Array(65)},
  partials: [],
});
const status: Message = {kind: "status", height: 1, round: 0, outputs: []};
const certificate: Message = {
  kind: "certificate",
  certificate: {epoch: 0, height: 1, round: 0, blockHash: HASH, signature: new Uint8Array(96)},
};

function setup(answer: (message: Message) => unknown = () => "accept") {
  const time = {now: 0};
  const seen: Message[] = [];
  const rejects: string[] = [];
  const log: Logger = {debug() {}, info() {}, warn() {}, error() {}, child: () => log};
  const clock: Clock = {now: () => time.now, after: () => () => {}};
  const report = new Report(log, clock);
  const intake = new Intake({
    handler: {
      receive(message) {
        seen.push(message);
        return answer(message) as Verdict;
      },
      serveBlocks: async () => [],
      serveSnapshot: async () => null,
      connected() {},
    },
    clock,
    report,
    onReject: (peer, reason) => rejects.push(`${peer.peerId}: ${reason}`),
  });
  return {intake, seen, rejects, report, time};
}

describe("Intake", () => {
  test("judges once, whoever sends the bytes by whatever path", () => {
    const {intake, seen, report} = setup();
    const bytes = encodeMessage(vote(1));
    const verdicts = [
      intake.judge(bytes, PEER, null),
      intake.judge(bytes.slice(), OTHER, "vote"),
      intake.judge(bytes.slice(), PEER, "vote"),
    ];
    expect(verdicts).toEqual(["accept", "accept", "accept"]);
    expect(seen).toEqual([vote(1)]);
    expect(report.counts).toMatchObject({received: 3, delivered: 1, duplicate: 2, accepted: 1});
  });

  test("what was accepted long ago is not forwarded again", () => {
    const {intake, seen, time} = setup();
    const bytes = encodeMessage(vote(1));
    intake.judge(bytes, PEER, "vote");
    time.now = FORWARD_MS;
    expect(intake.judge(bytes, OTHER, "vote")).toBe("ignore");
    expect(seen).toHaveLength(1);
  });

  test("what came too early is judged again when it is sent again", () => {
    let early = true;
    const {intake, seen, time} = setup(() => (early ? "ignore" : "accept"));
    const bytes = encodeMessage(vote(1));
    expect([intake.judge(bytes, PEER, null), intake.judge(bytes, PEER, "vote")]).toEqual(["ignore", "ignore"]);
    expect(seen).toHaveLength(1);
    early = false;
    time.now = 500;
    expect([intake.judge(bytes, PEER, null), intake.judge(bytes, PEER, null)]).toEqual(["accept", "accept"]);
    expect(seen).toHaveLength(2);
  });

  test("our own bytes that come back are duplicates", () => {
    const {intake, seen} = setup();
    intake.own(encodeMessage(vote(1)));
    expect(intake.judge(encodeMessage(vote(1)), PEER, null)).toBe("accept");
    expect(seen).toEqual([]);
  });

  test("equal status messages of two peers are both delivered, and never by gossip", () => {
    const {intake, seen, rejects} = setup(() => "ignore");
    const bytes = encodeMessage(status);
    expect([PEER, OTHER, PEER].map((peer) => intake.judge(bytes, peer, null))).toEqual(["ignore", "ignore", "ignore"]);
    expect(seen).toHaveLength(3);
    expect(intake.judge(bytes, PEER, "vote")).toBe("reject");
    expect(rejects).toEqual(["p: kind on another topic"]);
  });

  test.for<[string, Uint8Array, "vote" | "certificate" | null]>([
    ["nothing", new Uint8Array(0), null],
    ["an unknown kind", Uint8Array.of(200, 1, 2), null],
    ["trailing bytes", Uint8Array.of(...encodeMessage(vote(1)), 0), null],
    ["a cut message", encodeMessage(vote(1)).slice(0, -1), "vote"],
    ["a kind on another topic", encodeMessage(vote(1)), "certificate"],
    ["more bytes than any message", new Uint8Array(2_100_000), null],
  ])("rejects %s without asking the handler", ([, bytes, family]) => {
    const {intake, seen, rejects} = setup();
    expect(intake.judge(bytes, PEER, family)).toBe("reject");
    expect(seen).toEqual([]);
    expect(rejects).toHaveLength(1);
  });

  test("rejected bytes cost every peer that sends them", () => {
    const {intake, seen, rejects} = setup(() => "reject");
    const bytes = encodeMessage(vote(1));
    intake.judge(bytes, PEER, null);
    intake.judge(bytes, OTHER, "vote");
    expect(rejects).toEqual(["p: message is invalid", "q: rejected before"]);
    expect(seen).toHaveLength(1);
  });

  test("before gossip looks: rejected bytes and wrong ways cost each time, all else passes", () => {
    const {intake, rejects} = setup((m) => (m.kind === "vote" && m.vote.height === 1 ? "reject" : "accept"));
    const [bad, good] = [encodeMessage(vote(1)), encodeMessage(vote(2))];
    expect([intake.screen(bad, PEER, "vote"), intake.screen(good, PEER, "vote"), intake.screen(good, OBSERVER, "vote")]).toEqual([
      true,
      true,
      false,
    ]);
    intake.judge(bad, PEER, null);
    for (let i = 0; i < 3; i++) expect([intake.screen(bad, OTHER, "vote"), intake.screen(good, OTHER, "dkg")]).toEqual([false, false]);
    expect(rejects.filter((line) => line.startsWith("q"))).toHaveLength(6);
  });

  test("a good message that came a wrong way first is still good", () => {
    const {intake, rejects} = setup();
    const bytes = encodeMessage(vote(1));
    intake.judge(bytes, PEER, "certificate");
    intake.judge(bytes, OBSERVER, "vote");
    expect(intake.judge(bytes, OTHER, "vote")).toBe("accept");
    expect(rejects).toEqual(["p: kind on another topic", "o: kind not for observers"]);
  });

  test("a handler that throws, or answers nonsense, costs the peer nothing", () => {
    const faults = [
      () => {
        throw new Error("bug");
      },
      () => undefined,
      () => Promise.resolve("accept"),
    ];
    for (const fault of faults) {
      const {intake, rejects, report} = setup(fault);
      expect(intake.judge(encodeMessage(vote(1)), PEER, null)).toBe("ignore");
      expect(rejects).toEqual([]);
      expect(report.counts).toMatchObject({handlerErrors: 1});
    }
  });

  test("an observer may send certificates only", () => {
    const {intake, seen} = setup();
    expect([vote(1), certificate].map((m) => intake.judge(encodeMessage(m), OBSERVER, null))).toEqual(["reject", "accept"]);
    expect(seen).toEqual([certificate]);
  });

  test("remembers a bounded number of messages", () => {
    const {intake} = setup((m) => (m.kind === "vote" && m.vote.height % 2 === 0 ? "accept" : "ignore"));
    for (let height = 0; height < 100_000; height++) intake.judge(encodeMessage(vote(height)), PEER, null);
    expect(intake.remembered).toBe(32_768 + 8_192);
  });
});
