import {describe, expect, test} from "vitest";
import type {Logger} from "../ports/system.ts";
import {Gate} from "./gate.ts";
import {Report} from "./report.ts";
import {Reputation} from "./reputation.ts";

function setup(observersMax = 0) {
  const lines: object[] = [];
  const log: Logger = {debug() {}, info() {}, warn: (text, fields) => lines.push({text, ...fields}), error() {}, child: () => log};
  const time = {now: 0};
  const connected: string[] = [];
  const report = new Report(log, {now: () => time.now, after: () => () => {}});
  const reputation = new Reputation(() => time.now, ["me", "v1"]);
  const validators = new Map([
    ["me", 0],
    ["v1", 1],
  ]);
  const gate = new Gate({
    ownPeerId: "me",
    validators,
    observersMax,
    reputation,
    report,
    now: () => time.now,
    connectedPeers: () => connected,
  });
  return {gate, lines, time, connected, report, reputation};
}

describe("Gate", () => {
  test("admits registered validators, and nobody else where no observers may", () => {
    const {gate, lines, report} = setup();
    expect(["v1", "x", "me"].map((id) => gate.admits(id, "/ip4/1.2.3.4/tcp/5"))).toEqual([true, false, false]);
    expect(lines).toEqual([
      {text: "connection refused", peer: "x", address: "/ip4/1.2.3.4/tcp/5", reason: "not a registered validator"},
      {text: "connection refused", peer: "me", address: "/ip4/1.2.3.4/tcp/5", reason: "own identity"},
    ]);
    expect(report.counts).toEqual({refusedConnections: 2});
  });

  test("ten thousand strangers make one line", () => {
    const {gate, lines} = setup();
    for (let i = 0; i < 10_000; i++) gate.admits(`stranger ${i}`, "/ip4/1.2.3.4/tcp/5");
    expect(lines).toHaveLength(1);
  });

  test("observers have as many places as there are, also for those that are still connecting", () => {
    const {gate, time, connected} = setup(2);
    expect(["a", "b", "c"].map((id) => gate.admits(id, ""))).toEqual([true, true, false]);
    connected.push("a", "v1");
    time.now = 6_000; // b never came
    expect(["a", "c", "d"].map((id) => gate.admits(id, ""))).toEqual([true, true, false]);
  });

  test("the banned stay out, in both directions, until it is over", () => {
    const {gate, time, reputation} = setup();
    reputation.charge("v1", 5);
    expect([gate.admits("v1", ""), gate.mayDial("v1")]).toEqual([false, false]);
    time.now = 10_001;
    expect([gate.admits("v1", ""), gate.mayDial("v1")]).toEqual([true, true]);
  });

  test("a validator that connects over and over has to wait", () => {
    const {gate, time} = setup();
    const answers = Array.from({length: 12}, () => gate.admits("v1", ""));
    expect(answers).toEqual([...Array.from({length: 10}, () => true), false, false]);
    time.now = 1_000;
    expect(gate.admits("v1", "")).toBe(true);
  });

  test("dials registered validators other than this one", () => {
    const {gate} = setup(5);
    expect(["v1", "me", "x"].map((id) => gate.mayDial(id))).toEqual([true, false, false]);
  });
});
