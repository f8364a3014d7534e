import type {Hex} from "../../base/bytes.ts";
import {describeError, MvmError} from "../../base/errors.ts";
import type {Effect, Input} from "../../consensus/types.ts";
import type {Service} from "../../ports/system.ts";
import {type Block, decodeBlock} from "../../types/block.ts";
import type {ProposalMessage, VoteMessage} from "../../types/messages.ts";
import type {SignedVote} from "../../types/votes.ts";
import {Alarms} from "./alarms.ts";
import {buildProposal} from "./build-proposal.ts";
import {Candidates} from "./candidates.ts";
import type {DriverEvent, DriverPorts} from "./driver-ports.ts";
import {HeightBook} from "./height-book.ts";
import {inputsOf} from "./inputs.ts";
import {Journal} from "./journal.ts";
import {Machine} from "./machine.ts";
import {Mailbox} from "./mailbox.ts";
import {type Said, Speaker} from "./speaker.ts";
import {storeDecided} from "./store-decided.ts";
import {RoundTimers} from "./timers.ts";
import type {WalRecord} from "./wal-records.ts";

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
  readonly #machine: Machine;
  #deciding: Extract<Effect, {kind: "decide"}> | null = null;
  /** The round that waits for a value of this validator. */
  #wanted: number | null = null;
  #running: Promise<void> | null = null;

  constructor(ports: DriverPorts) {
    this.#p = ports;
    const {chain, certifier} = ports;
    this.#alarms = new Alarms(ports.clock);
    this.#journal = new Journal(ports.wal, ports.network, ports.sent);
    this.#machine = new Machine({journal: this.#journal, perform: (effect) => this.#perform(effect)});
    const candidates = new Candidates({chain, sources: ports.sources, log: ports.log, changed: () => this.push({kind: "wake"})});
    this.#book = new HeightBook(() => chain.epochSet, candidates);
    this.#timers = new RoundTimers(ports.clock, chain.genesis.parameters, (input) => this.push({kind: "timeout", input}));
    this.#speaker = new Speaker({
      signer: ports.signer,
      place: () => ({epoch: chain.epochSet.epoch, from: this.#me}),
      bytesOf: (value) => this.#book.candidates.get(value)?.bytes,
      polka: (round, value) => this.#book.votes.votes(round, value, "prevote"),
      ownPartials: (of) => certifier.own.of(of),
    });
  }

  get height(): number {
    return this.#machine.state.height;
  }
  get round(): number {
    return this.#machine.state.round;
  }
  /** Index of this validator in the set of the height in progress; null: it has no seat there, and only listens. */
  get #me(): number | null {
    return this.#p.chain.epochSet.indexOf(this.#p.signer.address);
  }
  async start(): Promise<void> {
    this.#machine.replay(() => this.#replayLog());
    // a round is under way, whatever the own sources show
    if (this.#speaker.guard.recent(this.height, 0).length > 0) this.#timers.release();
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
      // what waits for the disk goes there before the chain moves on without the round machine
      if (event?.kind === "advance") await this.#settle().then(event.run);
      else if (event !== undefined) this.#handle(event);
      if (this.#p.chain.height >= this.height) await this.#nextHeight();
      // one sync serves all events that wait; a decision ends the height
      if (event === undefined || this.#deciding !== null) await this.#settle();
      if (event === undefined) await this.#mailbox.wait();
    }
  }

  #handle(event: Exclude<DriverEvent, {kind: "advance"}>): void {
    switch (event.kind) {
      case "message":
        this.#take(event.message, event.block, "message");
        return;
      case "timeout":
        this.#input(event.input);
        return;
      case "stuck":
        this.#unstick(event);
        return;
      case "resend":
        this.#once("resend", RESEND_MS, {kind: "resend"});
        if (!this.#timers.idle) this.#resend();
        return;
      case "wake":
        return;
    }
  }

  /** The own last messages, and what let this validator into its round: who lacks that may lack it for ever. */
  #resend(): void {
    for (const message of this.#speaker.guard.recent(this.height, this.round - 1)) this.#p.network.resend(message);
    for (const vote of this.#book.entry(this.round)) if (vote.from !== this.#me) this.#p.network.resend({kind: "vote", vote, partials: []});
  }

  #unstick({height, round, value}: {height: number; round: number; value: Hex}): void {
    if (height !== this.height || this.#book.candidates.get(value) === undefined) return;
    this.#p.log.warn("deciding by commit without an own verdict", {height, round, block: value});
    this.#input({kind: "commit", height, round, value, from: this.#book.votes.voters(round, value, "precommit")});
  }

  /** Proposes, judges, writes, sends and decides until nothing is left to do. */
  async #settle(): Promise<void> {
    for (let again = true; again; ) {
      this.#propose();
      for (const {hash, verdict} of this.#book.candidates.review()) this.#input({kind: "verdict", value: hash, verdict});
      if (this.#timers.idle && !this.#p.isBehind() && this.#p.sources.hasWork()) this.#timers.release();
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
    if (this.#wanted === null || this.#wanted !== this.round || this.#p.isBehind()) return;
    const built = buildProposal(this.#p.chain, this.#p.sources, this.#p.signer.address, this.#p.log);
    if (built === null) return;
    const round = this.#wanted;
    this.#wanted = null;
    this.#book.candidates.add(built);
    this.#timers.release();
    this.#input({kind: "value", round, value: built.hash});
  }

  /** A message, others' or own, as inputs of the machine. Own ones are logged in any case: they are the guard's memory. */
  #take(message: ProposalMessage | VoteMessage, block: Block | null, origin: "message" | "own"): void {
    const {height, round} = message.kind === "vote" ? message.vote : message.proposal;
    this.#p.evidence.watch(message, this.round);
    if (height !== this.height) return;
    // a proposal of a round far ahead comes again when there is somebody in that round
    if (message.kind === "proposal" && round > this.round + 1) return;
    if (message.kind === "vote") this.#noteVote(message.vote);
    let record: WalRecord | null = {kind: origin, height, message};
    if (origin === "own" && !this.#machine.isReplaying) this.#journal.record(record);
    if (origin === "own") record = null;
    for (const input of inputsOf(message)) if (this.#machine.feed(input, record)) record = null;
    if (message.kind === "proposal" && this.#machine.keeps(message)) this.#noteProposal(message, block);
  }

  #noteProposal(message: ProposalMessage, block: Block | null): void {
    const {hash: value, verdict} = this.#book.noteProposal(message, block ?? decodeBlock(message.block));
    this.#timers.release();
    if (verdict !== "unknown") this.#input({kind: "verdict", value, verdict});
  }

  #noteVote(vote: SignedVote): void {
    const {third, quorum} = this.#book.noteVote(vote);
    const {blockHash, height, round, type} = vote;
    if (third) this.#timers.release();
    if (!quorum || type !== "precommit" || blockHash === null) return;
    this.#once(`stuck/${height}/${round}`, STUCK_COMMIT_MS, {kind: "stuck", height, round, value: blockHash});
  }

  #input(input: Input): void {
    this.#machine.feed(input, {kind: "input", height: this.height, input});
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case "newRound":
        if (effect.round === 0) return;
        this.#p.log.info("next round", {height: effect.height, round: effect.round});
        if (!this.#machine.isReplaying) this.#resend();
        return;
      case "getValue":
        this.#wanted = effect.round;
        return;
      case "timer":
        this.#timers.set(effect);
        return;
      case "propose":
      case "vote":
        this.#say(effect);
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
    const isStored = await storeDecided(this.#p, this.#book, decide);
    this.#deciding = null;
    if (isStored) await this.#nextHeight();
  }

  async #nextHeight(): Promise<void> {
    this.#deciding = null;
    this.#timers.clear();
    this.#book.clear();
    this.#wanted = null;
    await this.#journal.endHeight(this.#p.evidence.openOwn());
    this.#startHeight();
  }

  /** In quarantine it only listens: the others decide. */
  #startHeight(): void {
    const {height, epochSet} = this.#p.chain;
    const me = this.#speaker.guard.isQuarantined(height + 1) ? null : this.#me;
    this.#machine.feed({kind: "start", height: height + 1, set: epochSet.set, me}, null);
  }

  /** Takes the logged inputs of the height in progress again. */
  #replayLog(): void {
    const silentTo = this.#journal.quarantine(this.#p.chain.height);
    if (silentTo > this.#p.chain.height) this.#p.log.warn("no votes where earlier ones may be forgotten", {votesFrom: silentTo + 1});
    this.#speaker.guard.quarantine(silentTo);
    this.#startHeight();
    for (const record of this.#journal.recovered()) {
      if (record.kind === "own") this.#speaker.guard.remember(record.message);
      if (record.kind === "evidence") this.#p.evidence.restore(record.evidence);
      if (record.kind === "evidence" || record.kind === "quarantine" || record.height !== this.height) continue;
      if (record.kind === "input") {
        if (record.input.kind === "value") this.#wanted = null;
        if (record.input.kind === "verdict") this.#book.candidates.settle(record.input.value, record.input.verdict);
        this.#input(record.input);
      } else {
        if (record.kind === "own") this.#machine.isDone(record.message);
        this.#take(record.message, null, record.kind);
      }
    }
  }
}
