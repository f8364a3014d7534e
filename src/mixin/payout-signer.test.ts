import {once} from "node:events";
import {createServer, type Server} from "node:http";
import type {AddressInfo} from "node:net";
import {getED25519KeyPair} from "@mixin.dev/mixin-node-sdk";
import {blake3} from "@noble/hashes/blake3.js";
import {afterEach, beforeEach, describe, expect, test} from "vitest";
import {fromHex, toHex, utf8} from "../base/bytes.ts";
import type {PayoutOrder} from "../ports/mixin.ts";
import type {Clock, Logger} from "../ports/system.ts";
import {groupOf, type MixinUserKeys} from "./client.ts";
import {createPayoutSigner, type PayoutSignerOptions} from "./payout-signer.ts";

const clock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
const lines: {level: string; text: string; fields: object | undefined}[] = [];
const at = (level: string) => (text: string, fields?: object) => void lines.push({level, text, fields});
const logger: Logger = {debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), child: () => logger};

const id = (n: number) => `00000000-0000-4000-8000-${`${n}`.padStart(12, "0")}`;
const h = (n: number) => `${n}`.padStart(64, "0");
const group = groupOf([id(1), id(2), id(3), id(4)], 3);
const users = group.members.map((app_id, i): MixinUserKeys => {
  const seed = Buffer.from(getED25519KeyPair().seed).toString("hex");
  return {app_id, session_id: id(100 + i), server_public_key: h(1), session_private_key: seed, spend_private_key: seed};
});
const user = (n: number) => users[n] as MixinUserKeys;
const order = (n: number): PayoutOrder => ({
  traceId: id(50 + n),
  builds: [{requestId: id(50 + n), voiding: false}],
  buildIndex: 0,
  change: [50n],
  asset: id(500),
  amount: 150n,
  receivers: [id(7)],
  receiversThreshold: 1,
  memo: utf8("thanks"),
  inputs: [{outputId: id(200 + n), txHash: `0x${h(200 + n)}`, index: 0, amount: 200n}],
});

interface Held {
  readonly raw: string;
  readonly txHash: string;
  readonly signers: string[];
  revokedBy: string;
}
/** A group's requests by trace id, and calls as "user path"; `front` may answer in place of the double. */
let held = new Map<string, Held>();
let calls: string[] = [];
let front: ((call: string, body: unknown) => unknown) | null = null;
let server: Server;
let signers: ReturnType<typeof createPayoutSigner>[] = [];
const SILENCE = Symbol("no answer");

/** The calls that a group pays out with. It checks no signatures: the devnet's tests do. */
function double(uid: string, path: string, body: unknown): unknown {
  const shown = (trace: string) => {
    const request = held.get(trace);
    if (request === undefined) return {error: {status: 202, code: 404, description: "not found"}};
    const spent = request.signers.length >= group.threshold;
    return {
      data: {
        request_id: trace,
        transaction_hash: request.txHash,
        asset_id: id(500),
        amount: "0.0000015",
        raw_transaction: request.raw,
        receivers: [{members: [id(7)], threshold: 1}],
        senders_hash: group.hash.slice(2),
        senders_threshold: 3,
        signers: request.signers,
        views: spent || request.signers.includes(uid) ? [] : [h(1)],
        revoked_by: request.revokedBy,
        state: spent ? "spent" : "initial",
      },
    };
  };
  if (path === "/safe/keys")
    return {
      data: (body as {keys: {receivers: string[]; hint: string}[]}).keys.map(({receivers, hint}) => {
        const key = toHex(blake3(utf8(hint))).slice(2);
        return {mask: key, keys: receivers.map(() => key)};
      }),
    };
  if (path === "/safe/multisigs") {
    const [{request_id, raw}] = body as [{request_id: string; raw: string}];
    const txHash = toHex(blake3(fromHex(`0x${raw}`))).slice(2);
    if (!held.has(request_id)) held.set(request_id, {raw, txHash, signers: [], revokedBy: ""});
    const answer = shown(request_id);
    return "data" in answer ? {data: [answer.data]} : answer;
  }
  const trace = path.split("/")[3] as string;
  if (path.endsWith("/sign")) {
    const request = held.get(trace);
    if (request?.signers.includes(uid) === false) request.signers.push(uid);
  }
  return shown(trace);
}

