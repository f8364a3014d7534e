import {sameOutput} from "../../src/mixin/output-set.ts";
import type {LedgerState} from "../../src/mvm/ledger.ts";
import {isDecidedOutput, mixinWatermark} from "../../src/mvm/queries.ts";
import type {Judgement} from "../../src/ports/chain.ts";
import type {OutputFeed} from "../../src/ports/mixin.ts";
import type {MixinOutput} from "../../src/types/facts.ts";
import {outputFact} from "../support/ledger.ts";

const AT_ONCE = 2;

/** Outputs without end, the same for everybody: there is always something to decide. Nobody sent them, so that they are only kept. */
export class EndlessFeed implements OutputFeed {
  readonly name = "endless feed";
  state: () => LedgerState = () => {
    throw new Error("asked before there is a state");
  };
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  undecided(count: number): {output: MixinOutput; seenAtMs: number}[] {
    const state = this.state();
    const next = Array.from({length: Math.min(count, AT_ONCE)}, (_, i) => output(mixinWatermark(state) + 1n + BigInt(i)));
    return next.filter(({outputId}) => !isDecidedOutput(state, outputId)).map((one) => ({output: one, seenAtMs: 0}));
  }
  judge(proposed: MixinOutput): Judgement {
    return sameOutput(proposed, output(proposed.sequence)) ? "valid" : "invalid";
  }
  knows(): boolean {
    return true;
  }
  async fetch(): Promise<void> {}
  async poll(): Promise<void> {}
  decided(): void {}
  onNew(): void {}
}

function output(sequence: bigint): MixinOutput {
  return outputFact(sequence, {senders: [], sendersThreshold: 0});
}
