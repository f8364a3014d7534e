import {randomUUID} from "node:crypto";
import {readFileSync} from "node:fs";
import {join} from "node:path";
import {afterAll, beforeAll, expect, test} from "vitest";
import {uuidBytes} from "../../src/types/ids.ts";
import {runDemo} from "../../testnet/demo.ts";
import {findSecrets, type Written} from "../support/secrets.ts";
import {startNetwork, type TestNetwork} from "./network.ts";

let network: TestNetwork;
beforeAll(async () => {
  network = await startNetwork();
  await runDemo(network.net, network.tell, AbortSignal.timeout(90_000));
}, 180_000);
afterAll(() => network?.stop(), 30_000);

const HEX_DIGITS = 64;

/** Everything that the chain holds for all to read: transactions with their data, and logs. */
async function onChain(): Promise<Written[]> {
  const {rpc} = network.net;
  const ask = async (method: string, params: unknown[]): Promise<unknown> => {
    const response = await fetch(rpc, {
      method: "POST",
      headers: {"content-type": "application/json"},
      body: JSON.stringify({jsonrpc: "2.0", id: 1, method, params}),
    });
    return ((await response.json()) as {result: unknown}).result;
  };
  const last = Number(await ask("eth_blockNumber", []));
  const blocks = await Promise.all(Array.from({length: last + 1}, (_, i) => ask("eth_getBlockByNumber", [`0x${i.toString(16)}`, true])));
  const logs = await ask("eth_getLogs", [{fromBlock: "0x0", toBlock: "latest"}]);
  const text = JSON.stringify({blocks, logs});
  return [
    {where: "the chain, as text", bytes: Buffer.from(text)},
    {
      where: "the chain, as bytes",
      bytes: Buffer.concat((text.match(/0x[0-9a-f]{2,}/g) ?? []).map((hex) => Buffer.from(hex.slice(2), "hex"))),
    },
  ];
}

/** What a node answers to whoever asks, apart from questions that name the payment. */
async function inApi(validator: number): Promise<Written[]> {
  const {api} = JSON.parse(readFileSync(join(network.net.dir, `validator-${validator}`, "addresses.json"), "utf8")) as {api: string};
  const {height} = (await network.client(validator).status()) as {height: number};
  const process = network.net.developer.app_id;
  const paths = ["/", "/metrics", "/readyz", "/v1/status", "/v1/validators", "/v1/processes", "/v1/balances", "/v1/evidence"];
  paths.push(`/v1/messages/${process}/0`, `/v1/payouts/${process}/0`, ...Array.from({length: height}, (_, i) => `/v1/blocks/${i + 1}`));
  return Promise.all(
    paths.map(async (path) => ({
      where: `${path} of validator ${validator}`,
      bytes: Buffer.from(await (await fetch(api + path)).arrayBuffer()),
    })),
  );
}

/** As ids of people are written, and as bytes in every form. */
const findUser = (id: string, written: readonly Written[]): string[] => [
  ...findSecrets([{name: "the user's id", bytes: uuidBytes(id)}], written),
  ...written.filter(({bytes}) => bytes.includes(id) || bytes.includes(id.toUpperCase())).map(({where}) => `the user's id in ${where}`),
];

test("nothing that is public holds the id of a user who paid an app and was paid by it", async () => {
  const {user, developer} = network.net;
  const chain = await onChain();
  const api = (await Promise.all([0, 1, 2, 3].map(inApi))).flat();
  const logs = [0, 1, 2, 3].map((i) => {
    const file = join(network.net.dir, `validator-${i}`, "node.log");
    return {where: file, bytes: readFileSync(file)};
  });
  // the process id is its owner's, and public: it shows that the search finds what is there
  expect(findUser(developer.app_id, chain).length).toBeGreaterThan(0);
  expect(findUser(developer.app_id, api).length).toBeGreaterThan(0);
  for (const written of [chain, api, logs]) expect(written.reduce((sum, w) => sum + w.bytes.length, 0)).toBeGreaterThan(HEX_DIGITS);
  expect(findUser(randomUUID(), [...chain, ...api, ...logs])).toEqual([]);
  expect(findUser(user.app_id, [...chain, ...api, ...logs])).toEqual([]);
}, 60_000);
