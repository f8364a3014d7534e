import {type Hex, toHex} from "../base/bytes.ts";
import {merkleRoot, payloadLeaf} from "../crypto/merkle.ts";
import type {Session} from "../dkg/session.ts";
import {BLOCK_BYTES_MAX, type Block, FACTS_MAX, type Header, type Outbox} from "../types/block.ts";
import {areCanonical, encodeFact, type Fact, sortFacts} from "../types/facts.ts";
import {type Genesis, genesisHash} from "../types/genesis.ts";
import {takeAssetInfo} from "./asset-info.ts";
import {takePayoutFact} from "./closing.ts";
import {checkBooks} from "./custody.ts";
import {DkgTaker, genesisSession, waitsForTicks} from "./dkg-facts.ts";
import {Draft, recordsOf} from "./draft.ts";
import {packEpoch} from "./epoch-events.ts";
import {currentEpoch, epochNumber, freezeIfDue, startEpochs} from "./epochs.ts";
import {LedgerError} from "./errors.ts";
import {EvidenceTaker} from "./evidence.ts";
import {payRewards} from "./fees.ts";
import {type Place, takeOutput} from "./intake.ts";
import {HeadTaker} from "./logs.ts";
import {expireWaiting, MASKS_PER_BLOCK_MAX, takeMask, waitsForMasks} from "./masks.ts";
import {type NetworkConstants, networkConstants} from "./network.ts";
import {type OutboxBody, OutboxPacker} from "./outboxes.ts";
import {settlePayouts} from "./payouts.ts";
import {settleMoves} from "./process-changes.ts";
import type {MetaRecord} from "./records.ts";
import {KEY, META, PLATFORMS, SESSION} from "./tables.ts";
import {type Tree, treeRoot} from "./tree.ts";

/** What the network knows after a height. A value: applying a block gives another, which shares nearly all of it. */
export interface LedgerState {
  readonly network: NetworkConstants;
  readonly tree: Tree;
  /** The tree holds it too: it is kept decoded because every DKG message needs it. */
  readonly session: Session;
}

/** What a block makes of its parent's state, and all that its header says about it. */
export interface Applied {
  readonly state: LedgerState;
  readonly time: number;
  readonly stateRoot: Hex;
  readonly payloadRoot: Hex;
  readonly outboxes: readonly OutboxBody[];
}

/** What a block builds on. `time` in ms. */
export interface Parent {
  readonly hash: Hex;
  readonly height: number;
  readonly time: number;
}

/** Bytes of an encoded block besides its outboxes and facts, of one outbox, and of a fact's length. */
const HEAD_BYTES = 178;
const OUTBOX_BYTES = 108;
const LENGTH_BYTES = 4;
/** What blocks hold before there is a key: nothing that moves money. */
const EARLY_KINDS: readonly Fact["kind"][] = ["tick", "dkgMessage", "evidence"];
const NS_PER_MS = 1_000_000n;

/** The state before height 1: nothing received, the DKG of epoch 0 open, logs taken from the block that froze the set. */
export function genesisState(genesis: Genesis): LedgerState {
  const network = networkConstants(genesis);
  const draft = new Draft(null);
  draft.put(META, null, {height: 0, outputs: 0, watermark: 0n});
  const platform = (id: Hex, number: number) => {
    const cursor = {number, logs: 0, lastIndex: 0};
    draft.put(PLATFORMS, id, {...cursor, nextSeq: 0n, activation: null, ignored: 0, lastIgnored: null});
  };
  genesis.platforms.forEach(({chainId}, i) => {
    platform(network.platforms[i] as Hex, chainId === genesis.homeChainId ? genesis.epoch0Block : 0);
  });
  // all deposits count, also of those who have no seat in epoch 0
  platform(network.staking, 0);
  startEpochs(draft, genesis);
  const session = genesisSession(genesis);
  draft.put(SESSION, null, session);
  return {network, tree: draft.commit(), session};
}

/** What height 1 builds on. */
export function genesisParent(genesis: Genesis): Parent {
  return {hash: genesisHash(genesis), height: 0, time: genesis.epoch0Time * 1_000};
}

/** One block in the making: facts are applied one by one, in canonical order. */
export class BlockDraft {
  readonly #place: Place;
  readonly #dkg: DkgTaker;
  readonly #heads = new HeadTaker();
  readonly #evidence = new EvidenceTaker();
  /** Whether payments are taken: not before the block after the one that completes the DKG. */
  readonly #active: boolean;
  #masks = 0;

