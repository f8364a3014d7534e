import {parseG1} from "../src/crypto/bls.ts";
import {openShares} from "../src/dkg/open.ts";
import {makeAcks, makeDealing} from "../src/dkg/participant.ts";
import type {Session} from "../src/dkg/session.ts";
import {type Committee, committee, dealingOf, say, ticks} from "../test/support/dkg.ts";
import {type Benchmark, cpuNow, medianOf, type Result, resultOf, rounded} from "./harness.ts";

/** Seats, one each, and what a prototype with the same library took for the whole DKG, CPU ms of one node. */
const SIZES = [
  {seats: 4, prototypeMs: 14, runs: 10},
  {seats: 16, prototypeMs: 56, runs: 5},
  {seats: 64, prototypeMs: 413, runs: 2},
] as const;

/**
 * CPU time of one validator in a fresh DKG in which nobody fails: make the own dealing, admit all, open and check the own
 * share, acknowledge it, and admit the acknowledgements of a quorum.
 *
 * Bound: what a prototype of the same protocol and library took on two cores. Beside it, as `pointsMs`, the part that no code
 * can do without: decoding each point of each dealing with the check that it is in the group, measured in the same run.
 */
export const dkgBench: Benchmark = {
  name: "dkg",
  about: "CPU of one validator in a whole DKG; bound: what a prototype with the same library took",
  async run({n}) {
    return SIZES.flatMap(({seats, prototypeMs, runs}) => measure(seats, prototypeMs, n ?? runs));
  },
};

interface Parts {
  readonly deal: number;
  readonly admit: number;
  readonly open: number;
  readonly acks: number;
  readonly points: number;
}

function measure(seats: number, prototypeMs: number, runs: number): Result[] {
  const of = committee(Array.from({length: seats}, () => 1));
  const all = Array.from({length: runs}, () => once(of));
  const part = (name: keyof Parts) => rounded(medianOf(all.map((parts) => parts[name])));
  const totals = all.map(({deal, admit, open, acks}) => deal + admit + open + acks);
  const details = {dealMs: part("deal"), admitMs: part("admit"), openMs: part("open"), acksMs: part("acks"), pointsMs: part("points")};
  return [resultOf(`DKG, ${seats} seats`, "ms", totals, {bound: prototypeMs, ...details})];
}

function once(of: Committee): Parts {
  const dealings = of.secrets.map((_, i) => dealingOf(of, i)); // of all, as they arrive
  const [deal] = cpuOf(() => makeDealing({session: of.session, dealerIndex: 0, dealerSeed: of.seeds[0] as Uint8Array}));
  const [admit, dealt] = cpuOf(() => dealings.reduce<Session>((session, dealing, i) => say(session, i, dealing), of.session));
  const [open, shares] = cpuOf(() => openShares({session: dealt, validatorIndex: 0, encSecret: of.secrets[0] as Uint8Array}).shares);
  if (shares.size !== 1) throw new Error("the share does not open");
  const [sealing, sealed] = cpuOf(() => ticks(dealt)); // which makes the public shares
  const others = of.secrets.map((encSecret, i) =>
    makeAcks({session: sealed, shares: openShares({session: sealed, validatorIndex: i, encSecret}).shares}),
  );
  const [own] = cpuOf(() => makeAcks({session: sealed, shares}));
  const [admitAcks, active] = cpuOf(() =>
    others
      .flatMap((acks, i) => acks.map((ack) => ({ack, i})))
      .reduce<Session>((s, {ack, i}) => (s.phase === "ack" ? say(s, i, ack) : s), sealed),
  );
  if (active.phase !== "active") throw new Error("the key does not become active");
  const [points] = cpuOf(() => dealings.map(({commitments, ephemeral}) => [...commitments, ephemeral].map(parseG1)));
  return {deal, admit, open, acks: sealing + own + admitAcks, points};
}

/** CPU time, ms, and what the work gives. */
function cpuOf<T>(work: () => T): [number, T] {
  const before = cpuNow();
  const made = work();
  return [cpuNow() - before, made];
}
