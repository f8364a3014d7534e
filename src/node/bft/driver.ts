import type {Hex} from "../../base/bytes.ts";
import {describeError, MvmError} from "../../base/errors.ts";
import {initialState, step} from "../../consensus/step.ts";
import type {Effect, Input, State} from "../../consensus/types.ts";
import type {Service} from "../../ports/system.ts";
import {type Block, decodeBlock} from "../../types/block.ts";
import type {ProposalMessage, VoteMessage} from "../../types/messages.ts";
import type {SignedVote} from "../../types/votes.ts";
import {Alarms} from "./alarms.ts";
import {buildProposal} from "./build-proposal.ts";
import {Candidates} from "./candidates.ts";
import {ChainStateError} from "./decided-chain.ts";
import type {DriverEvent, DriverPorts} from "./driver-ports.ts";
import {HeightBook} from "./height-book.ts";
import {inputsOf} from "./inputs.ts";
import {Journal} from "./journal.ts";
import {Mailbox} from "./mailbox.ts";
import {isSaid, type Said, Speaker} from "./speaker.ts";
import {RoundTimers} from "./timers.ts";

/** Events that wait for the round machine; more than this is dropped and counted, and comes again by re-sending. */
const EVENTS_MAX = 4_096;
const RESEND_MS = 500;
/** Between two looks at candidates whose verdict is open. */
const REVIEW_MS = 50;
/** q precommits that decide nothing for this long become a commit: the own verdict may never come. */
const STUCK_COMMIT_MS = 1_000;

/**
 * Joins the pure round machine to the world: one event at a time, the log on disk before a vote leaves, and the decided
 * block on disk before the next height starts.
 */
export class Driver implements Service {
  readonly name = "driver";
  readonly #p: DriverPorts;
  readonly #mailbox = new Mailbox<DriverEvent>(EVENTS_MAX);
  readonly #book: HeightBook;
  readonly #timers: RoundTimers;
  readonly #speaker: Speaker;
  readonly #alarms: Alarms;
  readonly #journal: Journal;
  #state: State = initialState();
  #deciding: Extract<Effect, {kind: "decide"}> | null = null;
  /** The round that waits for a value of this validator. */
  #wanted: number | null = null;
  /** While the log is replayed: what the machine asked for and the log does not show as done. */
  #replay: Effect[] | null = null;
  #running: Promise<void> | null = null;

