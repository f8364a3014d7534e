/** Heights of one range, and of the answer at first. */
const RANGE = 64;
const RANGE_MAX = 128;
/** Ranges that are asked for, or wait for those before them: with their bytes in an answer, this bounds the memory. */
const RANGES_MAX = 6;
/** Wanted bytes of an answer. */
const ANSWER_BYTES = 2 << 20;

/** A range as others see it. */
export interface Interval {
  readonly from: number;
  readonly to: number;
  /** Validators that have been asked for it, and those whose answers are awaited. */
  readonly asked: ReadonlySet<number>;
  readonly asking: ReadonlySet<number>;
}

interface Answer {
  readonly by: number;
  /** Of `first`, `first + 1`, … */
  readonly first: number;
  readonly frames: readonly Uint8Array[];
}

interface Range extends Interval {
  from: number;
  readonly asked: Set<number>;
  readonly asking: Set<number>;
  askedMs: number;
  answer: Answer | null;
}

/** Which heights are asked for, and what has come: a window of ranges above the head, without gaps. */
export class RangePlan {
  #ranges: Range[] = [];
  /** Who had nothing for the height after the head. */
  #nothing: {height: number; by: Set<number>} = {height: 0, by: new Set()};
  #size = RANGE;

  /** Plans on, up to `last`. */
  extend(head: number, last: number): void {
    while (this.#ranges.length < RANGES_MAX) {
      const from = (this.#ranges.at(-1)?.to ?? head) + 1;
      if (from > last) return;
      this.#ranges.push(newRange(from, Math.min(last, from + this.#size - 1)));
    }
  }

  /** The head is `height`: what lies below is done. */
  reached(height: number): void {
    if (this.#nothing.height !== height + 1) this.#nothing = {height: height + 1, by: new Set()};
    this.#ranges = this.#ranges.filter(({to}) => to > height);
    const [first] = this.#ranges;
    if (first === undefined || first.from > height) return;
    const {answer} = first;
    const isUsedUp = answer !== null && answer.first + answer.frames.length - 1 <= height;
    if (isUsedUp) this.#ranges[0] = newRange(height + 1, first.to);
    else if (answer === null && first.asking.size === 0) first.from = height + 1;
  }

  /** Ranges that somebody is to be asked for: those that nobody is asked for, and the first where all it waits for was asked before `hedgeMs`. */
  open(hedgeMs: number): Interval[] {
    return this.#ranges.filter(
      (range, i) => range.answer === null && (range.asking.size === 0 || (i === 0 && range.asking.size === 1 && range.askedMs < hedgeMs)),
    );
  }

  asked(interval: Interval, validator: number, nowMs: number): void {
    const range = this.#find(interval);
    range?.asked.add(validator);
    range?.asking.add(validator);
    if (range !== undefined) range.askedMs = nowMs;
  }

  /** Takes an answer, blocks from height `from` on; one that is late, or the second, is dropped. */
  answered(interval: Interval, validator: number, from: number, frames: readonly Uint8Array[]): void {
    if (frames.length === 0 && from === this.#nothing.height) this.#nothing.by.add(validator);
    const range = this.#find(interval);
    range?.asking.delete(validator);
    if (range === undefined || range.answer !== null || frames.length === 0) return;
    range.answer = {by: validator, first: from, frames};
    const mean = frames.reduce((sum, frame) => sum + frame.length, 0) / frames.length;
    this.#size = Math.max(1, Math.min(RANGE_MAX, Math.floor(ANSWER_BYTES / mean)));
  }

  /** The blocks after `head`, which may be ahead of what was reached, if they have come. */
  ready(head: number): {by: number; frames: readonly Uint8Array[]} | null {
    const answer = this.#ranges.find(({to}) => to > head)?.answer ?? null;
    if (answer === null || answer.first > head + 1) return null;
    const frames = answer.frames.slice(head + 1 - answer.first);
    return frames.length === 0 ? null : {by: answer.by, frames};
  }

  /** Forgets all that this validator has answered. */
  refuse(validator: number): void {
    for (const range of this.#ranges) if (range.answer?.by === validator) range.answer = null;
  }

  /** Whether all these validators have been asked for `height`, and had nothing. */
  isNowhere(height: number, holders: readonly number[]): boolean {
    return this.#nothing.height === height && holders.length > 0 && holders.every((validator) => this.#nothing.by.has(validator));
  }

  clear(): void {
    this.#ranges = [];
  }

  #find(interval: Interval): Range | undefined {
    return this.#ranges.find((range) => range === interval);
  }
}

function newRange(from: number, to: number): Range {
  return {from, to, asked: new Set(), asking: new Set(), askedMs: 0, answer: null};
}