beforeEach(async () => {
  [held, calls, front, signers, lines.length] = [new Map(), [], null, [], 0];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const token = request.headers.authorization?.split(".")[1] ?? "";
      const {uid} = JSON.parse(Buffer.from(token, "base64url").toString()) as {uid: string};
      const body: unknown = chunks.length === 0 ? null : JSON.parse(Buffer.concat(chunks).toString());
      const call = `${group.members.indexOf(uid)} ${request.url}`;
      calls.push(call);
      const answer = front?.(call, body) ?? double(uid, request.url ?? "", body);
      if (answer === SILENCE) return;
      response.setHeader("content-type", "application/json").end(typeof answer === "string" ? answer : JSON.stringify(answer));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  for (const signer of signers) await signer.stop();
  server.closeAllConnections();
  server.close();
});

async function started(own: readonly MixinUserKeys[], options: Partial<PayoutSignerOptions> = {}) {
  const {port} = server.address() as AddressInfo;
  const signer = createPayoutSigner({
    url: `http://127.0.0.1:${port}`,
    users: own,
    members: group.members.toReversed(),
    threshold: 3,
    clock,
    logger,
    pollMs: 5,
    timeoutMs: 100,
    ...options,
  });
  signers.push(signer);
  await signer.start(new AbortController().signal);
  return signer;
}
async function receiptsOf(signer: ReturnType<typeof createPayoutSigner>, count: number) {
  while (signer.receipts().length < count) await new Promise<void>((done) => setTimeout(done, 5));
  return signer.receipts();
}
const signsOf = (trace: string) => calls.filter((call) => call.endsWith(`${trace}/sign`)).map((call) => call[0]);

describe("payout signer", () => {
  test("three of four sign, all four see the receipt", async () => {
    const all = await Promise.all(users.map((u) => started([u])));
    let news = 0;
    all[0]?.onNew(() => news++);
    for (const signer of all) signer.setOrders([order(1)]);
    const receipts = await Promise.all(all.map((signer) => receiptsOf(signer, 1)));
    const txHash = `0x${held.get(id(51))?.txHash}` as const;
    for (const [receipt] of receipts) expect(receipt).toEqual({kind: "payoutReceipt", traceId: id(51), txHash});
    expect(news).toBe(1);
    for (const signer of all) {
      expect(signer.judge({kind: "payoutReceipt", traceId: id(51), txHash})).toBe("valid");
      expect(signer.judge({kind: "payoutReceipt", traceId: id(51), txHash: `0x${h(1)}`})).toBe("invalid");
      expect(signer.judge({kind: "payoutReceipt", traceId: id(52), txHash})).toBe("unknown");
    }
    all[0]?.setOrders([]);
    expect(all[0]?.receipts()).toEqual([]);
    expect(all[0]?.judge({kind: "payoutReceipt", traceId: id(51), txHash})).toBe("valid");
  });

  test("one node with several seats signs once for each, and no more than it takes", async () => {
    const signer = await started(users);
    signer.setOrders([order(1)]);
    await receiptsOf(signer, 1);
    expect(signsOf(id(51))).toEqual(["0", "1", "2"]);
    signer.setOrders([order(1), order(2)]); // an order that stays is not begun again
    await receiptsOf(signer, 2);
    expect(calls.filter((call) => call.endsWith("/safe/keys")).length).toBe(2);
    expect(calls.filter((call) => call.endsWith(`/safe/transactions/${id(51)}`)).length).toBe(2);
  });

  test("after a restart nothing is signed twice", async () => {
    const first = await started([user(0)]);
    first.setOrders([order(1)]);
    while (signsOf(id(51)).length < 1) await new Promise<void>((done) => setTimeout(done, 5));
    await first.stop();
    const second = await started([user(0)]);
    second.setOrders([order(1)]);
    const others = await started([user(1), user(2)]);
    others.setOrders([order(1)]);
    await receiptsOf(second, 1);
    expect(second.stats()).toMatchObject({signed: 0, failures: 0});
    expect(signsOf(id(51)).filter((who) => who === "0")).toEqual(["0"]);
  });

  test("a receipt can be judged without the order, after a look", async () => {
    const others = await started(users.slice(1));
    others.setOrders([order(1)]);
    const [receipt] = await receiptsOf(others, 1);
    const signer = await started([user(0)]);
    if (receipt === undefined) throw new Error("no receipt");
    expect(signer.judge(receipt)).toBe("unknown");
    await signer.check(order(1));
    await signer.check(order(49));
    expect(signer.judge(receipt)).toBe("valid");
    expect(signer.receipts()).toEqual([]);
    signer.setOrders([order(1)]);
    expect(signer.receipts()).toEqual([receipt]);
  });

  test("a user that is no member is refused", () => {
    const foreign = {...user(0), app_id: id(9)};
    const create = (own: readonly MixinUserKeys[]) => () =>
      createPayoutSigner({url: "http://127.0.0.1:1", users: own, members: group.members, threshold: 3, clock, logger});
    expect(create([foreign])).toThrow(/NOT_A_MEMBER/);
    expect(create([])).toThrow(/NOT_A_MEMBER/);
  });
});

