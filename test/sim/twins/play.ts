import {type Effect, type Input, initialState, type State, type ValidatorSet} from "../../../src/consensus/main.ts";
import {hasPolka, recordOf} from "../../../src/consensus/rounds.ts";
import {quorum} from "../../../src/consensus/tally.ts";
import {describe} from "../messages.ts";
import type {StepFunction} from "../world.ts";
import {HONEST, INSTANCES, ROUNDS, type Split, validatorOf} from "./scenarios.ts";

type Vote = Extract<Input, {kind: "vote"}>;
type Proposal = Extract<Input, {kind: "proposal"}>;
/** What an instance signs; a re-proposal brings its polka. */
export type Message = {readonly by: number; readonly part: Vote | Proposal; readonly polka: Input | null};

/** All that is between two rounds of a run. Plain data: runs with equal beginnings share them. */
export interface Moment {
  readonly states: readonly State[];
  readonly messages: readonly Message[];
  /** Instance → what it decided. */
  readonly decided: readonly (string | null)[];
  /** `round/value` → validators that have signed a precommit for it, for values only. */
  readonly precommits: ReadonlyMap<string, readonly number[]>;
}

/** Safety or liveness does not hold. */
export class Broken extends Error {}

const HEAL_ROUNDS = 4;
const VALIDATORS = [0, 1, 2, 3].map((i) => ({id: `0x${`${i}`.padStart(40, "0")}`, seats: 1}));
/** After the heal the honest hear each other; the twins say nothing any more, so that nobody can be spared. */
const HEALED: Split = {parts: [0, 0, 0, 1, 2], hidesPrecommits: false, listener: null};
const QUORUM = quorum(VALIDATORS.length);

/** Plays one list of proposers; `note` hears every input, for a trace. */
export class Player {
  readonly #step: StepFunction;
  readonly #set: ValidatorSet;
  readonly #height: number;
  readonly #note: (line: string) => void;
  readonly #healed = new Map<string, number>();

  constructor(step: StepFunction, proposers: readonly number[], note: (line: string) => void = () => {}) {
    // after the heal everybody proposes once, the twins first
    const schedule = [...proposers, 3, 0, 1, 2];
    this.#step = step;
    this.#set = {epoch: 1, validators: VALIDATORS, schedule};
    this.#height = schedule.length;
    this.#note = note;
  }

  beginning(): Moment {
    const none = Array.from({length: INSTANCES}, () => null);
    return {states: none.map(() => initialState()), messages: [], decided: none, precommits: new Map()};
  }

