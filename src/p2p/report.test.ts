import {expect, test} from "vitest";
import type {Logger} from "../ports/system.ts";
import {Report} from "./report.ts";

test("lines that peers can cause are written once per subject and five seconds, and say how many were left out", () => {
  const lines: object[] = [];
  const log: Logger = {debug() {}, info() {}, warn: (text, fields) => lines.push({text, ...fields}), error() {}, child: () => log};
  const time = {now: 0};
  const report = new Report(log, {now: () => time.now, after: () => () => {}});
  for (let i = 0; i < 1_000; i++) {
    report.warn("peer misbehaves", "a", {peer: "a"});
    report.warn("peer misbehaves", "b", {peer: "b"});
  }
  time.now = 5_000;
  report.warn("peer misbehaves", "a", {peer: "a"});
  expect(lines).toEqual([
    {text: "peer misbehaves", peer: "a"},
    {text: "peer misbehaves", peer: "b"},
    {text: "peer misbehaves", peer: "a", alikeLeftOut: 999},
  ]);
});

test("counts, and tells a listener that may fail", () => {
  const told: string[] = [];
  const log: Logger = {debug() {}, info() {}, warn() {}, error() {}, child: () => log};
  const report = new Report(log, {now: () => 0, after: () => () => {}}, (name, by) => {
    told.push(`${name} ${by}`);
    throw new Error("metrics are down");
  });
  report.count("sent");
  report.count("sent", 4);
  expect(report.counts).toEqual({sent: 5});
  expect(told).toEqual(["sent 1", "sent 4"]);
});
