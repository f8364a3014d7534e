import {BoundedMap} from "../../base/bounded.ts";
import type {Hex} from "../../base/bytes.ts";
import type {Clock} from "../../ports/system.ts";
import type {Uuid} from "../../types/ids.ts";
import type {NodeParts} from "../assemble.ts";

const HEIGHTS_MAX = 10_000;

/** When this node saw what of one height, ms since 1970; what happened before its start is not known to it. */
export interface HeightTimes {
  readonly decidedMs?: number;
  readonly certifiedMs?: number;
  readonly submittedMs?: number;
  readonly txHash?: Hex;
  readonly gasUsed?: bigint;
}

/** A change that the stream tells; `atMs` since 1970, with fractions. */
export type Change = {readonly atMs: number} & Happening;

type Happening =
  | {readonly type: "proposed"; readonly height: number; readonly round: number}
  | {readonly type: "decided"; readonly height: number; readonly hash: Hex; readonly proposer: Hex; readonly outputs: readonly Uuid[]}
  | {readonly type: "certified"; readonly height: number}
  | {readonly type: "submitted"; readonly height: number; readonly platform: Hex; readonly outcome: string; readonly txHash: Hex | null};

/** Remembers when things happened, and tells listeners as they do. It is for people: no decision depends on it. */
export class Timeline {
  readonly #times = new BoundedMap<number, HeightTimes>(HEIGHTS_MAX);
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #clock: Clock;

  constructor(ports: Pick<NodeParts, "chain" | "certifier" | "deliverers" | "onSent"> & {clock: Clock}) {
    this.#clock = ports.clock;
    ports.onSent((message) => {
      if (message.kind === "proposal") this.#tell({type: "proposed", height: message.proposal.height, round: message.proposal.round});
    });
    ports.chain.onDecided(({height, hash, block, replay}) => {
      if (replay) return;
      const outputs = block.facts.flatMap((fact) => (fact.kind === "mixinOutput" ? [fact.outputId] : []));
      this.#note(height, {decidedMs: this.#clock.now()}, {type: "decided", height, hash, proposer: block.header.proposer, outputs});
    });
    ports.certifier.onCertified(({height}) => this.#note(height, {certifiedMs: this.#clock.now()}, {type: "certified", height}));
    for (const deliverer of ports.deliverers)
      deliverer.onDelivered(({height, platform, result}) => {
        const {txHash, gasUsed, outcome} = result;
        const times = {submittedMs: this.#clock.now(), ...(txHash !== null && {txHash}), gasUsed};
        this.#note(height, outcome === "mined" ? times : {}, {type: "submitted", height, platform, outcome, txHash});
      });
  }

  of(height: number): HeightTimes {
    return this.#times.get(height) ?? {};
  }

  /** Calls back with each change; the answer ends it. Listeners must not throw. */
  listen(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #note(height: number, times: HeightTimes, happening: Happening): void {
    this.#times.set(height, {...this.#times.get(height), ...times});
    this.#tell(happening);
  }

  #tell(happening: Happening): void {
    const change = {...happening, atMs: performance.timeOrigin + performance.now()};
    for (const listener of this.#listeners) listener(change);
  }
}
