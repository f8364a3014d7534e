import {randomBytes} from "node:crypto";
import {afterEach, expect, test} from "vitest";
import {toHex} from "../../src/base/bytes.ts";
import {dkgSession, groupKey} from "../../src/mvm/queries.ts";
import {TestCluster, type TestKeys} from "../support/cluster.ts";

let cluster: TestCluster | null = null;
afterEach(async () => {
  await cluster?.stopAll();
  cluster = null;
});

test("a validator that has lost its dealing key says that its seats have no share, and the others make the key", async () => {
  cluster = new TestCluster([2, 2, 2, 1], {parameters: {paceMs: 2}});
  const keys = cluster.keys as TestKeys[];
  const lost = new Uint8Array(randomBytes(32));
  lost[0] = 1;
  keys[3] = {...(keys[3] as TestKeys), dealing: lost};
  await cluster.startAll();
  const nodes = () => [...(cluster?.nodes.values() ?? [])];
  const states = () => nodes().map((n) => n.parts.chain.state);
  const told = () => states().every((state) => groupKey(state) !== null && "shareless" in dkgSession(state));
  await cluster.until(told, 20_000, "group key");
  const known = () => states().every((state) => JSON.stringify((dkgSession(state) as {shareless?: number[]}).shareless) === "[7]");
  await cluster.until(known, 10_000, "all know that seat 7 has no share");
  expect(new Set(states().map((state) => toHex(groupKey(state)?.key as Uint8Array))).size).toBe(1);
  expect(states().map((state) => dkgSession(state))).toEqual(
    states().map(() => expect.objectContaining({phase: "active", misbehaving: []})),
  );
}, 40_000);
