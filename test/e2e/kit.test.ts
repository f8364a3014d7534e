import {execFile} from "node:child_process";
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {promisify} from "node:util";
import type {Browser, Page} from "playwright-core";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {buildKit, buildLibraries} from "../../scripts/build.ts";
import {compileContracts} from "../../scripts/compile.ts";
import {fromHex, utf8} from "../../src/base/bytes.ts";
import {encodeMemo, encodeRawMemo, type Operation, PURPOSE} from "../../src/types/operation.ts";
import {runDemo} from "../../testnet/demo.ts";
import {LiveTestnet} from "../../testnet/kit/live.ts";
import type {RunningTestnet} from "../../testnet/kit/running.ts";
import {ASSET} from "../../testnet/launcher.ts";
import {CHROMIUM, openBrowser} from "../support/browser.ts";
import {payGroup, stageOf, startNetwork, type TestNetwork} from "./network.ts";
import {ROOT, until} from "./processes.ts";

const SETTLE_MS = 30_000;
const run = promisify(execFile);
const dir = mkdtempSync(join(tmpdir(), "mvm-kit-"));
const running = join(dir, "testnet.json");
let network: TestNetwork;
beforeAll(async () => {
  compileContracts();
  await Promise.all([buildLibraries(), buildKit()]);
  network = await startNetwork("--validators", "4");
  writeFileSync(running, JSON.stringify(ready()));
  await runDemo(network.net, network.tell, AbortSignal.timeout(90_000));
}, 300_000);
afterAll(async () => {
  await network?.stop();
  rmSync(dir, {recursive: true, force: true});
}, 30_000);
const ready = () => network.told.find((report) => report.event === "ready") as unknown as RunningTestnet;

const operation = (change: Partial<Operation> = {}): Operation => ({
  purpose: PURPOSE.message,
  process: network.net.developer.app_id,
  platform: "",
  address: "",
  extra: utf8("hello"),
  ...change,
});
/** Pays from the user and waits for the stage at validator 0, which serves the explorer. */
async function paid(amount: string, memo: string | Uint8Array, stage: string): Promise<string> {
  const id = await payGroup(network.net, network.net.user, amount, memo);
  await stageOf(network.client(0), id, stage, SETTLE_MS);
  return id;
}

describe("what became of a payment, in words", () => {
  test("a memo that is none", async () => {
    const status = await network.client(0).payment(await paid("0.2", "good morning", "refunded"));
    expect(status).toMatchObject({
      reason: "BAD_MEMO",
      words: {means: expect.stringContaining("The memo is not an Operation"), cure: expect.stringContaining("encodeMemo")},
      times: {createdMs: expect.any(Number), observedMs: expect.any(Number), decidedMs: expect.any(Number), refundedMs: expect.any(Number)},
    });
  }, 60_000);

  test("a message whose app is not there", async () => {
    const process = network.net.user.app_id;
    const address = `0x${"00".repeat(19)}99`;
    await paid("0.5", encodeMemo(operation({purpose: PURPOSE.register, process, address, extra: new Uint8Array(0)})), "registered");
    const status = await network.client(0).payment(await paid("0.3", encodeMemo(operation({process})), "parked"));
    expect(status).toMatchObject({
      failure: {text: `NotCallable(app: ${address})`},
      words: {means: expect.stringContaining("The app failed"), cure: expect.stringContaining("retry(")},
      times: {parkedMs: expect.any(Number)},
    });
  }, 60_000);

  test("a message that the app paid back", async () => {
    const id = await paid("0.75", encodeRawMemo(operation({extra: new Uint8Array(215)})), "delivered");
    await until(
      async () => ((await network.client(0).payment(id))?.["refundByApp"] as {stage?: string} | null)?.stage === "paid",
      "the app's own refund",
      SETTLE_MS,
    );
    expect(await network.client(0).payment(id)).toMatchObject({words: {means: expect.stringContaining("paid it back")}});
  }, 60_000);

  test("the newest first, both ways, in pages", async () => {
    type Listed = {items: {direction: string; index: number | null; stage: string}[]; next: number | null};
    const page = async (query: string) => {
      const {items, next} = (await network.client(0).get(`/v1/activity?${query}`)) as unknown as Listed;
      return {items: items.filter((item) => item.index !== null), next}; // what is only seen has no place yet
    };
    const all = await page("limit=200");
    expect(new Set(all.items.map((item) => item.direction))).toEqual(new Set(["in", "out"]));
    expect(all.next).toBeNull();
    const seen: (number | null)[] = [];
    for (let next: number | null = null, first = true; first || next !== null; first = false) {
      const {items, next: rest}: Listed = await page(`limit=2${next === null ? "" : `&before=${next}`}`);
      seen.push(...items.map((item) => item.index));
      next = rest;
    }
    expect(seen).toEqual(all.items.map((item) => item.index));
    expect(seen).toEqual([...seen].sort((a, b) => Number(b) - Number(a)));
  });
});

