import type {Links} from "../support/links.ts";
import {restart} from "./links.ts";
import type {Load} from "./load.ts";
import type {TestNetwork} from "./network.ts";

/** How long each fault lasts, and what may pass between a heal and the next payment's coming back. */
export interface Lengths {
  readonly faultMs: number;
  readonly payEveryMs: number;
  readonly resumeMs: number;
  /** For what was paid during the fault. */
  readonly settleMs: number;
}

/** What a fault came to: payments that were made while it lasted, and ms from its end until a new one had come back. */
export interface Result {
  readonly name: string;
  readonly payments: number;
  readonly resumedMs: number;
}

export interface Fault {
  readonly name: string;
  /** Brings the fault about; resolves with what ends it. */
  readonly run: (links: Links, network: TestNetwork, lengths: Lengths, load: Load) => Promise<void>;
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const ALL = [0, 1, 2, 3];

/** Each fault of the network between four validators that a machine room has seen. */
export const FAULTS: readonly Fault[] = [
  {
    name: "one of four is cut off, and the others go on",
    async run(links, _, {faultMs, resumeMs}, load) {
      links.set("silent", [3], ALL);
      await load.roundTrip(resumeMs);
      await wait(faultMs);
      links.set("up", [3], ALL);
    },
  },
  {
    name: "two and two, and nobody goes on",
    async run(links, _, {faultMs}) {
      links.set("silent", [0, 1], [2, 3]);
      await wait(faultMs);
      links.set("up", [0, 1], [2, 3]);
    },
  },
  {
    name: "connections are reset again and again, and slow",
    async run(links, _, {faultMs}) {
      links.delay(100, ALL, ALL);
      const end = performance.now() + faultMs;
      for (let i = 0; performance.now() < end; i++) {
        links.set("reset", [i % 4], ALL);
        links.set("up", [i % 4], ALL);
        await wait(faultMs / 8);
      }
      links.delay(0, ALL, ALL);
    },
  },
  {
    name: "one hears nothing that is new to it for a while: half-open connections",
    async run(links, _, {faultMs}) {
      links.set("silent", [0], [1, 2]);
      await wait(faultMs);
      links.set("up", [0], [1, 2]);
    },
  },
  {
    name: "a rolling restart",
    async run(links, network) {
      for (const i of ALL) {
        await network.stopNode(i);
        await restart(network, links, i);
      }
    },
  },
];

/** One fault under load. Rejects where a payment is lost, or does not come back in time once the fault is over. */
export async function suffer(fault: Fault, of: {network: TestNetwork; links: Links; load: Load; lengths: Lengths}): Promise<Result> {
  const {network, links, load, lengths} = of;
  const before = load.count;
  await load.during(lengths.payEveryMs, () => fault.run(links, network, lengths, load));
  const payments = load.count - before;
  const resumedMs = await load.roundTrip(lengths.resumeMs);
  await load.allBack(lengths.settleMs);
  return {name: fault.name, payments, resumedMs};
}
