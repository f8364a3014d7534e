import {dataSlice} from "ethers";
import type {Chain, Deployed} from "./chain.ts";
import {proofOf} from "./events.ts";
import {ALICE, activeGroup, BTC, certificateArgs, close, credit, type Group, PARK, register, STATES, STRICT, uuid} from "./group.ts";

type State = (typeof STATES)[number];
type Log = {topics: string[]; data: string};

/** Where a message may go from where it is; whatever is not here never changes again. */
const NEXT: Record<string, readonly State[]> = {
  unknown: ["queued", "delivered", "parked"],
  queued: ["delivered", "parked", "returned", "credited"],
  parked: ["delivered", "returned", "credited"],
};
const NOBODY = `0x${"00".repeat(16)}`;
const ASSETS = [BTC, uuid("second asset")];
const DEADLINE = 10n ** 11n;
const GAS_MAX = 16_777_216;

interface Message {
  readonly event: string;
  readonly asset: string;
  readonly amount: bigint;
  readonly sender: string;
}
interface Lane {
  readonly process: string;
  readonly policy: number;
  app: Deployed;
  /** All that were certified, by nonce. */
  readonly messages: Message[];
  states: State[];
  /** By asset: credited without a message, and paid out or back. */
  readonly credited: Map<string, bigint>;
  readonly out: Map<string, bigint>;
  sent: bigint;
  open: boolean;
  /** First nonce since it was registered, or closed, last. */
  base: number;
}

/** Numbers from a seed. [mulberry32] */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/**
 * Calls a group contract at random, as validators, apps and strangers may, and after each call holds what the contract says
 * against what must always be so. Throws an error that names seed, step and call.
 */
export class Fuzz {
  /** How often each call succeeded, and reverted. */
  readonly calls = new Map<string, [number, number]>();
  readonly #chain: Chain;
  readonly #group: Group;
  readonly #lanes: Lane[] = [];
  readonly #random: (below: number) => number;
  /** Calls to be tried again. */
  readonly #old: [string, unknown[]][] = [];
  /** Committed messages that were not executed yet, in order. */
  readonly #committed: {lane: Lane; call: unknown[]}[] = [];
  #paused = false;
  #logsFrom = 0;

  private constructor(chain: Chain, group: Group, seed: number) {
    this.#chain = chain;
    this.#group = group;
    this.#random = randomOf(seed);
  }

  static async run(chain: Chain, seed: number, steps: number): Promise<Fuzz> {
    const fuzz = new Fuzz(chain, await activeGroup(chain), seed);
    await fuzz.#open("strict", STRICT, "UnrulyReceiver");
    await fuzz.#open("park", PARK, "UnrulyReceiver");
    await fuzz.#open("app", STRICT, "FailingApp");
    fuzz.#logsFrom = Number(await chain.rpc<string>("eth_blockNumber")) + 1;
    for (let step = 0; step < steps; step++) {
      const name = fuzz.#pick(CALLS);
      try {
        await fuzz.#call(name);
        await fuzz.#check();
      } catch (error) {
        throw new Error(`seed ${seed}, step ${step}, ${name}: ${error instanceof Error ? error.message : error}`, {cause: error});
      }
    }
    return fuzz;
  }

  async #open(name: string, policy: number, contract: "UnrulyReceiver" | "FailingApp"): Promise<void> {
    const process = uuid(name);
    const args = contract === "FailingApp" ? [this.#group.contract.address, process] : [this.#group.contract.address];
    const app = await this.#chain.deploy(contract, args);
    await this.#group.deliver({system: [register(process, app.address, policy)]});
    this.#lanes.push({process, policy, app, messages: [], states: [], credited: new Map(), out: new Map(), sent: 0n, open: true, base: 0});
  }

