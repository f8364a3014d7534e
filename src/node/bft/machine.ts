import {initialState, step} from "../../consensus/step.ts";
import type {Effect, Input, State} from "../../consensus/types.ts";
import type {ProposalMessage, VoteMessage} from "../../types/messages.ts";
import type {Journal} from "./journal.ts";
import type {WalRecord} from "./wal-records.ts";

/** The round machine with its state. What it takes is logged; what it ignores is not: peers may send that without end. */
export class Machine {
  readonly #journal: Journal;
  readonly #perform: (effect: Effect) => void;
  #state: State = initialState();
  /** While the log is replayed: what the machine asked for and the log does not show as done. */
  #open: Effect[] | null = null;

  constructor(ports: {journal: Journal; perform: (effect: Effect) => void}) {
    this.#journal = ports.journal;
    this.#perform = ports.perform;
  }

  get state(): State {
    return this.#state;
  }
  get isReplaying(): boolean {
    return this.#open !== null;
  }

  /** Returns whether the machine took the input; then `record` is logged before anything that follows from it. */
  feed(input: Input, record: WalRecord | null): boolean {
    const next = step(this.#state, input);
    const isTaken = next.state !== this.#state;
    this.#state = next.state;
    if (isTaken && record !== null && this.#open === null) this.#journal.record(record);
    for (const effect of next.effects) {
      const isWork = effect.kind === "timer" || effect.kind === "propose" || effect.kind === "vote";
      if (isWork && this.#open !== null) this.#open.push(effect);
      else this.#perform(effect);
    }
    return isTaken;
  }

  /** Runs what feeds the log in again; what was asked for and not done before the stop is done after it. */
  replay(run: () => void): void {
    this.#open = [];
    run();
    const open = this.#open;
    this.#open = null;
    for (const effect of open) this.#perform(effect);
  }

  /** The log shows this own message: it need not be made again. */
  isDone(message: ProposalMessage | VoteMessage): void {
    this.#open = this.#open?.filter((effect) => !isSaid(effect, message)) ?? null;
  }

  /** Whether the proposal is one of those that the machine keeps; it bounds them. */
  keeps({proposal}: ProposalMessage): boolean {
    const record = this.#state.rounds.find(({round}) => round === proposal.round);
    return record?.proposals.some(({value}) => value === proposal.blockHash) === true;
  }
}

/** Whether an effect asked for exactly this message. */
function isSaid(effect: Effect, message: ProposalMessage | VoteMessage): boolean {
  if (message.kind === "proposal") return effect.kind === "propose" && effect.round === message.proposal.round;
  return effect.kind === "vote" && effect.type === message.vote.type && effect.round === message.vote.round;
}
