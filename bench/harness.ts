/** One line of a benchmark: what was measured, beside its bound of the same run. */
export interface Result {
  readonly name: string;
  /** How many times it was measured. */
  readonly n: number;
  readonly unit: string;
  readonly median: number;
  /** What one of a hundred measurements exceeds; of a rate, what one of a hundred falls short of. */
  readonly p99: number;
  /** The best that is possible, in the same unit; null where there is none. */
  readonly bound: number | null;
  /** How many times worse than the bound the median is: 1 is as good as can be, for times and for rates. */
  readonly ratio: number | null;
  readonly [detail: string]: unknown;
}

export interface BenchOptions {
  /** Measurements wanted of the costly kind; null: the benchmark's own default. */
  readonly n: number | null;
  /** Validators of a testnet, one seat each. */
  readonly validators: number;
}

export interface Benchmark {
  readonly name: string;
  /** What is measured, and what its bound is. */
  readonly about: string;
  run(options: BenchOptions): Promise<Result[]>;
}

/** The smallest sample that is not below a share `q` of all; NaN where there are none. `sorted`: ascending. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

export function medianOf(samples: readonly number[]): number {
  return quantile(
    [...samples].sort((a, b) => a - b),
    0.5,
  );
}

/** Statistics of the samples. Units that end in "/s" are rates: more is better. */
export function resultOf(
  name: string,
  unit: string,
  samples: readonly number[],
  details: {bound?: number | null; [detail: string]: unknown} = {},
): Result {
  const sorted = [...samples].sort((a, b) => a - b);
  const {bound = null, ...rest} = details;
  const isRate = unit.endsWith("/s");
  const median = quantile(sorted, 0.5);
  const ratio = bound === null ? null : isRate ? bound / median : median / bound;
  return {
    name,
    n: sorted.length,
    unit,
    median: rounded(median),
    p99: rounded(quantile(sorted, isRate ? 0.01 : 0.99)),
    bound: bound === null ? null : rounded(bound),
    ratio: ratio === null ? null : rounded(ratio),
    ...rest,
  };
}

/** Four digits that count. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** CPU time that this process has used, ms: a clock that other processes of the machine do not move. */
export function cpuNow(): number {
  const {user, system} = process.cpuUsage();
  return (user + system) / 1_000;
}

/** Runs `work` `n` times after a warm-up, and returns each time in ms. */
export async function timed(n: number, work: () => unknown): Promise<number[]> {
  for (let i = 0; i < Math.min(10, n); i++) await work();
  const samples: number[] = [];
  for (let i = 0; i < n; i++) {
    const start = performance.now();
    await work();
    samples.push(performance.now() - start);
  }
  return samples;
}

/** A table for people. */
export function table(results: readonly Result[]): string {
  const head = ["", "n", "unit", "median", "p99", "bound", "ratio"];
  const rows = results.map((r) => [r.name, r.n, r.unit, r.median, r.p99, r.bound ?? "-", r.ratio ?? "-"].map(String));
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((row) => row[i]?.length ?? 0)));
  return [head, ...rows]
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  "))
    .join("\n");
}
