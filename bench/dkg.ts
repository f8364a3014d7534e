import {blsSign, parseG1} from "../src/crypto/bls.ts";
import {combinePartials} from "../src/crypto/threshold.ts";
import {openShares} from "../src/dkg/open.ts";
import {makeAcks, makeDealing, makeReshareDealings} from "../src/dkg/participant.ts";
import {type Session, sizesOf} from "../src/dkg/session.ts";
import {type Dealing, encodeDkgBody} from "../src/types/dkg.ts";
import {bytesOf, type Committee, committee, type Holders, handedOut, resharing, say, ticks} from "../test/support/dkg.ts";
import {type Benchmark, cpuNow, medianOf, type Result, resultOf, rounded} from "./harness.ts";

/** What a prototype of the same protocol and library took: CPU ms of one node with one seat for each validator, and in all dealings bytes. */
const SIZES = [
  {seats: 4, freshMs: 14, reshareMs: 20, bytes: 1_824, runs: 10},
  {seats: 16, freshMs: 56, reshareMs: 80, bytes: 19_584, runs: 5},
  {seats: 64, freshMs: 413, reshareMs: 575, bytes: 274_944, runs: 2},
  {seats: 128, freshMs: 1_373, reshareMs: 1_930, bytes: 1_076_224, runs: 1},
] as const;
const INTERPOLATIONS = [
  {t: 3, seats: 4, prototypeMs: 1.96},
  {t: 11, seats: 16, prototypeMs: 3.44},
  {t: 43, seats: 64, prototypeMs: 8.28},
  {t: 86, seats: 128, prototypeMs: 14.8},
] as const;

/**
 * CPU time of one validator in a key generation and in a resharing to as many seats, in which nobody fails: make the own
 * dealing, admit all, open and check the own share, acknowledge it, and admit the acknowledgements that are needed. Then the
 * interpolation of a group signature from t partial signatures, checked.
 *
 * Bound: what a prototype of the same protocol and library took on two cores. Beside it, as `pointsMs`, the part that no code
 * can do without: decoding each point of each dealing with the check that it is in the group, measured in the same run.
 * `weighted`: the same seats held by four validators.
 */
export const dkgBench: Benchmark = {
  name: "dkg",
  about: "CPU of one validator in a whole DKG and a resharing, and of an interpolation; bound: what a prototype took",
  async run({n}) {
    return [
      ...SIZES.flatMap((size) => [fresh(size, ones(size.seats), n ?? size.runs), reshare(size, ones(size.seats), n ?? size.runs)]),
      ...SIZES.slice(1, 3).flatMap((size) => [
        fresh(size, fours(size.seats), n ?? size.runs),
        reshare(size, fours(size.seats), n ?? size.runs),
      ]),
      ...INTERPOLATIONS.map((of) => interpolation(of, n ?? 20)),
    ];
  },
};

const ones = (seats: number) => Array.from({length: seats}, () => 1);
const fours = (seats: number) => Array.from({length: 4}, () => seats / 4);

interface Parts {
  readonly deal: number;
  readonly admit: number;
  readonly open: number;
  readonly acks: number;
  readonly points: number;
  readonly bytes: number;
}

type Size = (typeof SIZES)[number];
const nameOf = (kind: string, table: readonly number[], seats: number) =>
  `${kind}, ${seats} seats${table.length === seats ? "" : ` of ${table.length} validators`}`;

function fresh(size: Size, table: readonly number[], runs: number): Result {
  const of = committee(table, "bench");
  const deal = (dealer: number) => [makeDealing({session: of.session, dealerIndex: dealer, dealerSeed: bytesOf(`seed ${dealer}`)})];
  const all = Array.from({length: runs}, () => once(of, table.length, deal));
  return resultFrom(nameOf("fresh", table, size.seats), all, size.freshMs, size.bytes);
}