  /** One round from its start to its end: everybody is in it, and leaves it by timeout where it does not decide. Throws Broken. */
  round(before: Moment, round: number, split: Split): Moment {
    const run = new Run(this.#step, before, this.#note);
    for (let i = 0; i < INSTANCES; i++) run.feed(i, this.#entry(round, i));
    run.answerValues(round);
    const isHeard = (to: number) => (message: Message) => split.parts[to] === split.parts[message.by] && message.part.round === round;
    for (let i = 0; i < INSTANCES; i++) run.deliver(i, run.said("proposal").filter(isHeard(i)));
    run.timeout("propose", this.#height, round);
    for (let i = 0; i < INSTANCES; i++) if (hearsPrevotes(split, i)) run.deliver(i, run.said("prevote").filter(isHeard(i)));
    run.timeout("prevote", this.#height, round);
    const isShown = (to: number) => (message: Message) =>
      isHeard(to)(message) && (!split.hidesPrecommits || message.part.value === null || message.by === to);
    for (let i = 0; i < INSTANCES; i++) run.deliver(i, run.said("precommit").filter(isShown(i)));
    return run.end();
  }

  /**
   * Everything that was ever said is heard by all, and the honest hear each other from now on: they decide. Moments that differ only in
   * who had heard what are one from here on, and played once. Returns the round of the last decision. Throws Broken.
   */
  heal(before: Moment): number {
    const key = keyOf(before);
    const known = this.#healed.get(key) ?? this.#heal(before);
    this.#healed.set(key, known);
    return known;
  }

  #heal(before: Moment): number {
    const run = new Run(this.#step, before, this.#note);
    this.#note("the network heals");
    for (let i = 0; i < INSTANCES; i++) run.deliver(i, before.messages);
    let moment = run.end();
    for (let round = ROUNDS; round < ROUNDS + HEAL_ROUNDS; round++) {
      if (HONEST.every((i) => moment.decided[i] !== null)) return round - 1;
      moment = this.round(this.#tellDecision(moment), round, HEALED);
    }
    moment = this.#tellDecision(moment);
    const open = HONEST.filter((i) => moment.decided[i] === null);
    if (open.length > 0) throw new Broken(`liveness: ${open.join(", ")} have not decided ${HEAL_ROUNDS} rounds after the heal`);
    return ROUNDS + HEAL_ROUNDS - 1;
  }

  #entry(round: number, me: number): Input {
    if (round > 0) return {kind: "timeout", step: "precommit", height: this.#height, round: round - 1};
    return {kind: "start", height: this.#height, set: this.#set, me: validatorOf(me)};
  }

  /** Who has decided shows the commit to the others. */
  #tellDecision(moment: Moment): Moment {
    const commit = [...moment.precommits].find(([, from]) => from.length >= QUORUM);
    if (commit === undefined || moment.decided.every((value) => value === null)) return moment;
    const [place, from] = commit;
    const [round = "", value = ""] = place.split("/");
    const run = new Run(this.#step, moment, this.#note);
    for (let i = 0; i < INSTANCES; i++) run.feed(i, {kind: "commit", height: this.#height, round: Number(round), value, from});
    return run.end();
  }
}

function hearsPrevotes({parts, listener}: Split, instance: number): boolean {
  return listener === null || listener === instance || parts[listener] !== parts[instance];
}

/** A moment while it changes. */
class Run {
  readonly #step: StepFunction;
  readonly #note: (line: string) => void;
  readonly #states: State[];
  readonly #messages: Message[];
  readonly #decided: (string | null)[];
  readonly #precommits: Map<string, readonly number[]>;
  readonly #wanted = new Set<number>();

  constructor(step: StepFunction, before: Moment, note: (line: string) => void) {
    this.#step = step;
    this.#note = note;
    this.#states = [...before.states];
    this.#messages = [...before.messages];
    this.#decided = [...before.decided];
    this.#precommits = new Map(before.precommits);
  }

  end(): Moment {
    return {states: this.#states, messages: this.#messages, decided: this.#decided, precommits: this.#precommits};
  }

  said(type: "proposal" | Vote["type"]): Message[] {
    return this.#messages.filter(({part}) => (part.kind === "vote" ? part.type : "proposal") === type);
  }

  deliver(to: number, messages: readonly Message[]): void {
    for (const {by, part, polka} of messages) {
      if (by === to) continue; // it has heard itself
      if (polka !== null) this.feed(to, polka);
      this.#take(to, part);
    }
  }

  /** A value of its own for each instance that is to propose one: twins propose two. */
  answerValues(round: number): void {
    for (const i of this.#wanted) this.feed(i, {kind: "value", round, value: `v${round}${"abcde"[i]}`});
    this.#wanted.clear();
  }

  /** For whoever still waits. */
  timeout(step: "propose" | "prevote", height: number, round: number): void {
    for (const [i, state] of this.#states.entries()) if (state.stage === step) this.feed(i, {kind: "timeout", step, height, round});
  }

  feed(to: number, input: Input): void {
    const {state, effects} = this.#step(this.#states[to] as State, input);
    if (this.#states[to] === state && effects.every(({kind}) => kind === "ignored")) return;
    this.#note(`${nameOf(to)} < ${describe(input)}${effects.map((effect) => `\n    > ${JSON.stringify(effect)}`).join("")}`);
    this.#states[to] = state;
    for (const effect of effects) this.#perform(to, effect);
  }

  #take(to: number, part: Vote | Proposal): void {
    this.feed(to, part);
    if (part.kind === "proposal") this.feed(to, {kind: "verdict", value: part.value, verdict: "valid"});
  }

  #perform(me: number, effect: Effect): void {
    if (effect.kind === "getValue") this.#wanted.add(me);
    else if (effect.kind === "decide") this.#decide(me, effect);
    else if (effect.kind === "vote") this.#say(me, {...effect, from: validatorOf(me), id: idOf(effect, me)}, null);
    else if (effect.kind === "propose")
      this.#say(me, {...effect, kind: "proposal", from: validatorOf(me), id: idOf(effect, me)}, this.#polka(me, effect));
    else if (effect.kind === "evidence" && effect.from !== validatorOf(INSTANCES - 1))
      throw new Broken(`safety: evidence against the honest ${effect.from}`);
  }

  #say(me: number, part: Vote | Proposal, polka: Input | null): void {
    this.#messages.push({by: me, part, polka});
    if (part.kind === "vote" && part.type === "precommit" && part.value !== null) this.#stand(part.round, part.value, validatorOf(me));
    this.#take(me, part);
  }

  /** A quorum of precommits is a decision, whoever has seen it. */
  #stand(round: number, value: string, validator: number): void {
    const place = `${round}/${value}`;
    const from = [...new Set([...(this.#precommits.get(place) ?? []), validator])].sort((a, b) => a - b);
    this.#precommits.set(place, from);
    const chosen = new Set([...this.#precommits].filter(([, by]) => by.length >= QUORUM).map(([key]) => key.split("/")[1]));
    if (chosen.size > 1) throw new Broken(`safety: quorums have precommitted ${[...chosen].join(" and ")}`);
  }

  #decide(me: number, {value, round}: Extract<Effect, {kind: "decide"}>): void {
    const other = this.#decided.find((one) => one !== null && one !== value);
    if (other !== undefined) throw new Broken(`safety: ${nameOf(me)} decides ${value}, others ${other}`);
    if ((this.#precommits.get(`${round}/${value}`) ?? []).length < QUORUM)
      throw new Broken(`safety: ${nameOf(me)} decides without a quorum`);
    this.#decided[me] = value;
  }

  #polka(me: number, {polRound, value, height}: Extract<Effect, {kind: "propose"}>): Input | null {
    const state = this.#states[me] as State;
    const record = polRound < 0 ? null : recordOf(state, polRound);
    if (record === null || !hasPolka(state, record, value)) return null;
    const voters = record.prevotes.slots.flatMap((slot, i) => (slot.some((ballot) => ballot.value === value) ? [i] : []));
    const from = voters.length >= QUORUM ? voters : (record.polkas.find((polka) => polka.value === value)?.from ?? []);
    return {kind: "polka", height, round: polRound, value, from};
  }
}

function keyOf({states, messages, decided}: Moment): string {
  const places = states.map(({stage, locked, valid}) => `${stage}/${locked?.round}${locked?.value}/${valid?.round}${valid?.value}`);
  const said = messages.map(({by, part, polka}) => `${by}${part.id}${polka === null ? "" : "+"}`);
  return [...places, ...decided, ...said].join("|");
}

function idOf(effect: Extract<Effect, {kind: "vote" | "propose"}>, me: number): string {
  const type = effect.kind === "vote" ? effect.type : "proposal";
  return `${type} ${effect.round} ${effect.value ?? "nil"} by ${validatorOf(me)}`;
}

function nameOf(instance: number): string {
  return ["0", "1", "2", "3a", "3b"][instance] ?? "";
}
