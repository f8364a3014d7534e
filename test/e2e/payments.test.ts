import {randomUUID} from "node:crypto";
import {connect} from "node:net";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {concatBytes, fromHex, type Hex, utf8} from "../../src/base/bytes.ts";
import {eventLeaf, verifyProof} from "../../src/crypto/merkle.ts";
import {verifyCertificate} from "../../src/sdk/certificate.ts";
import {ClientError, MvmClient} from "../../src/sdk/client.ts";
import {units} from "../../src/sdk/payment.ts";
import type {Outbox} from "../../src/types/block.ts";
import {decodeEvent} from "../../src/types/event.ts";
import {encodeMemo, encodeRawMemo, type Operation, PURPOSE} from "../../src/types/operation.ts";
import {runDemo} from "../../testnet/demo.ts";
import {ASSET} from "../../testnet/launcher.ts";
import {hasBalance, payGroup, receivedBy, stageOf, startNetwork, type TestNetwork} from "./network.ts";
import {isRunning, until} from "./processes.ts";

const FUNDS = 100n * 10n ** 8n;
const SETTLE_MS = 30_000;
let network: TestNetwork;
beforeAll(async () => {
  network = await startNetwork("--seats", "1,2,1,1");
}, 90_000);
afterAll(() => network?.stop(), 30_000);

const operation = (change: Partial<Operation> = {}): Operation => ({
  purpose: PURPOSE.message,
  process: network.net.developer.app_id,
  platform: "",
  address: "",
  extra: utf8("hello"),
  ...change,
});
const asText = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
const rawOf = (op: Operation) => encodeRawMemo(op).slice(1);

test("a network with seats 1, 2, 1, 1 does the demo", async () => {
  await runDemo(network.net, network.tell, AbortSignal.timeout(90_000));
  const stages = network.told.flatMap((report) => (report.event === "stage" ? [report.stage] : []));
  expect(stages.at(-1)).toBe("returned");
  expect(network.net.members, "one of five seats is cut: two would be a third and more").toHaveLength(4);
  const {seats, validators} = await network.client(0).get("/v1/validators");
  expect(seats).toBe(4);
  expect((validators as {seats: number}[]).map((v) => v.seats)).toEqual([1, 1, 1, 1]);
}, 120_000);

describe("a payment that is no good message comes back whole, with its reason", () => {
  /** An Operation whose extra is said to be longer than any may be. */
  const tooLong = () =>
    concatBytes(rawOf(operation({extra: new Uint8Array(0)})).slice(0, -2), Uint8Array.of(0x13, 0x88), new Uint8Array(100));
  const cases: {name: string; memo: () => string | Uint8Array; reason: string}[] = [
    {name: "no memo", memo: () => "", reason: "BAD_MEMO"},
    {name: "a memo that is no Operation", memo: () => "good morning", reason: "BAD_MEMO"},
    {name: "bytes after the Operation", memo: () => asText(concatBytes(rawOf(operation()), Uint8Array.of(0))), reason: "BAD_MEMO"},
    {name: "a cut Operation", memo: () => encodeRawMemo(operation()).slice(0, -1), reason: "BAD_MEMO"},
    {name: "an extra beyond the longest", memo: () => asText(tooLong()), reason: "BAD_MEMO"},
    {name: "an unknown process", memo: () => encodeMemo(operation({process: randomUUID()})), reason: "UNKNOWN_PROCESS"},
    {
      name: "an app that is not registered",
      memo: () => encodeMemo(operation({process: network.net.user.app_id})),
      reason: "UNKNOWN_PROCESS",
    },
    {name: "an unknown purpose", memo: () => encodeMemo(operation({purpose: 99})), reason: "UNKNOWN_PURPOSE"},
    {
      name: "a registration by somebody else",
      memo: () => encodeMemo(operation({purpose: PURPOSE.register, address: network.net.echo, extra: new Uint8Array(0)})),
      reason: "NOT_OWNER",
    },
  ];

  test("all of them, in one network", async () => {
    const {net} = network;
    const paid: {name: string; reason: string; amount: string; id: string}[] = [];
    for (const [i, {name, memo, reason}] of cases.entries()) {
      const amount = `0.${i + 1}000000${i + 1}`;
      paid.push({name, reason, amount, id: await payGroup(net, net.user, amount, memo())});
    }
    for (const {name, reason, amount, id} of paid) {
      const status = await stageOf(network.client(1), id, "refunded", SETTLE_MS);
      expect(status, name).toMatchObject({
        reason,
        requestId: id,
        amount: `${units(amount)}`,
        refund: {stage: "paid", amount: `${units(amount)}`},
      });
      const back = (await receivedBy(net, net.user)).find(({memo}) => memo === `refund ${reason} ${status.outputId}`);
      expect(back?.amount, `${name}: on the user's balance`).toBe(units(amount));
    }
    await hasBalance(net, net.user, FUNDS, SETTLE_MS);
  }, 90_000);

  test("an extra that the app cannot send back: the app gives the money back itself", async () => {
    const {net} = network;
    const id = await payGroup(net, net.user, "0.25", encodeRawMemo(operation({extra: new Uint8Array(231).fill(7)})));
    await stageOf(network.client(2), id, "delivered", SETTLE_MS);
    await hasBalance(net, net.user, FUNDS, SETTLE_MS);
  }, 60_000);

  test("every unit is accounted for at every validator", async () => {
    let books: Record<string, unknown>[] = [];
    const settled = async () => {
      books = await Promise.all([0, 1, 2, 3].map((i) => network.client(i).get("/v1/balances")));
      return books.every(({assets}) => (assets as {custody: string}[]).every(({custody}) => custody === "0"));
    };
    await until(settled, () => `nothing is left in custody: ${JSON.stringify(books)}`, SETTLE_MS);
    for (const {assets, held} of books) {
      expect(held).toEqual({outputs: [], payouts: []});
      expect(assets).toHaveLength(1);
      const [asset] = assets as Record<string, unknown>[];
      expect(asset).toMatchObject({asset: ASSET.asset_id, conserved: true, custody: "0"});
      const amount = (name: string) => BigInt(String(asset?.[name]));
      expect(amount("received")).toBe(amount("custody") + amount("paid") + amount("refunded"));
      expect(amount("refunded")).toBeGreaterThan(0n);
      expect(amount("paid")).toBe(units("1.5") + units("0.25"));
    }
  }, 60_000);
});