  #pick<T>(list: readonly T[]): T {
    const item = list[this.#random(list.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  async #call(name: (typeof CALLS)[number]): Promise<void> {
    switch (name) {
      case "deliver":
      case "deliverByVotes":
        return this.#deliver(name);
      case "commit":
        return this.#commit();
      case "execute":
        return this.#execute();
      case "retry":
      case "giveBack":
        return this.#finish(name);
      case "send":
        return this.#send();
      case "mode":
        return this.#mode();
      case "pause":
        if (this.#paused || this.#random(3) === 0) await this.#pause();
        return;
      case "wait":
        await this.#chain.rpc("evm_increaseTime", 5 + this.#random(20));
        return;
      case "credit":
        return this.#credit();
      case "reopen":
        return this.#reopen();
      case "replay":
        if (this.#old.length > 0) await this.#attempt(...this.#pick(this.#old));
        return;
    }
  }

  /** Sends a call; remembers it for a replay. Whether it succeeded. */
  async #attempt(fn: string, args: unknown[]): Promise<boolean> {
    const from = this.#pick(this.#chain.accounts);
    const {status} = await this.#group.contract.attempt(fn, args, {from, gas: this.#random(10) === 0 ? 400_000 : GAS_MAX});
    const count = this.calls.get(fn) ?? [0, 0];
    count[status ? 0 : 1]++;
    this.calls.set(fn, count);
    if (status && fn === "execute") this.#executed(args);
    this.#old.push([fn, args]);
    if (this.#old.length > 40) this.#old.shift();
    return status;
  }

  #message(lane: Lane): string {
    const asset = this.#pick(ASSETS);
    const amount = this.#random(4) === 0 ? 0n : BigInt(this.#random(1_000));
    const sender = this.#random(6) === 0 ? NOBODY : ALICE;
    const event = this.#group.event(lane.process, {asset, amount, sender, nonce: BigInt(lane.messages.length), extra: "0xc0ffee"});
    lane.messages.push({event, asset, amount, sender});
    lane.states.push("unknown");
    return event;
  }

  /** Messages of open lanes without committed ones before them; each lane in the order of its nonces. */
  #batch(): string[] {
    const waiting = new Set(this.#committed.map((c) => c.lane));
    const lanes = this.#lanes.filter((lane) => lane.open && !waiting.has(lane));
    if (lanes.length === 0) return [];
    return Array.from({length: this.#random(4)}, () => this.#message(this.#pick(lanes)));
  }

  /** Delivers until it works: what is certified is never lost. */
  async #deliver(how: "deliver" | "deliverByVotes"): Promise<void> {
    const {block, deliveries} = this.#group.block(...Array.from({length: 1 + this.#random(2)}, () => ({events: this.#batch()})));
    const certificate = certificateArgs(block, this.#group.certify(block));
    const proof = how === "deliver" ? [certificate[5]] : this.#group.signed(this.#group.voteDigest(block));
    const args = [...certificate.slice(0, 5), ...proof, deliveries];
    if (await this.#attempt(how, args)) return;
    if (this.#paused) await this.#pause();
    await this.#group.contract.send(how, args);
  }

  async #commit(): Promise<void> {
    const lane = this.#pick(this.#lanes);
    if (!lane.open) return;
    const events = Array.from({length: 1 + this.#random(3)}, () => this.#message(lane));
    const {block} = this.#group.block({events});
    const args = [...certificateArgs(block, this.#group.certify(block)), [[]]];
    if (!(await this.#attempt("commit", args))) await this.#group.contract.send("commit", args); // paused or not
    const seq = block.outboxes[0]?.seq;
    for (const [i, event] of events.entries()) this.#committed.push({lane, call: [seq, event, proofOf(events, i)]});
  }

  async #execute(): Promise<void> {
    if (this.#committed.length === 0) return;
    const at = this.#random(this.#committed.length);
    await this.#attempt("execute", this.#committed[at]?.call ?? []);
  }

  #executed(call: unknown[]): void {
    const at = this.#committed.findIndex((c) => c.call === call);
    const lane = this.#committed[at]?.lane;
    if (at < 0 || this.#committed.findIndex((c) => c.lane === lane) !== at) throw new Error("executed out of order");
    this.#committed.splice(at, 1);
  }

  async #finish(fn: "retry" | "giveBack"): Promise<void> {
    const waitingOf = ({states}: Lane) => states.flatMap((state, i) => (NEXT[state] !== undefined && state !== "unknown" ? [i] : []));
    const stuck = this.#lanes.filter((l) => waitingOf(l).length > 0);
    if (stuck.length === 0 && this.#random(4) > 0) return this.#mode(); // something has to fail first
    const lane = this.#pick(stuck.length > 0 && this.#random(8) > 0 ? stuck : this.#lanes);
    if (lane.messages.length === 0) return;
    const waiting = waitingOf(lane);
    const first = this.#random(2) === 0 ? waiting.slice(0, 1) : waiting;
    const nonce = waiting.length > 0 && this.#random(8) > 0 ? this.#pick(first) : this.#random(lane.messages.length);
    const event = this.#random(10) === 0 ? this.#pick(lane.messages).event : lane.messages[nonce]?.event;
    if (fn === "retry" && this.#random(2) === 0) await this.#mend(lane); // often enough for queues to empty
    await this.#attempt(fn, [lane.process, BigInt(nonce), event]);
  }

  async #send(): Promise<void> {
    const lane = this.#pick(this.#lanes.slice(0, 2));
    const asset = this.#pick(ASSETS);
    await lane.app.attempt("pay", [asset, BigInt(this.#random(1_500)), [0, ALICE], "0x"]);
  }

  async #mode(): Promise<void> {
    const lane = this.#pick(this.#lanes);
    const bit = () => this.#random(2) === 0;
    // accept, revert, burn all, return bomb, wrong answer, send and then a wrong answer
    if (lane.app.abi.hasFunction("setMode")) await lane.app.send("setMode", [this.#pick([0, 1, 1, 1, 2, 4, 5, 6])]);
    else await lane.app.send("set", [!bit() || bit(), bit(), false]);
  }

  async #mend({app}: Lane): Promise<void> {
    if (app.abi.hasFunction("setMode")) await app.send("setMode", [0]);
    else await app.send("set", [false, false, false]);
  }

  async #pause(): Promise<void> {
    const fn = this.#paused ? "unpause" : "pause";
    const digest = this.#group.actionDigest(fn, await this.#group.counter(), DEADLINE);
    const start = [...this.#group.signed(digest), DEADLINE];
    await this.#group.contract.send(fn, this.#paused ? start : [...start, "0x"]);
    this.#paused = !this.#paused;
  }

  async #credit(): Promise<void> {
    const [lane, asset, amount] = [this.#pick(this.#lanes), this.#pick(ASSETS), BigInt(this.#random(100))];
    await this.#decide(credit(lane.process, asset, amount));
    lane.credited.set(asset, (lane.credited.get(asset) ?? 0n) + amount);
  }

  /** A process closes, and later comes back at another address. */
  async #reopen(): Promise<void> {
    const lane = this.#pick(this.#lanes.slice(0, 2));
    if (this.#committed.some((c) => c.lane === lane)) return;
    const next = lane.open ? null : await this.#chain.deploy("UnrulyReceiver", [this.#group.contract.address]);
    const event =
      next === null ? close(lane.process) : register(lane.process, next.address, lane.policy, 300_000, BigInt(lane.messages.length));
    await this.#decide(event);
    lane.open = !lane.open;
    lane.base = lane.messages.length;
    if (next !== null) lane.app = next;
  }

  /** A system event, paused or not. */
  async #decide(event: string): Promise<void> {
    const {block} = this.#group.block({system: [event]});
    await this.#group.contract.send("commit", [...certificateArgs(block, this.#group.certify(block)), [[event]]]);
  }

  async #check(): Promise<void> {
    await this.#takeLogs();
    for (const lane of this.#lanes) {
      const [records] = await this.#group.contract.read("recent", lane.process, 0n, 10_000n);
      const states = (records as {state: bigint}[]).map((r) => STATES[Number(r.state)] ?? "unknown");
      const recorded = lane.messages.length - this.#committed.filter((c) => c.lane === lane).length;
      if (states.length !== recorded) throw new Error(`${states.length} recorded, not ${recorded}`);
      if (states.includes("unknown")) throw new Error(`a gap in ${states}`);
      for (const [i, state] of states.entries()) {
        const before = lane.states[i] ?? "unknown";
        if (state !== before && !NEXT[before]?.includes(state)) throw new Error(`message ${i} went from ${before} to ${state}`);
        lane.states[i] = state;
      }
      const first = states.findIndex((state, i) => i >= lane.base && NEXT[state] !== undefined);
      if (lane.policy === STRICT && first >= 0 && states.slice(first + 1).some((state) => state !== "queued"))
        throw new Error(`something overtook message ${first}: ${states}`);
      await this.#conserve(lane);
    }
  }

  /** Per asset: all that came in is in the balance, with a message that waits, or was paid. */
  async #conserve(lane: Lane): Promise<void> {
    for (const asset of ASSETS) {
      const sum = (wanted: readonly State[]) =>
        lane.messages.reduce(
          (total, m, i) => (m.asset === asset && wanted.includes(lane.states[i] ?? "unknown") ? total + m.amount : total),
          0n,
        );
      const into = sum(["queued", "parked", "delivered", "returned", "credited"]) + (lane.credited.get(asset) ?? 0n);
      const balance = await this.#group.balanceOf(lane.process, asset);
      const held = balance + sum(["queued", "parked"]) + (lane.out.get(asset) ?? 0n);
      if (into !== held) throw new Error(`${into} came in, ${held} is there or was paid, of ${asset} in ${lane.process}`);
    }
  }

  /** Payments have consecutive nonces; messages reach their apps with the one delivered before as `previous`. */
  async #takeLogs(): Promise<void> {
    const {contract} = this.#group;
    const head = Number(await this.#chain.rpc<string>("eth_blockNumber"));
    if (head < this.#logsFrom) return;
    const logs = await this.#chain.rpc<(Log & {blockNumber: string})[]>("eth_getLogs", {
      address: contract.address,
      fromBlock: `0x${this.#logsFrom.toString(16)}`,
    });
    let ends = 0;
    for (const log of logs) {
      const parsed = contract.abi.parseLog(log);
      if (parsed?.name === "PauseStarted" || parsed?.name === "PauseEnded") ends++;
      if (parsed?.name === "MessageState" && this.#paused && ends === 0) throw new Error("a message moved while paused");
      if (parsed?.name !== "Outbound") continue;
      const lane = this.#lanes.find((l) => l.process === parsed.args["process"]);
      if (lane === undefined) throw new Error("a payment of nobody");
      if (this.#paused && ends === 0) throw new Error("a payment while paused");
      if (parsed.args["nonce"] !== lane.sent) throw new Error(`payment ${parsed.args["nonce"]} after ${lane.sent - 1n}`);
      if (parsed.args["receiverKind"] !== 0n || dataSlice(parsed.args["receiverData"], 0, 16) !== ALICE) throw new Error("paid to another");
      lane.sent++;
      lane.out.set(parsed.args["asset"], (lane.out.get(parsed.args["asset"]) ?? 0n) + parsed.args["amount"]);
    }
    this.#logsFrom = head + 1;
  }
}

const CALLS = [
  "deliver",
  "deliver",
  "deliverByVotes",
  "commit",
  "execute",
  "execute",
  "execute",
  "retry",
  "retry",
  "retry",
  "giveBack",
  "giveBack",
  "send",
  "mode",
  "mode",
  "pause",
  "wait",
  "credit",
  "reopen",
  "replay",
  "replay",
] as const;
