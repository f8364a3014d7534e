import {once} from "node:events";
import {createServer, type Server, type ServerResponse} from "node:http";
import type {AddressInfo} from "node:net";
import {getED25519KeyPair} from "@mixin.dev/mixin-node-sdk";
import {afterEach, beforeEach, describe, expect, test} from "vitest";
import type {Clock, Logger} from "../ports/system.ts";
import {groupOf, type MixinUserKeys} from "./client.ts";
import {createOutputFeed, type OutputFeedOptions} from "./output-feed.ts";

/** A clock that moves when the test says so; timers never fire, so that every poll is one that the test asks for. */
let nowMs = 0;
const clock: Clock = {now: () => nowMs, after: () => () => {}};
const lines: {level: string; text: string; fields: object | undefined}[] = [];
const at = (level: string) => (text: string, fields?: object) => void lines.push({level, text, fields});
const logger: Logger = {debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), child: () => logger};

const id = (n: number) => `00000000-0000-4000-8000-${`${n}`.padStart(12, "0")}`;
const group = groupOf([id(1), id(2), id(3), id(4)], 3);
const pair = getED25519KeyPair();
const user: MixinUserKeys = {
  app_id: id(1),
  session_id: id(100),
  server_public_key: Buffer.from(pair.publicKey).toString("hex"),
  session_private_key: Buffer.from(pair.seed).toString("hex"),
  spend_private_key: Buffer.from(pair.seed).toString("hex"),
};

interface Row {
  readonly sequence: number;
  readonly [field: string]: unknown;
}
const row = (n: number, change: object = {}): Row => ({
  output_id: id(1_000 + n),
  transaction_hash: `${n}`.padStart(64, "0"),
  output_index: 0,
  asset_id: id(500),
  amount: "1",
  receivers_hash: group.hash.slice(2),
  receivers_threshold: 3,
  senders: [id(600)],
  senders_threshold: 1,
  extra: "",
  sequence: n,
  request_id: id(2_000 + n),
  created_at: "2024-01-02T03:04:05.000000001Z",
  ...change,
});

/** What the API holds, and how it answers: by the rows, or by what a test puts in front. */
let rows: Row[] = [];
let requests: URLSearchParams[] = [];
let answer: ((response: ServerResponse, url: URL) => boolean) | null = null;
let server: Server;
let feeds: ReturnType<typeof createOutputFeed>[] = [];

beforeEach(async () => {
  [nowMs, rows, requests, answer, feeds, lines.length] = [1_000, [], [], null, [], 0];
  server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://local");
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (answer?.(response, url)) return;
      const ok = (data: unknown) => response.setHeader("content-type", "application/json").end(JSON.stringify({data}));
      if (url.pathname === "/safe/outputs/fetch") {
        const {ids} = JSON.parse(Buffer.concat(chunks).toString()) as {ids: string[]};
        return ok(rows.filter((r) => ids.includes(String(r["output_id"]))));
      }
      requests.push(url.searchParams);
      const from = Number(url.searchParams.get("offset"));
      const found = rows.filter((r) => r.sequence >= from).sort((a, b) => a.sequence - b.sequence);
      return ok(found.slice(0, Number(url.searchParams.get("limit"))));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  for (const feed of feeds) await feed.stop();
  server.closeAllConnections();
  server.close();
});

async function started(options: Partial<OutputFeedOptions> = {}) {
  const {port} = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const feed = createOutputFeed({
    url,
    user,
    members: group.members.toReversed(),
    threshold: 3,
    fromSequence: 0n,
    clock,
    logger,
    timeoutMs: 200,
    ...options,
  });
  feeds.push(feed);
  await feed.start(new AbortController().signal);
  await feed.poll();
  return feed;
}
const seen = (feed: ReturnType<typeof createOutputFeed>) => feed.undecided(10_000).map(({output}) => Number(output.sequence));