describe("the HTTP API", () => {
  /** An answer as it came, by a client that does not help. */
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${network.net.apis[0]}${path}`, init);
    return {status: response.status, type: response.headers.get("content-type"), body: await response.json()};
  };
  const refusal = (status: number, code: string) => ({
    status,
    type: "application/json; charset=utf-8",
    body: {error: {code, message: expect.any(String)}},
  });

  test.for([
    ["/v1/payments/0f1e2d3c-4b5a-3697-8877-665544332211", 404, "NOT_FOUND"],
    ["/v1/payments/not-a-uuid", 400, "BAD_REQUEST"],
    ["/v1/payments/%ff", 404, "NOT_FOUND"],
    ["/v1/messages/0f1e2d3c-4b5a-3697-8877-665544332211/0", 404, "NOT_FOUND"],
    ["/v1/messages/0f1e2d3c-4b5a-3697-8877-665544332211/-1", 400, "BAD_REQUEST"],
    ["/v1/payouts/0f1e2d3c-4b5a-3697-8877-665544332211/0", 404, "NOT_FOUND"],
    ["/v1/payouts/x/0", 400, "BAD_REQUEST"],
    ["/v1/blocks/1000000000", 404, "NOT_FOUND"],
    ["/v1/blocks/9999999999999999999", 404, "NOT_FOUND"],
    ["/v1/blocks/1e3", 400, "BAD_REQUEST"],
    ["/v1/nothing", 404, "NOT_FOUND"],
    [`/${"a".repeat(4_000)}`, 404, "NOT_FOUND"],
  ] as const)("%s is refused with %i", async ([path, status, code]) => {
    expect(await ask(path)).toEqual(refusal(status, code));
  });

  test("only GET", async () => {
    for (const method of ["POST", "PUT", "DELETE"]) {
      const init = {method, ...(method === "POST" && {body: "x".repeat(100_000)})};
      expect(await ask("/v1/status", init)).toEqual(refusal(405, "BAD_REQUEST"));
    }
  });

  test("a message proves itself: certificate and Merkle path need no trust in the node", async () => {
    const {net} = network;
    const process = net.developer.app_id;
    const groupKey = String((await network.client(0).status())["groupKeyEip2537"]) as Hex;
    const message = await network.client(3).message(process, 0n);
    const {event, proof, outbox, height, coreHash, blockHash} = message as unknown as {
      event: Hex;
      proof: Hex[];
      outbox: Outbox;
      height: number;
      coreHash: Hex;
      blockHash: Hex;
    };
    const {epoch, round, signature} = message["certificate"] as {epoch: number; round: number; signature: Hex};
    const outboxes = (message["outboxes"] as Outbox[]).map((o) => ({...o, seq: BigInt(o.seq)}));
    const {networkId} = (await network.client(0).status()) as {networkId: Hex};
    const claim = {networkId, epoch, height, round, signature};
    expect(verifyCertificate({...claim, block: {coreHash, outboxes}}, groupKey)).toBe(true);
    expect(verifyCertificate({...claim, block: blockHash}, groupKey)).toBe(true);
    expect(verifyCertificate({...claim, height: height + 1, block: {coreHash, outboxes}}, groupKey)).toBe(false);

    const leaf = eventLeaf(fromHex(event));
    const path = {root: fromHex(outbox.root), proof: proof.map((node) => fromHex(node))};
    expect(verifyProof({...path, leaf})).toBe(true);
    expect(verifyProof({...path, leaf: eventLeaf(concatBytes(fromHex(event), Uint8Array.of(0)))})).toBe(false);
    expect(decodeEvent(fromHex(event))).toMatchObject({process, nonce: 0n, asset: ASSET.asset_id, amount: units("1.5"), threshold: 1});
    expect(event, "no Mixin user is named on chain").not.toContain(net.user.app_id.replaceAll("-", ""));
  });

  test("a block, its facts without users, and the same certificate at every validator", async () => {
    const {height} = await network.client(0).message(network.net.developer.app_id, 0n);
    const blocks = await Promise.all([0, 1, 2, 3].map((i) => network.client(i).block(Number(height))));
    expect(new Set(blocks.map((block) => block["hash"])).size).toBe(1);
    for (const block of blocks) {
      expect(block).toMatchObject({height, facts: {mask: 1}, certificate: {kind: "group", epoch: 0}});
      expect(JSON.stringify(block)).not.toContain(network.net.user.app_id);
    }
    expect(await network.client(0).block(1)).toMatchObject({height: 1, certificate: {kind: "votes", epoch: 0}});
  });

  test("processes and payouts", async () => {
    const {net} = network;
    const {processes} = await network.client(0).get("/v1/processes");
    expect(processes).toEqual([expect.objectContaining({process: net.developer.app_id, address: net.echo})]);
    const payout = await network.client(0).payout(net.developer.app_id, 0n);
    expect(payout).toMatchObject({
      process: net.developer.app_id,
      nonce: "0",
      stage: "paid",
      asset: ASSET.asset_id,
      amount: `${units("1.5")}`,
      traceId: expect.any(String),
      txHash: expect.stringMatching(/^0x[0-9a-f]{64}$/),
    });
    expect(JSON.stringify(payout), "receivers are nobody's business").not.toContain(net.user.app_id);
  });

  test("the stream tells of decisions and certificates as they happen", async () => {
    const {net} = network;
    const over = new AbortController();
    const seen: Record<string, unknown>[] = [];
    const reading = (async () => {
      for await (const change of network.client(0).stream(over.signal)) seen.push(change);
    })().catch((error: unknown) => {
      if (!over.signal.aborted) throw error;
    });
    const id = await payGroup(net, net.user, "0.75", encodeMemo(operation()));
    const {outputId, height} = await stageOf(network.client(0), id, "delivered", SETTLE_MS);
    const heard = (type: string) => seen.find((change) => change["type"] === type && change["height"] === height);
    await until(() => heard("certified") !== undefined, "the certificate in the stream", 5_000);
    over.abort();
    await reading;
    expect(heard("decided")).toMatchObject({outputs: [outputId], proposer: expect.stringMatching(/^0x[0-9a-f]{40}$/)});
    expect(seen.indexOf(heard("decided") ?? {})).toBeLessThan(seen.indexOf(heard("certified") ?? {}));
    await hasBalance(net, net.user, FUNDS, SETTLE_MS);
  }, 60_000);

  test("a listener too many is refused; when one leaves there is room", async () => {
    const over = new AbortController();
    const open = () => fetch(`${network.net.apis[2]}/v1/stream`, {signal: over.signal});
    const answers = await Promise.all(Array.from({length: 64}, open));
    expect(answers.every(({status}) => status === 200)).toBe(true);
    const refused = await open();
    expect({status: refused.status, body: await refused.json()}).toEqual({
      status: 503,
      body: {error: {code: "TOO_MANY", message: expect.any(String)}},
    });
    over.abort();
    await until(
      async () => {
        const one = new AbortController();
        const {status} = await fetch(`${network.net.apis[2]}/v1/stream`, {signal: one.signal});
        one.abort();
        return status === 200;
      },
      "room for a listener",
      5_000,
    );
  });

  test("requests that are none harm nobody", async () => {
    const {port} = new URL(String(network.net.apis[1]));
    const send = (bytes: string | Uint8Array) =>
      new Promise<void>((resolve) => {
        const socket = connect(Number(port), "127.0.0.1", () => socket.end(bytes));
        socket.on("error", () => {});
        socket.once("close", () => resolve());
        socket.resume();
      });
    const garbage = [
      "\r\n\r\n",
      "GET\r\n\r\n",
      "GET http://[::1 HTTP/1.1\r\nhost: x\r\n\r\n",
      "GET //\\ HTTP/1.1\r\nhost: x\r\n\r\n",
      "GET /v1/payments/%c0%80 HTTP/1.1\r\nhost: x\r\n\r\n",
      "GET /v1/status HTTP/9.9\r\n\r\n",
      `GET /v1/status HTTP/1.1\r\n${"x: y\r\n".repeat(5_000)}\r\n`,
      `GET /${"a".repeat(100_000)} HTTP/1.1\r\n\r\n`,
      "POST /v1/status HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\nx",
      "POST /v1/status HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
      new Uint8Array(50_000).fill(0xff),
    ];
    await Promise.all(
      Array.from({length: 10}, () => garbage)
        .flat()
        .map(send),
    );
    expect(isRunning(network.pid(1))).toBe(true);
    expect(await network.client(1).get("/healthz")).toEqual({alive: true});
    const answer = new MvmClient(String(network.net.apis[1])).get("/v1/none");
    await expect(answer).rejects.toThrow(ClientError);
  }, 30_000);
});
