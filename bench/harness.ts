/** One line of a benchmark: what was measured, beside its lower bound of the same run. */
export interface Result {
  readonly name: string;
  /** How many times it was measured. */
  readonly n: number;
  readonly unit: string;
  readonly median: number;
  readonly p99: number;
  /** The lower bound in the same unit, and how many times it the median is; null where there is none. */
  readonly bound: number | null;
  readonly ratio: number | null;
  readonly [detail: string]: unknown;
}

export interface BenchOptions {
  /** Measurements wanted of the costly kind; each benchmark says what its default means. */
  readonly n: number | null;
  readonly validators: number;
}

export interface Benchmark {
  readonly name: string;
  /** What is measured, and what its bound is. */
  readonly about: string;
  run(options: BenchOptions): Promise<Result[]>;
}

export function quantile(sorted: readonly number[], q: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] as number;
}

/** Statistics of the samples. */
export function resultOf(
  name: string,
  unit: string,
  samples: readonly number[],
  details: {bound?: number | null; [detail: string]: unknown} = {},
): Result {
  const sorted = [...samples].sort((a, b) => a - b);
  const {bound = null, ...rest} = details;
  const median = quantile(sorted, 0.5);
  const ratio = bound === null ? null : median / bound;
  return {
    name,
    n: sorted.length,
    unit,
    median: round(median),
    p99: round(quantile(sorted, 0.99)),
    bound: bound === null ? null : round(bound),
    ratio: ratio === null ? null : round(ratio),
    ...rest,
  };
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

/** Runs `work` `n` times after a warm-up, and returns each time in ms. */
export async function timed(n: number, work: () => unknown | Promise<unknown>): Promise<number[]> {
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