describe("output feed", () => {
  test("asks for the group's outputs of all states, ascending, from the last one seen on", async () => {
    rows = [row(5), row(9)];
    const feed = await started({fromSequence: 5n});
    let calls = 0;
    feed.onNew(() => calls++);
    expect(seen(feed)).toEqual([5, 9]);
    rows.push(row(12));
    await feed.poll();
    expect([seen(feed), calls]).toEqual([[5, 9, 12], 1]);
    await feed.poll();
    expect(calls).toBe(1);
    expect(Object.fromEntries(requests.at(-1) ?? [])).toEqual({
      members: group.hash.slice(2),
      threshold: "3",
      offset: "12",
      limit: "500",
      order: "ASC",
    });
  });

  test("reads page after page, each output once", async () => {
    rows = Array.from({length: 1_300}, (_, i) => row(3 * i + 1));
    const feed = await started();
    expect(seen(feed)).toEqual(rows.map((r) => r.sequence));
    expect(requests.length).toBeGreaterThanOrEqual(3);
  });

  test("an output that appears below the watermark is found by the second reading, and by its id", async () => {
    rows = [row(10), row(20), row(30)];
    const feed = await started({overlapMs: 5_000});
    rows.push(row(15), row(16));
    await feed.poll();
    expect(seen(feed)).toEqual([10, 20, 30]);
    await feed.fetch([id(1_016), id(1_999)]);
    answer = (response, url) => {
      if (url.pathname !== "/safe/outputs/fetch") return false;
      response.setHeader("content-type", "application/json").end(JSON.stringify({data: [row(17)]}));
      return true;
    };
    await feed.fetch([id(1_018)]); // what was not asked for is not taken
    expect(seen(feed)).toEqual([10, 16, 20, 30]);
    nowMs += 5_000;
    await feed.poll();
    expect(seen(feed)).toEqual([10, 15, 16, 20, 30]);
    expect(feed.stats()).toMatchObject({late: 1, undecided: 5, watermark: 30n});
  });

  test("what is decided is gone, and stays so", async () => {
    rows = [row(1), row(2), row(3)];
    const feed = await started({isDecided: (uuid) => uuid === id(1_003)});
    expect(seen(feed)).toEqual([1, 2]);
    const [first] = feed.undecided(1);
    feed.decided(first === undefined ? [] : [first.output]);
    nowMs += 10_000;
    await feed.poll();
    expect(seen(feed)).toEqual([2]);
    expect([1_001, 1_002, 1_003, 1_004].map((n) => feed.knows(id(n)))).toEqual([true, true, true, false]);
    const [second] = feed.undecided(1);
    feed.decided(second === undefined ? [] : [{...second.output, amount: 7n}]);
    expect(feed.stats().contradictions).toBe(1);
    expect(lines.at(-1)).toMatchObject({level: "error", fields: {outputId: id(1_002)}});
  });

  test("full, it reads nothing more until there is room, and then loses nothing", async () => {
    rows = Array.from({length: 30}, (_, i) => row(i + 1));
    const feed = await started({undecidedMax: 10});
    expect(seen(feed)).toEqual(rows.slice(0, 10).map((r) => r.sequence));
    const before = requests.length;
    await feed.poll();
    expect(requests.length).toBe(before);
    feed.decided(feed.undecided(6).map(({output}) => output));
    await feed.poll();
    expect(seen(feed)).toEqual([7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
  });
});

describe("bad answers", () => {
  test("broken entries are counted, logged once, and hide nothing behind them", async () => {
    const broken: unknown[] = [
      null,
      5,
      "text",
      [],
      {},
      row(11, {amount: "x"}),
      row(12, {output_id: null}),
      row(13, {receivers_hash: "00".repeat(32)}),
      row(14, {created_at: "never"}),
      row(15, {sequence: undefined}),
    ];
    answer = (response, url) => {
      if (url.pathname !== "/safe/outputs") return false;
      response.setHeader("content-type", "application/json").end(JSON.stringify({data: [row(10), ...broken, row(20)]}));
      return true;
    };
    const feed = await started();
    expect(seen(feed)).toEqual([10, 20]);
    expect(feed.stats()).toMatchObject({failures: 0, watermark: 20n});
    const polls = feed.stats().polls;
    expect(feed.stats().badEntries).toBe(broken.length * polls);
    const warned = lines.length;
    await feed.poll();
    expect(lines.length).toBe(warned);
    expect(feed.stats().badEntries).toBe(broken.length * (polls + 1));
  });

  test("a full page of broken entries is passed over within one poll", async () => {
    rows = [...Array.from({length: 700}, (_, i) => row(i + 1, {amount: "x"})), row(900)];
    expect(seen(await started())).toEqual([900]);
  });

  test("an API that gives one full page whatever it is asked for is not asked for ever", async () => {
    const page = JSON.stringify({data: Array.from({length: 500}, (_, i) => row(i + 1))});
    let asked = 0;
    answer = (response) => {
      asked++;
      response.setHeader("content-type", "application/json").end(page);
      return true;
    };
    const feed = await started();
    expect(seen(feed).length).toBe(500);
    const before = asked;
    await feed.poll();
    expect(asked - before).toBe(1);
  });

  const answers: [string, (response: ServerResponse) => void][] = [
    ["500", (r) => r.writeHead(500).end("oops")],
    ["404 page", (r) => r.writeHead(404, {"content-type": "text/html"}).end("<html>")],
    [
      "the API's error",
      (r) => r.writeHead(202, {"content-type": "application/json"}).end('{"error":{"status":202,"code":10002,"description":"bad"}}'),
    ],
    [
      "401",
      (r) => r.writeHead(401, {"content-type": "application/json"}).end('{"error":{"status":401,"code":401,"description":"Unauthorized"}}'),
    ],
    ["no JSON", (r) => r.setHeader("content-type", "application/json").end('{"data": [')],
    ["JSON null", (r) => r.setHeader("content-type", "application/json").end("null")],
    ["an object for a list", (r) => r.setHeader("content-type", "application/json").end('{"data": {}}')],
    [
      "too many entries",
      (r) => r.setHeader("content-type", "application/json").end(JSON.stringify({data: Array.from({length: 501}, () => ({}))})),
    ],
    ["an endless body", (r) => pour(r)],
    ["silence", () => undefined],
    ["half an answer", (r) => r.writeHead(200, {"content-length": "1000"}).write("{")],
    ["a hang-up", (r) => r.destroy()],
  ];
  test.for(answers)("%s: counted, and the next poll goes on", {timeout: 20_000}, async ([, send]) => {
    rows = [row(1)];
    answer = (response) => {
      send(response);
      return true;
    };
    const feed = await started();
    await feed.fetch([id(1_001)]);
    expect(seen(feed)).toEqual([]);
    expect(feed.stats().failures).toBe(feed.stats().polls + 1);
    expect(JSON.stringify(lines)).not.toContain(user.session_private_key);
    expect(JSON.stringify(lines)).not.toContain("Bearer");
    answer = null;
    await feed.poll();
    expect(seen(feed)).toEqual([1]);
  });

  test("a stop ends a call that hangs", async () => {
    answer = () => true;
    const {port} = server.address() as AddressInfo;
    const options = {
      url: `http://127.0.0.1:${port}`,
      user,
      members: group.members,
      threshold: 3,
      fromSequence: 0n,
      clock,
      logger,
      timeoutMs: 60_000,
    };
    const feed = createOutputFeed(options);
    await feed.start(new AbortController().signal);
    await once(server, "request");
    const before = performance.now();
    await feed.stop();
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(lines).toEqual([]);
  });
});

/** More than any answer may have, until the other side hangs up. */
function pour(response: ServerResponse): void {
  response.setHeader("content-type", "application/json");
  const chunk = Buffer.alloc(1 << 20, 0x20);
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on("drain", more);
  more();
}
