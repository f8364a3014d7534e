import {randomUUID} from "node:crypto";
import {setTimeout as sleep} from "node:timers/promises";
import {MvmClient, type PaymentStatus} from "../src/sdk/client.ts";
import {decimal} from "../src/sdk/payment.ts";
import {encodeMemo, PURPOSE} from "../src/types/operation.ts";
import {ASSET, type Testnet} from "./launcher.ts";
import {balanceOf, type DevnetUser, pay, sdkOf} from "./mixin/client.ts";
import type {Tell} from "./report.ts";

const STEP_MS = 60_000;
const LOOK_MS = 20;
const AMOUNT = "1.5";

/** The way of a message to an app. */
const PATH = ["observed", "decided", "certified", "submitted", "delivered"];

const PHASES: Record<string, string> = {
  deal: "every validator deals shares to all others, in blocks",
  complain: "whoever got a bad share can prove it",
  ack: "every seat signs that it holds its share",
};

/**
 * The main job once: the developer registers the demo app, a user pays it, the app sends the money back. Both pay with the
 * unmodified Mixin SDK. Rejects where a stage does not come within a minute.
 */
export async function runDemo(net: Testnet, tell: Tell, signal: AbortSignal): Promise<void> {
  await groupIsActive(net, tell, signal);
  if (!net.registered) {
    await register(net, tell, signal);
    net.markRegistered();
  }
  await payAndReturn(net, tell, signal);
}

async function groupIsActive(net: Testnet, tell: Tell, signal: AbortSignal): Promise<void> {
  const started = performance.now();
  const client = new MvmClient(net.apis[0] ?? "");
  const deadline = started + STEP_MS;
  let phase = "";
  for (;;) {
    signal.throwIfAborted();
    const status = await client.status();
    const dkg = String(status["dkg"]);
    if (dkg !== phase && dkg in PHASES)
      tell({event: "step", name: `dkg ${dkg}`, text: `group key: ${PHASES[dkg]}`, ms: performance.now() - started});
    phase = dkg;
    if (status["active"] === true) {
      const text = `group key made by the validators in ${status["keyHeight"]} blocks, and the group contract activated by their quorum`;
      tell({event: "step", name: "active", text, ms: performance.now() - started});
      return;
    }
    if (performance.now() > deadline) throw new Error(`the group contract is not active; DKG: ${status["dkg"]}`);
    await sleep(100, undefined, {signal});
  }
}

async function register(net: Testnet, tell: Tell, signal: AbortSignal): Promise<void> {
  const process = net.developer.app_id;
  const memo = encodeMemo({purpose: PURPOSE.register, process, platform: "quorum", address: net.echo, extra: new Uint8Array(0)});
  await follow(net, {name: "register", from: net.developer, amount: "0.01", memo, until: ["registered"]}, tell, signal);
}

async function payAndReturn(net: Testnet, tell: Tell, signal: AbortSignal): Promise<void> {
  const process = net.developer.app_id;
  const before = await balanceOf(net.mixin, net.user, ASSET.asset_id);
  const extra = new TextEncoder().encode("hello, contract");
  const memo = encodeMemo({purpose: PURPOSE.message, process, platform: "", address: "", extra});
  const started = performance.now();
  await follow(net, {name: "pay", from: net.user, amount: AMOUNT, memo, until: ["delivered"]}, tell, signal);
  await moneyIsBack(net, before, signal);
  const returned = await lastReceived(net);
  tell({
    event: "stage",
    payment: "pay",
    stage: "returned",
    ms: performance.now() - started,
    detail: {amount: AMOUNT, asset: ASSET.symbol, memo: returned},
  });
  for (const [who, user] of [
    ["user", net.user],
    ["developer", net.developer],
  ] as const)
    tell({event: "balance", who, asset: ASSET.symbol, amount: decimal(await balanceOf(net.mixin, user, ASSET.asset_id))});
}

