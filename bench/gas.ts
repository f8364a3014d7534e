import {startChain} from "../test/contracts/support/chain.ts";
import {measureGas} from "../test/contracts/support/gas.ts";
import {type Benchmark, resultOf} from "./harness.ts";

/** Pairing, two maps to G2, one addition and the transaction itself: no verification with key and signature of these groups takes less. */
const VERIFICATION_FLOOR = 151_100 + 21_000;

/** Gas is counted, not timed: one run is exact. */
export const gasBench: Benchmark = {
  name: "gas",
  about: "whole transactions on a real EVM node, beside what the MVM of 2021-2024 took; bound of a verification: its precompiles",
  async run() {
    const chain = await startChain();
    try {
      return (await measureGas(chain)).map(({name, gas, goal, original}) => {
        const notes = [
          goal === null ? "" : `at most ${goal.toLocaleString("en")}`,
          original === null ? "" : `original ${original.toLocaleString("en")}`,
        ];
        const text = notes.filter((note) => note !== "").join(", ");
        const bound = name.startsWith("verify") ? {bound: VERIFICATION_FLOOR} : {};
        const label = text === "" ? name : `${name} (${text})`;
        return {...resultOf(label, "gas", [gas], {...bound, goal, original}), median: gas, p99: gas};
      });
    } finally {
      await chain.stop();
    }
  },
};
