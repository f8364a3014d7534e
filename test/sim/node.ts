import {type Effect, type Input, initialState, type State} from "../../src/consensus/main.ts";
import {BAD, type Certificate, describe, type Packet, type Part, type Proposal, type Vote} from "./messages.ts";
import {VoteBook} from "./votebook.ts";
import {broadcast, type World} from "./world.ts";

const TIMEOUTS = {propose: [200, 100], prevote: [100, 50], precommit: [100, 50]} as const; // ms: first round, more per round
const RESEND_MS = 100;
const COMMIT_AFTER_MS = 1_000;
const EARLY_MAX = 512;

type Spoken = Extract<Effect, {kind: "vote" | "propose"}>;

/**
 * One honest validator: the smallest driver that keeps the rules a real one must. It writes its inputs down before it speaks, feeds its
 * own messages back, arms timers, judges values after a while, shows the polka with a re-proposal, repeats its last messages and what let
 * it into the round, and answers who is behind with the commit. A crash keeps what is written, and a restart replays it.
 */
export class SimNode {
  readonly me: number;
  readonly decisions = new Map<number, Certificate>();
  readonly ignored = new Map<string, number>();
  readonly #world: World;
  state: State = initialState();
  #log: Input[] = [];
  #written = 0;
  #outputs = 0;
  #life = 0;
  #isDown = false;
  #isBusy = false;
  #inbox: Input[] = [];
  #early: Part[] = [];
  #book: VoteBook;
  #own: Part[] = [];
  #entry: Part[] = [];
  #judging = new Set<string>();
  #withheld = new Set<string>();

  constructor(me: number, world: World) {
    this.me = me;
    this.#world = world;
    this.#book = new VoteBook(world.set, 0);
  }

  get isDone(): boolean {
    return this.decisions.size === this.#world.heights;
  }

  /** Every input of the height in progress, for whoever wants to replay them. */
  get log(): readonly Input[] {
    return this.#log;
  }

