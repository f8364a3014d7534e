/** One mistake that somebody could make: `from`, which stands exactly once in `file`, becomes `to`. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** Tests that are to notice it, the fastest first: each list is one run, and the first that fails ends it. */
export interface Trial {
  readonly name: string;
  readonly tests: readonly string[];
  /** Tests with this in their name only. */
  readonly only?: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Group {
  readonly name: string;
  readonly mutants: readonly Mutant[];
  readonly trials: readonly Trial[];
}
