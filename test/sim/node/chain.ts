import {AbiCoder} from "ethers";
import {type Hex, toHex, utf8} from "../../../src/base/bytes.ts";
import {keccak256} from "../../../src/base/hash.ts";
import {LogCache} from "../../../src/chain/log-cache.ts";
import type {ActivationArgs, ChainObserver, DeliverArgs, GroupContract, Submitted} from "../../../src/ports/chain.ts";
import {blockHashOf} from "../../../src/types/block.ts";
import {decodeEvent} from "../../../src/types/event.ts";
import type {ChainLog} from "../../../src/types/facts.ts";
import type {Genesis} from "../../../src/types/genesis.ts";
import {platformIds} from "../../../src/types/genesis.ts";
import {uuidBytes, uuidFromHex} from "../../../src/types/ids.ts";
import {groupLog, id16, type RawLog} from "../../support/group-logs.ts";
import type {Prng} from "../prng.ts";
import type {Life} from "./life.ts";
import {polledMs, type View} from "./mixin.ts";
import type {World} from "./world.ts";

const RPC_MS = 5;
const MINE_MS = 40;
const FINAL_MS = 100;

interface ChainBlock {
  readonly number: number;
  readonly hash: Hex;
  readonly timestamp: number;
  readonly logs: readonly ChainLog[];
  readonly finalMs: number;
}

/** One chain with one group contract: what it has taken, and the blocks with its logs. */
export interface ChainLedger {
  readonly blocks: ChainBlock[];
  groupKey: Uint8Array | null;
  nextSeq: bigint;
}

export function emptyChain(): ChainLedger {
  return {blocks: [], groupKey: null, nextSeq: 0n};
}

export function copyChain(chain: ChainLedger): ChainLedger {
  return {...chain, blocks: [...chain.blocks]};
}

interface SimChainPorts {
  readonly world: World;
  readonly genesis: Genesis;
  readonly ledger: ChainLedger;
  readonly view: View;
  /** Whether a call of this validator's node fails now. */
  readonly fails: (validator: number) => boolean;
  /** Probability that an app sends back what it got. */
  readonly sendsBack: number;
  readonly delivered: (height: number, hash: Hex) => void;
}

/** A chain that runs what it is given; each validator sees its final blocks in its own time. */
export class SimChain {
  readonly platform: Hex;
  readonly ledger: ChainLedger;
  readonly #p: SimChainPorts;
  readonly #random: Prng;
  readonly #observers = new Set<{life: Life; final: (block: ChainBlock) => void}>();
  readonly #sent = new Map<string, bigint>();

  constructor(ports: SimChainPorts) {
    this.#p = ports;
    this.ledger = ports.ledger;
    this.platform = platformIds(ports.genesis)[0] as Hex;
    this.#random = ports.world.chance("chain");
  }