/** Pays the group and tells each stage as the first node that runs shows it. */
async function follow(
  net: Testnet,
  payment: {name: "register" | "pay"; from: DevnetUser; amount: string; memo: string; until: readonly string[]},
  tell: Tell,
  signal: AbortSignal,
): Promise<void> {
  const {name, from, amount, memo, until} = payment;
  const requestId = randomUUID();
  const {members, threshold} = net;
  await pay(net.mixin, from, {members, threshold, asset: ASSET.asset_id, amount, memo, requestId});
  const sentMs = Date.now();
  const show = async (stage: string, status: PaymentStatus, atMs: number) =>
    tell({event: "stage", payment: name, stage, ms: Math.max(0, atMs - sentMs), detail: await detailOf(net, stage, status)});
  tell({event: "stage", payment: name, stage: "sent", ms: 0, detail: {amount: `${amount} ${ASSET.symbol}`, request: requestId}});
  let last = "";
  while (!until.includes(last)) {
    signal.throwIfAborted();
    const status = await statusOf(net, requestId);
    const now = Date.now();
    // decided and without a nonce: the sender gets a mask first
    const waits = status?.stage === "decided" && status.nonce === null;
    if (status !== null && !waits && status.stage !== last) {
      for (const {stage, atMs} of await passedBetween(net, last, status)) await show(stage, status, atMs);
      last = status.stage;
      await show(last, status, timeOf(last, status["times"]) ?? now);
      if (["refunding", "refunded", "held", "parked"].includes(last))
        throw new Error(`the payment was ${last}: ${status.reason ?? "the app failed"}`);
    }
    if (now - sentMs > STEP_MS) throw new Error(`no stage after "${last || "sent"}" within a minute`);
    await sleep(LOOK_MS, undefined, {signal});
  }
}

/** Stages that went by between two looks, each with the time at which a node saw it. */
async function passedBetween(net: Testnet, before: string, status: PaymentStatus): Promise<{stage: string; atMs: number}[]> {
  const passed = PATH.slice(PATH.indexOf(before) + 1, Math.max(0, PATH.indexOf(status.stage)));
  if (passed.length === 0) return [];
  const times = await timesOf(net, status.outputId);
  return passed.flatMap((stage) => {
    const atMs = timeOf(stage, times);
    return atMs === null ? [] : [{stage, atMs}];
  });
}

/** Milliseconds since 1970, where `times` tells this stage. */
function timeOf(stage: string, times: unknown): number | null {
  const atMs = ((times ?? {}) as Record<string, unknown>)[`${stage}Ms`];
  return typeof atMs === "number" ? atMs : null;
}

/** What all nodes together know of when it happened, and of the transaction, which only its sender knows. */
async function timesOf(net: Testnet, outputId: string): Promise<Record<string, unknown>> {
  const seen = await Promise.all(net.apis.map((api) => new MvmClient(api).payment(outputId).catch(() => null)));
  return Object.assign({}, ...seen.reverse().map((status) => status?.["times"]));
}

/** Asks the nodes in turn: one that has been killed does not answer. */
async function statusOf(net: Testnet, id: string): Promise<PaymentStatus | null> {
  let failure: unknown = null;
  for (const api of net.apis) {
    try {
      return await new MvmClient(api).payment(id);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function detailOf(net: Testnet, stage: string, status: PaymentStatus): Promise<Record<string, unknown>> {
  const {height, nonce} = status;
  if (height === null || height === undefined) return {};
  if (stage === "decided" || stage === "registered") {
    const block = await firstAnswer(net, (client) => client.block(Number(height)));
    const {proposer} = (block?.["header"] ?? {}) as {proposer?: string};
    return {height, ...(nonce !== null && {nonce}), proposer};
  }
  const certificate = status["certificate"];
  if (stage === "certified" && typeof certificate === "string") return {height, round: status["round"], certificate};
  const {txHash, gasUsed} = await timesOf(net, status.outputId);
  return {height, ...(txHash !== undefined && {tx: txHash}), ...(gasUsed !== undefined && {gas: gasUsed})};
}

async function firstAnswer<T>(net: Testnet, ask: (client: MvmClient) => Promise<T>): Promise<T | null> {
  for (const api of net.apis) {
    try {
      return await ask(new MvmClient(api));
    } catch {}
  }
  return null;
}

async function moneyIsBack(net: Testnet, before: bigint, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + STEP_MS;
  while ((await balanceOf(net.mixin, net.user, ASSET.asset_id)) < before) {
    signal.throwIfAborted();
    if (performance.now() > deadline) throw new Error("the money did not come back within a minute");
    await sleep(LOOK_MS, undefined, {signal});
  }
}

/** The memo of the newest output that the user has received. */
async function lastReceived(net: Testnet): Promise<string> {
  const outputs = await sdkOf(net.mixin, net.user).utxo.safeOutputs({
    members: [net.user.app_id],
    threshold: 1,
    state: "unspent",
    limit: 500,
  });
  return Buffer.from(outputs.at(-1)?.extra ?? "", "hex").toString();
}