  get #height(): number {
    return this.decisions.size + 1;
  }

  start(): void {
    this.#begin(1);
    this.#repeat(this.#life);
  }

  receive(from: number, packet: Packet): void {
    if (this.#isDown) return;
    let isBehind = false;
    for (const part of packet) {
      if (!this.#world.signatures.verify(part)) this.#count("forged");
      else if (this.decisions.has(part.height)) isBehind ||= part.kind !== "commit";
      else if (part.height === this.#height) this.#accept(part);
      else if (this.#early.length < EARLY_MAX) this.#early.push(part);
      else this.#count("early");
    }
    const commit = this.decisions.get(packet[0]?.height ?? 0);
    if (isBehind && commit !== undefined) this.#world.send(this.me, from, [commit]);
  }

  #begin(height: number): void {
    this.#forget(height);
    this.#log = [];
    this.#written = 0;
    this.#inbox = [];
    this.#feed({kind: "start", height, set: this.#world.set, me: this.me});
    const early = this.#early.filter((part) => part.height === height);
    this.#early = this.#early.filter((part) => part.height > height);
    for (const part of early) this.#accept(part);
  }

  #forget(height: number): void {
    this.#book = new VoteBook(this.#world.set, height);
    this.#own = [];
    this.#entry = [];
    this.#judging = new Set();
    this.#withheld = new Set();
  }

  /** A message of this height whose signature holds, own ones too. */
  #accept(part: Part): void {
    this.#keep(part);
    this.#feed(part);
    if (this.#isDown || part.height !== this.#height) return;
    if (part.kind === "proposal") this.#judge(part.value, part.polRound === -1);
    if (this.#withheld.size > 0) for (const {value} of this.#book.quorums) if (this.#withheld.delete(value)) this.#judge(value, false);
  }

  #keep(part: Input): void {
    if (part.kind === "vote") this.#book.add(part, this.#world.now());
    else if (part.kind === "polka") this.#book.addPolka(part, this.#world.now());
  }

  /** Inputs one after another: what an effect feeds back waits until the effects before it are done. */
  #feed(input: Input): void {
    this.#inbox.push(input);
    if (!this.#isBusy) this.#drain();
  }

  #drain(): void {
    this.#isBusy = true;
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) this.#take(next);
    this.#isBusy = false;
  }

  #take(input: Input): void {
    if (this.#isDown) return;
    this.#log.push(input);
    const {state, effects} = this.#world.variant.step(this.state, input);
    this.state = state;
    this.#world.note(() => `${this.me} < ${describe(input)}${effects.map((effect) => `\n      > ${JSON.stringify(effect)}`).join("")}`);
    for (const effect of effects) if (!this.#isDown) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case "newRound":
        this.#enter(effect.round);
        break;
      case "getValue":
        this.#askValue(effect.height, effect.round);
        break;
      case "propose":
      case "vote":
        this.#speak(effect);
        break;
      case "timer":
        this.#arm(effect);
        break;
      case "decide":
        this.#decide(effect);
        break;
      case "evidence":
        this.#world.checks.accused(effect.from);
        break;
      case "ignored":
        this.#count(effect.code);
        break;
    }
  }

  /** What let this node in: the round before had a quorum of precommits, or more than a third is in this one already. */
  #enter(round: number): void {
    this.#own = [];
    const before = round === 0 ? [] : this.#book.of("precommit", round - 1);
    this.#entry = [...before, ...this.#book.of("prevote", round), ...this.#book.of("precommit", round), ...this.#book.polkasOf(round)];
    if (this.#world.variant.repeats !== "own" && this.#entry.length > 0) broadcast(this.#world, this.me, this.#entry);
  }

  #askValue(height: number, round: number): void {
    const value = `v${height}.${round}.${this.me}.${this.#life}`;
    const {random, faults} = this.#world;
    const answer = (given: string | null) => this.#later(random.int(0, 10), height, () => this.#feed({kind: "value", round, value: given}));
    const isLate = faults.lateValue && random.chance(0.5);
    answer(isLate ? null : value);
    if (isLate) this.#later(random.int(10, 200), height, () => answer(value));
  }

  /** Write, then speak: everything up to this effect is on disk before the message leaves. */
  #speak(effect: Spoken): void {
    const crash = this.#world.faults.crashes.find(({node, output}) => node === this.me && output === this.#outputs + 1);
    this.#outputs++;
    if (crash?.isWritten !== false) this.#written = this.#log.length;
    if (crash !== undefined) {
      this.#die(crash.downMs);
      return;
    }
    const part = this.#sign(effect);
    const packet = this.#withPolka(part);
    this.#own.push(...packet);
    broadcast(this.#world, this.me, packet);
    this.#accept(part);
  }

  #sign(effect: Spoken): Vote | Proposal {
    const {kind, height, round, value} = effect;
    const id = `${kind === "vote" ? effect.type : kind} ${height}/${round} ${value ?? "nil"} by ${this.me}`;
    const part: Vote | Proposal =
      effect.kind === "vote"
        ? {...effect, from: this.me, id}
        : {kind: "proposal", height, round, polRound: effect.polRound, value: effect.value, from: this.me, id};
    this.#world.checks.signed(part);
    this.#world.signatures.sign(part);
    return part;
  }

  #withPolka(part: Vote | Proposal): Packet {
    if (part.kind === "vote" || part.polRound === -1 || !this.#world.variant.carriesPolka) return [part];
    const polka = this.#book.certificate("polka", part.polRound, part.value);
    return polka === null ? [part] : [polka, part];
  }

  #arm({step, height, round}: Extract<Effect, {kind: "timer"}>): void {
    const [first, more] = TIMEOUTS[step];
    this.#later(first + more * round, height, () => this.#feed({kind: "timeout", step, height, round}));
  }

  /** The verdict comes later; one on a fresh value waits where the own source has not shown everything, until a quorum stands behind it. */
  #judge(value: string, isFresh: boolean): void {
    const {faults, now} = this.#world;
    if (this.#judging.has(value)) return;
    const isBacked = this.#book.quorums.some((quorum) => quorum.value === value);
    if (isFresh && faults.withholds[this.me] && !isBacked && now() < faults.healAtMs) {
      this.#withheld.add(value);
      this.#later(faults.healAtMs - now(), this.#height, () => this.#judge(value, false));
      return;
    }
    this.#judging.add(value);
    const verdict = value.startsWith(BAD) ? "invalid" : "valid";
    this.#later(faults.verdictMs[this.me] ?? 0, this.#height, () => this.#feed({kind: "verdict", value, verdict}));
  }

  /** The decision and the next height are one write. */
  #decide(effect: Extract<Effect, {kind: "decide"}>): void {
    const {height, round, value} = effect;
    this.#world.checks.decided(this.me, effect);
    const commit = this.#book.certificate("commit", round, value) ?? this.#log.findLast((input) => input.kind === "commit");
    if (commit?.kind !== "commit") throw new Error("decided without a commit to show");
    this.decisions.set(height, commit);
    if (height < this.#world.heights) this.#begin(height + 1);
  }

  #repeat(life: number): void {
    this.#world.after(RESEND_MS, () => {
      if (life !== this.#life || this.isDone) return;
      const {repeats} = this.#world.variant;
      const heard = repeats === "own" ? [] : repeats === "entry" ? this.#entry : this.#book.all();
      const packet = [...heard, ...this.#own];
      if (packet.length > 0) broadcast(this.#world, this.me, packet);
      this.#commitWhatIsOver();
      this.#repeat(life);
    });
  }

  /** A quorum of precommits decides after a while even where the own verdict is missing. */
  #commitWhatIsOver(): void {
    const over = this.#book.quorums.find(({type, sinceMs}) => type === "precommit" && this.#world.now() - sinceMs >= COMMIT_AFTER_MS);
    const commit = over === undefined ? null : this.#book.certificate("commit", over.round, over.value);
    if (commit !== null) this.#feed(commit);
  }

  #die(downMs: number): void {
    this.#world.note(() => `${this.me} crashes`);
    this.#isDown = true;
    this.#life++;
    this.#inbox = [];
    this.#world.after(downMs, () => this.#restart());
  }

  /** Replays the written inputs in silence, then does what is still due. */
  #restart(): void {
    this.#isDown = false;
    this.#early = [];
    this.state = initialState();
    this.#log = this.#log.slice(0, this.#written);
    this.#world.note(() => `${this.me} restarts with ${this.#log.length} inputs`);
    this.#repeat(this.#life);
    if (this.isDone) return;
    if (this.#log.length === 0) this.#begin(this.#height);
    else this.#resume();
  }

  #resume(): void {
    const proposals = this.#log.filter((input) => input.kind === "proposal");
    const due = this.#replay();
    this.#isBusy = true; // what is fed back waits until everything due is done
    for (const effect of due) if (!this.#isDown) this.#perform(effect);
    for (const {value, polRound} of proposals) if (!this.#isDown) this.#judge(value, polRound === -1);
    this.#drain();
  }

  /** Effects that a crash may have cut off: what the current round asks for, and own messages of earlier ones that were not fed back. */
  #replay(): Effect[] {
    this.#forget(this.#height);
    const effects: Effect[] = [];
    for (const input of this.#log) {
      this.#keep(input);
      const next = this.#world.variant.step(this.state, input);
      this.state = next.state;
      effects.push(...next.effects);
    }
    const {round} = this.state;
    const isAnswered = this.#log.some((input) => input.kind === "value" && input.round === round && input.value !== null);
    return effects.filter((effect) => {
      if (effect.kind === "evidence" || effect.kind === "ignored" || (effect.kind === "getValue" && isAnswered)) return false;
      return effect.round === round || (isSpoken(effect) && !this.#log.some((input) => isOwn(input, effect, this.me)));
    });
  }

  #later(ms: number, height: number, run: () => void): void {
    const life = this.#life;
    this.#world.after(ms, () => {
      if (life === this.#life && !this.#isDown && height === this.#height) run();
    });
  }

  #count(code: string): void {
    this.ignored.set(code, (this.ignored.get(code) ?? 0) + 1);
  }
}

function isSpoken(effect: Effect): effect is Spoken {
  return effect.kind === "vote" || effect.kind === "propose";
}

function isOwn(input: Input, effect: Spoken, me: number): boolean {
  if (input.kind === "proposal") return effect.kind === "propose" && input.from === me && input.round === effect.round;
  return input.kind === "vote" && effect.kind === "vote" && input.from === me && input.type === effect.type && input.round === effect.round;
}