describe("trouble", () => {
  test("stuck orders, also more of them than are worked on at one time, do not hold up the others", async () => {
    const stuck = Array.from({length: 6}, (_, i) => order(i));
    const bad = {...order(10), amount: 201n};
    front = (call) => (stuck.some(({traceId}) => call.includes(traceId)) ? SILENCE : undefined);
    const signer = await started(users, {concurrency: 2});
    signer.setOrders([...stuck, bad, order(20), order(21)]);
    const receipts = await receiptsOf(signer, 2);
    expect(receipts.map((r) => r.traceId).sort()).toEqual([id(70), id(71)]);
    front = null;
    await receiptsOf(signer, 8);
    expect(signer.stats()).toMatchObject({confirmed: 8, open: 1, signed: 24});
    expect(lines.filter((line) => line.level === "error")).toEqual([
      {level: "error", text: "payout not signed", fields: expect.objectContaining({error: "BAD_ORDER", traceId: id(60)})},
    ]);
  });

  test("no more calls at one time than allowed", async () => {
    let open = 0;
    let most = 0;
    front = (call) => {
      if (!call.includes("/safe/transactions/")) return undefined;
      most = Math.max(most, ++open);
      setTimeout(() => open--, 5);
      return undefined;
    };
    const signer = await started([user(0)], {concurrency: 3, pollMs: 1});
    signer.setOrders(Array.from({length: 30}, (_, i) => order(i)));
    while (signer.stats().signed < 30) await new Promise<void>((done) => setTimeout(done, 5));
    expect(most).toBeLessThanOrEqual(3 + 3); // a call that has just been answered still counts for 5 ms
  });

  const forged: [string, (data: Record<string, unknown>) => object][] = [
    ["another transaction under the trace id", (data) => ({...data, transaction_hash: h(9)})],
    ["other keys in the raw transaction", (data) => ({...data, raw_transaction: String(data["raw_transaction"]).replace(h(201), h(202))})],
    ["other receivers", (data) => ({...data, receivers: [{members: [id(8)], threshold: 1}]})],
    ["another amount", (data) => ({...data, amount: "0.0000016"})],
    ["no views", (data) => ({...data, views: []})],
    ["views that are no scalars", (data) => ({...data, views: ["ff".repeat(32)]})],
  ];
  test.for(forged)("%s: not signed, and named in the log", async ([, forge]) => {
    front = (call, body) => {
      if (!call.endsWith("/safe/multisigs")) return undefined;
      const answer = double(id(1), "/safe/multisigs", body) as {data: Record<string, unknown>[]};
      return {data: answer.data.map(forge)};
    };
    const signer = await started([user(0)]);
    signer.setOrders([order(1)]);
    while (signer.stats().failures < 3) await new Promise<void>((done) => setTimeout(done, 5));
    expect(signsOf(id(51))).toEqual([]);
    expect(lines.length).toBe(1);
    expect(JSON.stringify(lines)).not.toContain(user(0).spend_private_key);
    front = null;
    while (signsOf(id(51)).length === 0) await new Promise<void>((done) => setTimeout(done, 5));
  });

  const garbage: [string, unknown][] = [
    ["an error page", "<html>502</html>"],
    ["half a JSON text", '{"data": {"state'],
    ["null", "null"],
    ["an empty list", {data: []}],
    ["a number", {data: 5}],
    ["the API's error", {error: {status: 202, code: 500, description: "Internal Server Error"}}],
    ["an error without a number", {error: {description: "?"}}],
    ["silence", SILENCE],
  ];
  test.for(garbage)("%s from every call for a while: signed when it is over", {timeout: 20_000}, async ([, answer]) => {
    const paths = ["/safe/transactions/", "/safe/keys", "/safe/multisigs", "/sign"];
    for (const [i, path] of paths.entries()) {
      let times = 3;
      front = (call) => ((call.endsWith(path) || (path.endsWith("/") && call.includes(path))) && times-- > 0 ? answer : undefined);
      const signer = await started(users, {timeoutMs: 30});
      signer.setOrders([order(i)]);
      await receiptsOf(signer, 1);
      expect(times).toBeLessThanOrEqual(0);
      await signer.stop();
    }
  });

  test("a request that is unlocked after the own signature is noticed", async () => {
    const signer = await started([user(0)], {pollMs: 1});
    signer.setOrders([order(1)]);
    while (signsOf(id(51)).length < 1) await new Promise<void>((done) => setTimeout(done, 5));
    const request = held.get(id(51));
    if (request !== undefined) request.revokedBy = id(2);
    const refused = {kind: "payoutRefused", traceId: id(51), buildIndex: 0, reason: "unusable"} as const;
    expect(await receiptsOf(signer, 1)).toEqual([refused]);
    expect(signer.judge(refused)).toBe("valid");
    expect(signer.judge({...refused, buildIndex: 1})).toBe("unknown");
    expect(signer.judge({...refused, reason: "impossible"})).toBe("unknown");
    // the next build of the same inputs is signed in its place
    const builds = [
      {requestId: id(51), voiding: false},
      {requestId: id(61), voiding: false},
    ];
    signer.setOrders([{...order(1), builds, buildIndex: 1}]);
    while (signsOf(id(61)).length < 1) await new Promise<void>((done) => setTimeout(done, 5));
    expect(signer.receipts()).toEqual([]);
  });

  test("a transaction that was spent under the trace id but is not the own one is confirmed with an alarm", async () => {
    const signer = await started([user(0)]);
    signer.setOrders([order(1)]);
    while (signsOf(id(51)).length < 1) await new Promise<void>((done) => setTimeout(done, 5));
    held.set(id(51), {raw: "", txHash: h(77), signers: group.members.slice(1) as string[], revokedBy: ""});
    expect(await receiptsOf(signer, 1)).toMatchObject([{kind: "payoutReceipt", txHash: `0x${h(77)}`}]);
    expect(lines.at(-1)).toMatchObject({level: "error", text: "payout confirmed with another transaction than derived here"});
  });

  test("a stop ends calls that hang", async () => {
    front = () => SILENCE;
    const signer = await started(users, {timeoutMs: 60_000});
    signer.setOrders([order(1), order(2)]);
    while (calls.length < 2) await new Promise<void>((done) => setTimeout(done, 5));
    const before = performance.now();
    await signer.stop();
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(lines).toEqual([]);
  });
});