  contract(of: {life: Life; validator: number}): GroupContract {
    const {life, validator} = of;
    const {world} = this.#p;
    const submitter: Hex = `0x${`${validator + 1}`.padStart(40, "0")}`;
    const call = async (ms: number) => {
      await life.wait(ms);
      if (this.#p.fails(validator)) throw new Error("the chain node does not answer");
    };
    return {
      name: "simulated contract",
      platform: this.platform,
      start: async () => {},
      stop: async () => {},
      status: async () => {
        await call(RPC_MS);
        const {groupKey, nextSeq} = this.ledger;
        return {activated: groupKey !== null, nextSeq, groupKey: groupKey ?? new Uint8Array(0)};
      },
      activate: async (args) => {
        await life.step("activate");
        // sent is sent, whether or not the sender lives to see it mined
        world.after(MINE_MS, () => this.#activate(args));
        await call(MINE_MS + RPC_MS);
        return MINED;
      },
      deliver: async (args) => {
        await life.step("deliver");
        let outcome: Submitted["outcome"] = "unneeded";
        world.after(MINE_MS, () => {
          outcome = this.#deliver(args, submitter);
        });
        await call(MINE_MS + RPC_MS);
        return {...MINED, outcome};
      },
      execute: async () => {
        await call(MINE_MS);
        return {...MINED, outcome: "unneeded"};
      },
      balance: async () => 0n,
    };
  }

  observer(of: {life: Life; validator: number}): ChainObserver {
    const {life, validator} = of;
    const {world, view, genesis} = this.#p;
    const cache = new LogCache(this.platform, {number: genesis.epoch0Block, logs: 0});
    const listeners: (() => void)[] = [];
    let head = 0;
    const take = (upTo: number) => {
      const fresh = this.ledger.blocks.filter(({number}) => number > cache.scanned && number <= upTo);
      const found = cache.append(
        Math.max(upTo, cache.scanned),
        fresh.map(({logs, ...header}) => ({header: {...header, parentHash: header.hash, baseFee: 0n}, logs})),
      );
      head = Math.max(head, upTo);
      if (found) for (const listener of listeners) listener();
    };
    const isFinal = ({number, finalMs}: ChainBlock) => view(validator, `block ${number}`, finalMs) <= world.nowMs;
    /** Everything before the first block that is not shown yet. */
    const look = () => {
      const hidden = this.ledger.blocks.findIndex((block) => !isFinal(block));
      take((hidden < 0 ? this.ledger.blocks.at(-1) : this.ledger.blocks[hidden - 1])?.number ?? 0);
    };
    const final = (block: ChainBlock) => {
      const shownMs = Math.max(view(validator, `block ${block.number}`, block.finalMs), world.nowMs);
      life.after(polledMs(validator, shownMs) - world.nowMs, look);
    };
    return {
      name: "simulated observer",
      platform: this.platform,
      start: async () => {
        this.#observers.add({life, final});
        for (const block of this.ledger.blocks) final(block);
      },
      stop: async () => {},
      next: (cursor, logsMax) => cache.next(cursor, logsMax),
      boundary: () => null,
      judge: (cursor, proposedHead, logs) => {
        const finding = cache.judge(cursor, {head: proposedHead, logs}, null);
        if (finding === "valid") return "valid";
        return finding === "malformed" || finding === "contradicts" ? "invalid" : "unknown";
      },
      poll: async () => {
        await life.wait(RPC_MS);
        look();
      },
      forget: (cursor) => cache.forget(cursor),
      onNew: (listener) => void listeners.push(listener),
      head: () => head,
    };
  }

  #activate({groupKey, sid, transcript, epoch}: ActivationArgs): void {
    if (this.ledger.groupKey !== null) return;
    this.ledger.groupKey = groupKey;
    this.#mine([groupLog("Activated", sid, transcript, groupKey, epoch)]);
  }

  #deliver(args: DeliverArgs, submitter: Hex): Submitted["outcome"] {
    const {height, coreHash, outboxes, deliveries} = args;
    const own = outboxes.filter(({platform}) => platform === this.platform);
    const at = own.findIndex(({seq}) => seq === this.ledger.nextSeq);
    if (at < 0) return "unneeded";
    this.#p.delivered(height, blockHashOf(height, coreHash, outboxes));
    const logs: RawLog[] = [];
    for (const {system, events} of deliveries) {
      logs.push(groupLog("Delivered", this.ledger.nextSeq, submitter));
      for (const bytes of system) logs.push(registered(bytes));
      for (const bytes of events) logs.push(...this.#run(bytes));
      this.ledger.nextSeq++;
    }
    this.#mine(logs);
    return "mined";
  }

  /** The app of a message takes it, and sometimes pays somebody in turn. */
  #run(bytes: Uint8Array): RawLog[] {
    const event = decodeEvent(bytes);
    const logs = [groupLog("MessageState", id16(event.process), event.nonce, 2, "0x")];
    const sends = event.amount > 1n && this.#random.chance(this.#p.sendsBack);
    if (!sends) return logs;
    const nonce = this.#sent.get(event.process) ?? 0n;
    this.#sent.set(event.process, nonce + 1n);
    const receiver = uuidBytes(event.members[0] ?? event.process);
    logs.push(groupLog("Outbound", id16(event.process), nonce, id16(event.asset), event.amount / 2n, 0, receiver, utf8("back")));
    return logs;
  }

  #mine(logs: readonly RawLog[]): void {
    const {world, genesis} = this.#p;
    const number = (this.ledger.blocks.at(-1)?.number ?? genesis.epoch0Block) + 1;
    const block: ChainBlock = {
      number,
      hash: toHex(keccak256(utf8(`block ${number}`))),
      timestamp: Math.floor(world.nowMs / 1_000),
      logs: logs.map((log, index) => ({kind: "chainLog", platform: this.platform, block: number, index, ...log})),
      finalMs: world.nowMs + FINAL_MS,
    };
    this.ledger.blocks.push(block);
    world.note(`mined ${number} with ${logs.length} logs`);
    for (const {life, final} of this.#observers) if (life.isAlive) final(block);
  }
}

const MINED: Submitted = {outcome: "mined", txHash: `0x${"ab".repeat(32)}`, gasUsed: 0n};

/** The log of a registration: `abi.encode(uint8 kind, bytes args)`. */
function registered(system: Uint8Array): RawLog {
  const coder = AbiCoder.defaultAbiCoder();
  const [, args] = coder.decode(["uint8", "bytes"], system);
  const [process, app, policy, gasLimit, firstNonce] = coder.decode(["bytes16", "address", "uint8", "uint32", "uint64"], args);
  return groupLog("Registered", id16(uuidFromHex(process)), app, policy, gasLimit, firstNonce);
}