  constructor(ports: DriverPorts) {
    this.#p = ports;
    const {chain, certifier} = ports;
    this.#alarms = new Alarms(ports.clock);
    this.#journal = new Journal(ports.wal, ports.network, ports.sent);
    const candidates = new Candidates({chain, sources: ports.sources, log: ports.log, changed: () => this.push({kind: "wake"})});
    this.#book = new HeightBook(chain.epochSet, candidates);
    this.#timers = new RoundTimers(ports.clock, chain.genesis.parameters, (input) => this.push({kind: "timeout", input}));
    this.#speaker = new Speaker({
      signer: ports.signer,
      from: ports.me,
      epoch: chain.epochSet.epoch,
      bytesOf: (value) => this.#book.candidates.get(value)?.bytes,
      polka: (round, value) => this.#book.votes.votes(round, value, "prevote"),
      ownPartials: (of) => certifier.ownPartials(of),
    });
  }

  get height(): number {
    return this.#state.height;
  }
  get round(): number {
    return this.#state.round;
  }
  async start(): Promise<void> {
    this.#replayLog();
    this.#p.sources.onNew(() => this.push({kind: "wake"}));
    this.#once("resend", RESEND_MS, {kind: "resend"});
    this.#running = this.#loop().catch((error: unknown) => {
      if (!this.#mailbox.closed) this.#p.fatal(error);
    });
  }

  async stop(): Promise<void> {
    this.#mailbox.close();
    this.#timers.clear();
    this.#alarms.close();
    await this.#running;
  }

  /** Takes an event; never waits, never throws. False: the queue is full and the event is dropped. */
  push(event: DriverEvent): boolean {
    return this.#mailbox.push(event);
  }

  async #loop(): Promise<void> {
    while (!this.#mailbox.closed) {
      const event = this.#mailbox.shift();
      if (event !== undefined) this.#handle(event);
      // one sync serves all events that wait; a decision ends the height
      if (event === undefined || this.#deciding !== null) await this.#settle();
      if (event === undefined) await this.#mailbox.wait();
    }
  }

  #handle(event: DriverEvent): void {
    switch (event.kind) {
      case "message":
        this.#take(event.message, event.block, "message");
        return;
      case "timeout":
        this.#input(event.input);
        return;
      case "commit":
        if (event.block.height !== this.#state.height) return;
        this.#book.noteDecided(event);
        this.#input({kind: "commit", height: event.block.height, round: event.round, value: event.hash, from: []}, false);
        return;
      case "stuck":
        this.#unstick(event);
        return;
      case "resend":
        this.#once("resend", RESEND_MS, {kind: "resend"});
        if (this.#timers.idle) return;
        for (const message of this.#speaker.guard.recent(this.#state.height, this.#state.round - 1)) this.#p.network.resend(message);
        return;
      case "wake":
        return;
    }
  }

  #unstick({height, round, value}: {height: number; round: number; value: Hex}): void {
    if (height !== this.#state.height || this.#book.candidates.get(value) === undefined) return;
    this.#p.log.warn("deciding by commit without an own verdict", {height, round, block: value});
    this.#input({kind: "commit", height, round, value, from: this.#book.votes.voters(round, value, "precommit")});
  }

  /** Proposes, judges, writes, sends and decides until nothing is left to do. */
  async #settle(): Promise<void> {
    for (let again = true; again; ) {
      this.#propose();
      for (const {hash, verdict} of this.#book.candidates.review()) this.#input({kind: "verdict", value: hash, verdict});
      if (this.#timers.idle && this.#p.sources.hasWork()) this.#timers.release();
      this.#journal.keep(this.#p.evidence.takeUnsaved());
      await this.#journal.flush();
      again = this.#deciding !== null || this.#journal.hasMessages;
      if (this.#deciding !== null) await this.#decide(this.#deciding);
    }
    // a tick becomes due, and a verdict ripe, without any event from outside
    const tickMs = this.#p.sources.tickWaitMs();
    if (tickMs !== null && tickMs > 0) this.#once("tick", tickMs, {kind: "wake"});
    if (this.#book.candidates.hasUnknown()) this.#once("review", REVIEW_MS, {kind: "wake"});
  }

  #once(name: string, ms: number, event: DriverEvent): void {
    this.#alarms.once(name, ms, () => this.push(event));
  }

  #propose(): void {
    if (this.#wanted === null || this.#wanted !== this.#state.round) return;
    const built = buildProposal(this.#p.chain, this.#p.sources, this.#p.signer.address, this.#p.log);
    if (built === null) return;
    const round = this.#wanted;
    this.#wanted = null;
    this.#book.candidates.add(built);
    this.#timers.release();
    this.#input({kind: "value", round, value: built.hash});
  }

  /** A message, others' or own, as inputs of the machine; what may be needed again is logged. */
  #take(message: ProposalMessage | VoteMessage, block: Block | null, origin: "message" | "own"): void {
    const height = message.kind === "vote" ? message.vote.height : message.proposal.height;
    this.#p.evidence.watch(message, this.#state.round);
    if (height !== this.#state.height) return;
    if (this.#replay === null) this.#journal.record({kind: origin, height, message});
    if (message.kind === "vote") this.#noteVote(message.vote);
    else {
      this.#book.noteProposal(message, block ?? decodeBlock(message.block));
      this.#timers.release();
    }
    for (const input of inputsOf(message)) this.#input(input, false);
    const candidate = message.kind === "proposal" ? this.#book.candidates.get(message.proposal.blockHash) : undefined;
    if (candidate !== undefined && candidate.verdict !== "unknown")
      this.#input({kind: "verdict", value: candidate.hash, verdict: candidate.verdict});
  }

  #noteVote(vote: SignedVote): void {
    const {third, quorum} = this.#book.noteVote(vote);
    const {blockHash, height, round, type} = vote;
    if (third) this.#timers.release();
    if (!quorum || type !== "precommit" || blockHash === null) return;
    this.#once(`stuck/${height}/${round}`, STUCK_COMMIT_MS, {kind: "stuck", height, round, value: blockHash});
  }

  #input(input: Input, logged = true): void {
    if (logged && this.#replay === null) this.#journal.record({kind: "input", height: this.#state.height, input});
    const next = step(this.#state, input);
    this.#state = next.state;
    for (const effect of next.effects) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case "newRound":
        if (effect.round > 0) this.#p.log.info("next round", {height: effect.height, round: effect.round});
        return;
      case "getValue":
        this.#wanted = effect.round;
        return;
      case "timer":
      case "propose":
      case "vote":
        if (this.#replay !== null) this.#replay.push(effect);
        else if (effect.kind === "timer") this.#timers.set(effect);
        else this.#say(effect);
        return;
      case "decide":
        this.#deciding = effect;
        return;
      case "evidence": // found with its signatures when the message was watched
        return;
      case "ignored":
        this.#p.log.debug("input ignored", {code: effect.code});
        return;
    }
  }

  /** Signs, if the guard lets it; the message leaves with the next flush and comes back as an own input. */
  #say(effect: Said): void {
    try {
      const message = this.#speaker.say(effect);
      if (message === null) return;
      this.#journal.say(message);
      if (message.kind === "vote" && message.vote.blockHash !== null)
        this.#p.certifier.offer({...message.vote, blockHash: message.vote.blockHash, partials: message.partials});
      this.#take(message, null, "own");
    } catch (error) {
      if (!(error instanceof MvmError)) throw error;
      this.#p.log.error("refused to sign", describeError(error));
    }
  }

  async #decide(decide: Extract<Effect, {kind: "decide"}>): Promise<void> {
    const {chain, certifier} = this.#p;
    const {height, round} = decide;
    const hash = decide.value as Hex;
    const candidate = this.#book.candidates.get(hash);
    if (candidate === undefined || candidate.applied === null)
      throw new ChainStateError("DECIDED_BLOCK_INVALID", {
        height,
        hash,
        advice: "compare the version of this node with the other validators'",
      });
    const proof = this.#book.proofOf(round, hash);
    await chain.append({bytes: candidate.bytes, block: candidate.block, hash, applied: candidate.applied, proof});
    certifier.decided({
      height,
      round,
      blockHash: hash,
      valid: candidate.verdict === "valid",
      proof,
      proposer: candidate.block.header.proposer,
    });
    this.#timers.clear();
    this.#book.clear();
    this.#deciding = null;
    this.#wanted = null;
    await this.#journal.endHeight(this.#p.evidence.openOwn());
    this.#startHeight();
  }

  #startHeight(): void {
    const {chain, me} = this.#p;
    this.#input({kind: "start", height: chain.height + 1, set: chain.epochSet.set, me}, false);
  }

  /** Takes the logged inputs of the height in progress again; what was asked for and not done before the stop is done now. */
  #replayLog(): void {
    this.#replay = [];
    this.#startHeight();
    for (const record of this.#journal.recovered()) {
      if (record.kind === "own") this.#speaker.guard.remember(record.message);
      if (record.kind === "evidence") this.#p.evidence.restore(record.evidence);
      if (record.kind === "evidence" || record.height !== this.#state.height) continue;
      if (record.kind === "input") {
        if (record.input.kind === "value") this.#wanted = null;
        if (record.input.kind === "verdict") this.#book.candidates.settle(record.input.value, record.input.verdict);
        this.#input(record.input, false);
      } else {
        if (record.kind === "own") this.#replay = this.#replay.filter((effect) => !isSaid(effect, record.message));
        this.#take(record.message, null, record.kind);
      }
    }
    const open = this.#replay;
    this.#replay = null;
    for (const effect of open) this.#perform(effect);
  }
}