  constructor(state: LedgerState, height: number) {
    const draft = new Draft(state.tree);
    this.#place = {draft, network: state.network, packer: new OutboxPacker(), height};
    this.#dkg = new DkgTaker(state.session);
    this.#active = draft.get(KEY, null) !== undefined;
  }

  /** Throws LedgerError where the fact may not stand here; then nothing has changed, and others may follow. */
  take(fact: Fact, encoded: Uint8Array): void {
    const {draft, network, height} = this.#place;
    if (!this.#active && !EARLY_KINDS.includes(fact.kind)) throw new LedgerError("TOO_EARLY", {got: fact.kind});
    switch (fact.kind) {
      case "tick":
        this.#tick();
        break;
      case "dkgMessage":
        this.#dkg.takeMessage(draft, network, height, fact);
        break;
      case "chainHead":
        this.#heads.takeHead(this.#place, fact);
        break;
      case "chainLog":
        this.#heads.takeLog(this.#place, fact);
        break;
      case "evidence":
        this.#evidence.take(this.#place, fact, encoded);
        break;
      case "assetInfo":
        takeAssetInfo(this.#place, fact);
        break;
      case "mask":
        if (this.#masks === MASKS_PER_BLOCK_MAX) throw new LedgerError("MASKS_FULL", {want: MASKS_PER_BLOCK_MAX});
        takeMask(this.#place, fact);
        this.#masks++;
        break;
      case "payoutReceipt":
      case "payoutVoided":
      case "payoutRefused":
        takePayoutFact(this.#place, fact);
        break;
      case "mixinOutput":
        takeOutput(this.#place, fact, encoded);
        break;
    }
  }

  /** One step of time for all who wait for it. */
  #tick(): void {
    const {draft, height} = this.#place;
    const waits = waitsForMasks(draft);
    if (!waits || waitsForTicks(this.#dkg.session)) this.#dkg.takeTick(draft, height);
    if (waits) expireWaiting(this.#place);
  }

  /** After the last chain fact. Throws LedgerError. */
  finishHeads(): void {
    this.#heads.finish(this.#place);
  }

  /**
   * @param timeMs  of the block
   * @throws InvariantError where the books do not agree
   */
  finish(timeMs: number): {state: LedgerState; outboxes: OutboxBody[]} {
    const {draft, network, packer, height} = this.#place;
    const home = this.#heads.head(network.staking);
    const session = home === null ? null : freezeIfDue(draft, network, home);
    if (session !== null) this.#dkg.open(draft, session);
    settleMoves(this.#place, timeMs);
    payRewards(draft, network, height, currentEpoch(draft).validators);
    settlePayouts(draft, network, height);
    packEpoch(packer, draft, network, height);
    const outboxes = packer.pack(draft, height, network.platforms);
    draft.put(META, null, {...(draft.get(META, null) as MetaRecord), height});
    checkBooks(draft);
    return {state: {network, tree: draft.commit(), session: this.#dkg.session}, outboxes};
  }
}

/**
 * The state after `facts` at `height`. Pure: equal arguments, equal results.
 * @param of.parentTime  ms
 * @throws LedgerError where a fact, or the list of them, may not stand here; EncodeError where a field has no encoding
 */
export function applyFacts(state: LedgerState, of: {height: number; epoch: number; parentTime: number; facts: readonly Fact[]}): Applied {
  const {height, epoch, facts} = of;
  const last = heightOf(state);
  if (height !== last + 1) throw new LedgerError("WRONG_HEIGHT", {want: last + 1, got: height});
  const set = epochNumber(recordsOf(state.tree));
  if (epoch !== set) throw new LedgerError("WRONG_EPOCH", {height, want: set, got: epoch});
  if (facts.length === 0) throw new LedgerError("NOTHING_TO_DECIDE", {height});
  if (facts.length > FACTS_MAX) throw new LedgerError("TOO_MANY_FACTS", {height, want: FACTS_MAX, got: facts.length});
  if (!areCanonical(facts)) throw new LedgerError("NOT_CANONICAL", {height});
  const encoded = facts.map(encodeFact);
  const block = new BlockDraft(state, height);
  facts.forEach((fact, i) => {
    within(height, i, () => block.take(fact, encoded[i] as Uint8Array));
  });
  within(height, facts.length, () => block.finishHeads());
  const {state: next, outboxes} = block.finish(timeOf(of.parentTime, facts));
  const size = encoded.reduce((sum, bytes) => sum + LENGTH_BYTES + bytes.length, HEAD_BYTES + OUTBOX_BYTES * outboxes.length);
  if (size > BLOCK_BYTES_MAX) throw new LedgerError("TOO_LARGE", {height, want: BLOCK_BYTES_MAX, got: size});
  return {
    state: next,
    time: timeOf(of.parentTime, facts),
    stateRoot: toHex(treeRoot(next.tree)),
    payloadRoot: toHex(merkleRoot(encoded.map(payloadLeaf))),
    outboxes,
  };
}

/** Says which fact a LedgerError is about. */
function within(height: number, fact: number, run: () => void): void {
  try {
    run();
  } catch (error) {
    if (error instanceof LedgerError) throw new LedgerError(error.code, {...error.data, height, fact}, {cause: error.cause});
    throw error;
  }
}

/** max(parent's + 1, the newest output's), ms: computed, never compared with a clock. */
function timeOf(parentTime: number, facts: readonly Fact[]): number {
  let newest = parentTime + 1;
  for (const fact of facts) if (fact.kind === "mixinOutput") newest = Math.max(newest, Number(fact.createdAt / NS_PER_MS));
  return newest;
}

/** A block of these facts, in canonical order. Throws as applyFacts does; `chooseFacts` leaves out what cannot stand. */
export function buildBlock(
  state: LedgerState,
  parent: Parent,
  of: {epoch: number; proposer: Hex; facts: readonly Fact[]},
): {block: Block; applied: Applied} {
  const facts = sortFacts(of.facts);
  const height = parent.height + 1;
  const applied = applyFacts(state, {height, epoch: of.epoch, parentTime: parent.time, facts});
  const header: Header = {
    networkId: state.network.genesis.networkId,
    parentHash: parent.hash,
    epoch: of.epoch,
    proposer: of.proposer,
    time: applied.time,
    payloadRoot: applied.payloadRoot,
    stateRoot: applied.stateRoot,
  };
  return {block: {height, header, outboxes: applied.outboxes.map((body) => body.outbox), facts}, applied};
}

/**
 * Whether a block follows from its parent; whether its facts exist is another question. The proposer is not judged.
 * @throws LedgerError where it does not
 */
export function checkBlock(state: LedgerState, parent: Parent, block: Block): Applied {
  const {height, header} = block;
  if (height !== parent.height + 1) throw new LedgerError("WRONG_HEIGHT", {want: parent.height + 1, got: height});
  if (header.parentHash !== parent.hash) throw new LedgerError("WRONG_PARENT", {height, want: parent.hash, got: header.parentHash});
  const {networkId} = state.network.genesis;
  if (header.networkId !== networkId) throw new LedgerError("WRONG_NETWORK", {height, want: networkId, got: header.networkId});
  const applied = applyFacts(state, {height, epoch: header.epoch, parentTime: parent.time, facts: block.facts});
  const {time, payloadRoot, stateRoot} = applied;
  if (header.time !== time) throw new LedgerError("WRONG_TIME", {height, want: time, got: header.time});
  if (header.payloadRoot !== payloadRoot) throw new LedgerError("WRONG_PAYLOAD_ROOT", {height, want: payloadRoot, got: header.payloadRoot});
  if (header.stateRoot !== stateRoot) throw new LedgerError("WRONG_STATE_ROOT", {height, want: stateRoot, got: header.stateRoot});
  const own = applied.outboxes.map((body) => body.outbox);
  if (own.length !== block.outboxes.length || !own.every((outbox, i) => isSameOutbox(outbox, block.outboxes[i] as Outbox)))
    throw new LedgerError("WRONG_OUTBOXES", {height, want: own.length, got: block.outboxes.length});
  return applied;
}

/** Whether two outboxes commit to the same. */
export function isSameOutbox(a: Outbox, b: Outbox): boolean {
  return a.platform === b.platform && a.seq === b.seq && a.systemHash === b.systemHash && a.root === b.root && a.count === b.count;
}

/** Last height that was applied. */
export function heightOf(state: LedgerState): number {
  return (recordsOf(state.tree).get(META, null) as MetaRecord).height;
}
