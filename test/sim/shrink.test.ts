import {expect, test} from "vitest";
import {step} from "../../src/consensus/main.ts";
import {FAULTS} from "./faults.ts";
import {shrink} from "./shrink.ts";
import {simulate} from "./simulate.ts";

test("a seed that fails is shown as a short run with few faults", () => {
  const bad = {variant: {step, carriesPolka: false, repeats: "entry"}, livenessMs: 30_000, faults: FAULTS, heights: 1, nodes: 4} as const;
  const whole = simulate(37, {...bad, isTraced: true});
  expect(whole.failure).toContain("liveness");
  const {outcome, options} = shrink(37, bad, whole.failure ?? "");
  expect(outcome.failure).toContain("liveness");
  expect(options.faults.length).toBeLessThan(FAULTS.length / 2);
  expect(outcome.trace.length).toBeLessThan(whole.trace.length / 5);
  expect(simulate(outcome.seed, options).failure, "the options it prints make it again").toContain("liveness");
});