function reshare(size: Size, table: readonly number[], runs: number): Result {
  const from: Holders = handedOut(committee(table, "bench"));
  const of = resharing(from, table, "next");
  const deal = (dealer: number) =>
    makeReshareDealings({session: of.session, dealerIndex: dealer, dealerSeed: bytesOf(`seed ${dealer}`), shares: from.shares});
  const all = Array.from({length: runs}, () => once(of, table.length, deal));
  return resultFrom(nameOf("reshare", table, size.seats), all, size.reshareMs, size.bytes);
}

function resultFrom(name: string, all: readonly Parts[], bound: number, prototypeBytes: number): Result {
  const part = (key: keyof Parts) => rounded(medianOf(all.map((parts) => parts[key])));
  const totals = all.map(({deal, admit, open, acks}) => deal + admit + open + acks);
  const details = {dealMs: part("deal"), admitMs: part("admit"), openMs: part("open"), acksMs: part("acks"), pointsMs: part("points")};
  return resultOf(name, "ms", totals, {bound, ...details, dealingBytes: part("bytes"), prototypeBytes});
}

function once(of: Committee, dealers: number, deal: (dealer: number) => Dealing[]): Parts {
  const dealings = Array.from({length: dealers}, (_, i) => deal(i)).flat(); // of all, as they arrive
  const [own] = cpuOf(() => deal(0));
  const [admit, dealt] = cpuOf(() => dealings.reduce<Session>((session, dealing) => say(session, dealing.dealer, dealing), of.session));
  const [open, shares] = cpuOf(() => openShares({session: dealt, validatorIndex: 0, encSecret: of.secrets[0] as Uint8Array}).shares);
  if (shares.size === 0) throw new Error("the share does not open");
  const [sealing, sealed] = cpuOf(() => ticks(dealt)); // which makes the public shares
  const others = of.secrets.map((encSecret, i) =>
    makeAcks({session: sealed, shares: openShares({session: sealed, validatorIndex: i, encSecret}).shares}),
  );
  const [ack] = cpuOf(() => makeAcks({session: sealed, shares}));
  const [admitAcks, active] = cpuOf(() =>
    others
      .flatMap((acks, i) => acks.map((made) => ({made, i})))
      .reduce<Session>((s, {made, i}) => (s.phase === "ack" ? say(s, i, made) : s), sealed),
  );
  if (active.phase !== "active") throw new Error("the key does not become active");
  const [points] = cpuOf(() => dealings.map(({commitments, ephemeral}) => [...commitments, ephemeral].map(parseG1)));
  const bytes = dealings.reduce((sum, dealing) => sum + encodeDkgBody(dealing).length, 0);
  return {deal: own, admit, open, acks: sealing + ack + admitAcks, points, bytes};
}

function interpolation({t, seats, prototypeMs}: (typeof INTERPOLATIONS)[number], runs: number): Result {
  const {active, shares} = handedOut(committee(ones(seats), "bench"));
  const {threshold} = sizesOf(active);
  if (threshold !== t) throw new Error(`${seats} seats have threshold ${threshold}`);
  const message = bytesOf("a block");
  const partials = [...shares].map(([seat, share]) => ({seat, signature: blsSign(share, message)}));
  const some = Array.from({length: runs}, (_, i) => partials.filter(({seat}) => (seat * 7 + i) % seats < t));
  const times = some.map((given) => {
    const [ms, {signature}] = cpuOf(() => combinePartials({partials: given, threshold, groupKey: active.groupKey, message}));
    if (signature === null) throw new Error("the partial signatures do not combine");
    return ms;
  });
  const first = partials.slice(0, t);
  const [firstMs] = cpuOf(() => combinePartials({partials: first, threshold, groupKey: active.groupKey, message}));
  return resultOf(`interpolate and check, t = ${t}`, "ms", times, {bound: prototypeMs, firstSeatsMs: rounded(firstMs)});
}

/** CPU time, ms, and what the work gives. */
function cpuOf<T>(work: () => T): [number, T] {
  const before = cpuNow();
  const made = work();
  return [cpuNow() - before, made];
}
