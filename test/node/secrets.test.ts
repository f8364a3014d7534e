import {randomBytes} from "node:crypto";
import {afterEach, expect, test} from "vitest";
import {toHex} from "../../src/base/bytes.ts";
import {openShares} from "../../src/dkg/open.ts";
import {dkgSession, groupKey, paymentOf} from "../../src/mvm/queries.ts";
import {Activity} from "../../src/node/api/activity.ts";
import {Participation} from "../../src/node/api/participation.ts";
import {paymentRoutes} from "../../src/node/api/payments.ts";
import {ApiServer} from "../../src/node/api/server.ts";
import {Timeline} from "../../src/node/api/timeline.ts";
import {viewRoutes} from "../../src/node/api/views.ts";
import {systemClock} from "../../src/node/system.ts";
import type {Logger} from "../../src/ports/system.ts";
import {TestCluster, type TestNode} from "../support/cluster.ts";
import {outputFact} from "../support/ledger.ts";
import {findSecrets, groupSecret, type Secret, type Written} from "../support/secrets.ts";

let cluster: TestCluster | null = null;
let api: ApiServer | null = null;
afterEach(async () => {
  await api?.stop();
  await cluster?.stopAll();
});

/** The HTTP API of a node of the cluster, as the composition root makes it. */
async function serve(node: TestNode, log: Logger): Promise<ApiServer> {
  const {parts, feed, store} = node;
  const timeline = new Timeline({...parts, clock: systemClock});
  const activity = new Activity({chain: parts.chain, feed, clock: systemClock});
  const participation = new Participation(parts.chain);
  const views = viewRoutes({parts, store, version: "0", alarms: () => [], participation});
  const payments = paymentRoutes({...parts, store, feed, timeline, activity});
  const server = new ApiServer({routes: [...views, ...payments], streams: [], host: "127.0.0.1", port: 0, log});
  await server.start();
  return server;
}

test("nothing that is secret is logged, kept in a log of inputs or blocks, or answered", async () => {
  const lines: string[] = [];
  const keep = (text: string, fields?: object) =>
    void lines.push(
      text,
      JSON.stringify(fields ?? {}, (_, value) => (typeof value === "bigint" ? `${value}` : value)),
    );
  const log: Logger = {debug: keep, info: keep, warn: keep, error: keep, child: () => log};
  cluster = new TestCluster([2, 1, 1, 1], {parameters: {paceMs: 5}, log: () => log});
  await cluster.startAll();
  const nodes = [...cluster.nodes.values()];
  const states = () => nodes.map((n) => n.parts.chain.state);
  await cluster.until(() => states().every((state) => groupKey(state) !== null), 20_000, "group key");
  const first = nodes[0] as TestNode;
  api = await serve(first, log);
  const paid = {...outputFact(1), extra: new Uint8Array(randomBytes(20))};
  for (const node of nodes) node.feed.show(paid);
  await cluster.until(() => states().every((state) => paymentOf(state, paid.outputId) !== null), 10_000, "payment decided");
  const {height} = first.parts.chain;
  await cluster.until(() => first.parts.certifier.certificateOf(height) !== null, 5_000, "certificate");

  const session = dkgSession(first.parts.chain.state);
  const shares = new Map(
    cluster.keys.flatMap(({dealing}, validatorIndex) => [...openShares({session, validatorIndex, encSecret: dealing}).shares]),
  );
  const secrets: Secret[] = [
    ...cluster.keys.flatMap(({consensus, dealing}, i) => [
      {name: `consensus key of ${i}`, bytes: consensus},
      {name: `dealing key of ${i}`, bytes: dealing},
    ]),
    ...[...shares].map(([seat, bytes]) => ({name: `share of seat ${seat}`, bytes})),
    {name: "what the group key stands for", bytes: groupSecret(shares)},
  ];
  expect(secrets).toHaveLength(14);

  const paths = ["/healthz", "/readyz", "/v1/status", "/v1/validators", "/v1/processes", "/v1/balances", "/v1/activity", "/v1/evidence"];
  paths.push(`/v1/payments/${paid.requestId}`, ...Array.from({length: height}, (_, i) => `/v1/blocks/${i + 1}`));
  const written: Written[] = [{where: "log", bytes: Buffer.from(lines.join("\n"))}];
  for (const path of paths) written.push({where: path, bytes: Buffer.from(await (await fetch(`${api.url}${path}`)).arrayBuffer())});
  expect(written.filter(({where, bytes}) => where.startsWith("/v1") && bytes.includes('"error"'))).toEqual([]);
  for (const [i, {store, wal}] of nodes.entries()) {
    for (const bytes of await store.readRange(1, height, 1 << 24)) written.push({where: `a block of ${i}`, bytes: Buffer.from(bytes)});
    for (const record of wal.records) written.push({where: `log of inputs of ${i}`, bytes: Buffer.from(record)});
  }
  const key = {name: "group key", bytes: groupKey(first.parts.chain.state)?.key as Uint8Array};
  expect(findSecrets([key], written), toHex(key.bytes)).toContain("group key in /v1/status"); // what is public is found
  expect(findSecrets(secrets, written)).toEqual([]);
}, 60_000);
