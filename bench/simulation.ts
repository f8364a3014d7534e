import {type Input, initialState, proposerSchedule, type State, step, type ValidatorSet} from "../src/consensus/main.ts";
import {simulate} from "../test/sim/simulate.ts";
import {type Benchmark, cpuNow, medianOf, resultOf, rounded} from "./harness.ts";

const NODES = 4;
const PER_SAMPLE = 20;
const VALUE = `0x${"ab".repeat(32)}`;

/**
 * Simulated networks of four round machines that decide one height, per second of CPU time: without faults, and with all
 * that the simulator knows.
 *
 * Bound: the same four machines fed by hand with the inputs of one calm round in their best order, and nothing around them:
 * no queue, no clock, no checks, no restarts.
 */
export const simulationBench: Benchmark = {
  name: "simulation",
  about: "simulated networks of four that decide one height, per second; bound: the bare steps of four machines in a calm round",
  async run({n}) {
    const samples = n ?? 50;
    const calm = rates(samples, (seed) => void expectHeld(simulate(seed, {faults: []}).failure, seed));
    const faulty = rates(samples, (seed) => void expectHeld(simulate(seed).failure, seed));
    const inputs = Array.from({length: NODES}, (_, me) => calmInputs(me));
    const bound = medianOf(rates(samples, () => inputs.forEach(runAll)));
    const stepUs = rounded(1e6 / bound / inputs.flat().length);
    return [
      resultOf("one height, no faults", "1/s", calm, {bound, stepUs}),
      resultOf("one height, all faults", "1/s", faulty, {bound, stepUs}),
    ];
  },
};

/** Runs per second of each sample. */
function rates(samples: number, run: (seed: number) => void): number[] {
  let seed = 1;
  return Array.from({length: samples}, () => {
    const start = cpuNow();
    for (let i = 0; i < PER_SAMPLE; i++) run(seed++);
    return (PER_SAMPLE * 1_000) / (cpuNow() - start);
  });
}

function expectHeld(failure: string | null, seed: number): void {
  if (failure !== null) throw new Error(`seed ${seed}: ${failure}`);
}

/** What reaches validator `me` in a round in which all goes well. */
function calmInputs(me: number): Input[] {
  const validators = Array.from({length: NODES}, (_, i) => ({id: `0x${`${i}`.padStart(40, "0")}`, seats: 1}));
  const set: ValidatorSet = {epoch: 1, validators, schedule: proposerSchedule(validators)};
  const height = 1;
  const round = 0;
  const from = set.schedule[(height + round) % set.schedule.length] ?? 0;
  const votes = (type: "prevote" | "precommit") =>
    validators.map((_, i): Input => ({kind: "vote", type, height, round, value: VALUE, from: i, id: `${type} ${i}`}));
  return [
    {kind: "start", height, set, me},
    ...(me === from ? [{kind: "value", round, value: VALUE} as const] : []),
    {kind: "proposal", height, round, polRound: -1, value: VALUE, from, id: "proposal"},
    {kind: "verdict", value: VALUE, verdict: "valid"},
    ...votes("prevote"),
    ...votes("precommit"),
  ];
}

function runAll(inputs: readonly Input[]): void {
  let state: State = initialState();
  let decided = false;
  for (const input of inputs) {
    const next = step(state, input);
    state = next.state;
    decided ||= next.effects.some(({kind}) => kind === "decide");
  }
  if (!decided) throw new Error("the calm round does not decide");
}