describe("the pages of the docs, as a reader follows them", () => {
  const page = (name: string) => readFileSync(join(ROOT, "docs", name), "utf8");
  const blocks = (name: string, language: string) =>
    [...page(name).matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map(([, text = ""]) => text);

  test("first-app.md: from nothing to an app that was paid", {timeout: 180_000}, async () => {
    const script = blocks("first-app.md", "sh").join("").replaceAll("../my-app", join(dir, "my-app"));
    expect(script).toContain("create-app");
    const {stdout} = await run("sh", ["-e", "-c", script.replace(/^npm run pay -- "cheap".*$/m, "")], {
      cwd: ROOT,
      env: {...process.env, MVM_TESTNET: running},
    });
    expect(stdout).toMatch(/^# pass 3$/m);
    expect(stdout).toMatch(/registered/);
    expect(stdout).toMatch(
      /ms {2}delivered +height \d+, message 0 of the app\nthe guestbook has 1 entries\nsee http.*#\/payment\/[0-9a-f-]{36}\n/,
    );
    const cheap = await run("npm", ["run", "pay", "--", "cheap", "0.3"], {
      cwd: join(dir, "my-app"),
      env: {...process.env, MVM_TESTNET: running},
    });
    expect(cheap.stdout).toMatch(/the guestbook has 1 entries/);
  });

  test("wallets.md: link, memo, status and proof", {timeout: 60_000}, async () => {
    const {net} = network;
    const client = network.client(1);
    const process = net.developer.app_id;
    const trace = await payGroup(net, net.user, "1.5", encodeMemo(operation()));
    const {networkId, groupKeyEip2537: groupKey} = await client.status();
    const given = {
      process,
      members: net.members,
      threshold: net.threshold,
      asset: ASSET.asset_id,
      trace,
      api: net.apis[1],
      networkId,
      groupKey,
    };
    const code = [
      `const {${Object.keys(given).join(", ")}} = ${JSON.stringify(given)};`,
      ...blocks("wallets.md", "js"),
      "console.log(uri);",
    ].join("\n");
    const {stdout} = await run(globalThis.process.execPath, ["--input-type=module", "-e", code], {cwd: ROOT});
    expect(stdout).toContain("the memo is no base64url text");
    expect(stdout).toContain("delivered The group contract has run the app");
    expect(stdout).toContain("the group decided this block");
    expect(stdout).toMatch(/https:\/\/mixin.one\/pay\/MIX\w+\?asset=.*&amount=1.5&memo=/);
  });
});

describe("the examples on the testnet", () => {
  const open = (name: string) => new LiveTestnet(join(ROOT, "examples", name), ready());
  const published: string[] = [];
  afterAll(() => {
    for (const file of published) rmSync(file, {force: true});
  });
  async function publish(net: LiveTestnet, folder: string, name: string, args: readonly unknown[] = []) {
    published.push(join(ROOT, "examples", folder, `.${name}.testnet.json`));
    return net.publish(name, {args});
  }

  test("vault: what was paid in comes out again, and no more", {timeout: 90_000}, async () => {
    const net = open("vault");
    const app = await publish(net, "vault", "Vault");
    const user = await net.createUser("saver", "10");
    const take = (units: bigint) => fromHex(`0x${units.toString(16).padStart(32, "0")}`);
    await net.pay(app, {from: user, amount: "4"});
    await net.pay(app, {from: user, amount: "1", extra: take(300_000_000n)});
    await net.hasBalance("8", user);
    await net.pay(app, {from: user, amount: "1", extra: take(400_000_000n)});
    await net.hasBalance("8", user);
    net.close();
  });

  test("poll: payments of many at once, counted in one order", {timeout: 90_000}, async () => {
    const net = open("poll");
    const app = await publish(net, "poll", "Poll", [2, 2]);
    const voters = await Promise.all([0, 1, 2, 3].map((i) => net.createUser(`voter ${i}`, "1")));
    const votes = await Promise.all(voters.map((from, i) => net.pay(app, {from, amount: "0.1", extra: Uint8Array.of(i % 2)})));
    const order = votes.map(({nonce}, i) => ({nonce: Number(nonce), option: i % 2})).sort((a, b) => a.nonce - b.nonce);
    expect(order.map(({nonce}) => nonce)).toEqual([0, 1, 2, 3]);
    // of two votes each, the option whose second vote came first
    const winner = order.find(({option}, i) => order.slice(0, i).some((before) => before.option === option))?.option;
    expect(Number(await app.contract.getFunction("winner")())).toBe(winner);
    for (const voter of voters) await net.hasBalance("1", voter);
    net.close();
  });
});

describe.skipIf(CHROMIUM === null)("the explorer in a browser", () => {
  let browser: Browser;
  const complaints: string[] = [];
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  async function open(options: Parameters<Browser["newContext"]>[0] = {}): Promise<Page> {
    const page = await (await browser.newContext(options)).newPage();
    page.on("console", (message) => message.type() !== "log" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => {
      if (!request.url().startsWith(String(network.net.apis[0])) && !request.url().startsWith("data:"))
        complaints.push(`asks ${request.url()}`);
    });
    await page.goto(`${network.net.apis[0]}/`);
    await page.locator(".list tbody tr").first().waitFor();
    return page;
  }

  test("a payment appears by itself, and its journey is a click away", async () => {
    const page = await open();
    const rows = page.locator(".list tbody tr");
    const id = await payGroup(network.net, network.net.user, "3.14159265", encodeMemo(operation()));
    const row = rows.filter({hasText: "3.14159265 XIN"}).filter({has: page.locator(".arrow.in")});
    await row.filter({hasText: "delivered"}).waitFor({timeout: SETTLE_MS});
    await row.click();
    await page.getByRole("heading", {name: "3.14159265 XIN"}).waitFor();
    await page.getByRole("img", {name: "Journey so far: Paid, Seen, Decided, Certified, Submitted, App ran"}).waitFor();
    expect(await page.getByText(id).count()).toBe(1);
    await page.context().close();
  }, 60_000);

  test("the certificate is verified in the page, and not with another key", async () => {
    const page = await open();
    const rows = page
      .locator(".list tbody tr")
      .filter({has: page.locator(".arrow.in")})
      .filter({hasText: "delivered"});
    await rows.first().click();
    await page.getByRole("link", {name: /with its certificate/}).click();
    await page.getByText("Verified in this browser").waitFor();
    const key = page.getByRole("textbox", {name: "Group key"});
    const own = await key.inputValue();
    const generator = "0x97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb";
    await key.fill(generator);
    await page.getByText("Does not verify").waitFor();
    await key.fill(String((await network.client(1).status())["groupKeyEip2537"]));
    await page.getByText("Verified in this browser").waitFor();
    expect(own).toMatch(/^0x[0-9a-f]{96}$/);
    await page.context().close();
  }, 60_000);

  test("validators, a failure in words, and what there is not", async () => {
    const page = await open();
    await page.getByRole("link", {name: "Validators"}).click();
    await page.locator(".validator").nth(3).waitFor();
    expect(await page.locator(".validator", {hasText: "connected"}).count()).toBe(4);
    await page.getByRole("link", {name: "Payments"}).click();
    await page.locator(".list tbody tr", {hasText: "parked"}).click();
    await page.getByText("NotCallable(app: 0x").waitFor();
    const find = page.getByRole("searchbox");
    await find.fill("0f1e2d3c-4b5a-3697-8877-665544332211");
    await find.press("Enter");
    await page.getByText("This node has seen no such payment").waitFor();
    await find.fill("1");
    await find.press("Enter");
    await page.getByRole("heading", {name: "Block 1"}).waitFor();
    await page.getByText("No group certificate").waitFor();
    await page.context().close();
  }, 60_000);

  test.for([
    ["phone", 390],
    ["small phone", 320],
    ["tablet", 768],
    ["desktop", 1280],
  ] as const)("nothing is wider than the %s", {timeout: 60_000}, async ([, width]) => {
    const page = await open({viewport: {width, height: 800}});
    const parked = ((await network.client(0).get("/v1/activity?limit=100")) as {items?: {stage: string; outputId: string}[]}).items?.find(
      (item) => item.stage === "parked",
    );
    for (const hash of [
      "#/",
      "#/validators",
      `#/payment/${parked?.outputId}`,
      `#/block/${(await network.client(0).payment(parked?.outputId ?? ""))?.height}`,
    ]) {
      await page.goto(`${network.net.apis[0]}/${hash}`);
      await page.locator(".card").first().waitFor();
      expect(await page.evaluate("document.documentElement.scrollWidth"), hash).toBe(width);
    }
    await page.context().close();
  });

  test("nothing broke the policy, failed, or asked anybody else", () => {
    const own = "Failed to load resource: the server responded with a status of 404 (Not Found)"; // the payment that there is not
    expect(complaints.filter((text) => text !== own)).toEqual([]);
  });
});
