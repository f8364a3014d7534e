import {abiHash, address, fixedBytes, uint} from "../base/abi.ts";
import {toHex} from "../base/bytes.ts";
import {TRACE_KIND, traceId} from "../types/digests.ts";
import {type Uuid, uuidBytes} from "../types/ids.ts";
import type {PayoutRefused} from "../types/payout-facts.ts";
import type {Draft} from "./draft.ts";
import {LedgerError} from "./errors.ts";
import {BUILDS, PAYOUTS} from "./money-tables.ts";
import type {NetworkConstants} from "./network.ts";
import type {PayoutCause, PayoutRecord} from "./records.ts";

/** Builds of one payout that are told to the signers: the newest ones; a build before them was refused long ago. */
const BUILDS_SHOWN = 8;
const BUILD_MAX = 0xffff_ffff;

/** One transaction that a payout may become. All builds of a payout spend the same inputs, so the Mixin ledger takes at most one. */
export interface Build {
  readonly requestId: Uuid;
  /** Gives the inputs back to the group. */
  readonly voiding: boolean;
}

/** The trace id of a payout, which is the request id of its first build. */
export function traceOf(network: NetworkConstants, cause: PayoutCause): Uuid {
  return requestIdOf(network, cause, {buildIndex: 0, voiding: false});
}

function requestIdOf(network: NetworkConstants, cause: PayoutCause, of: {buildIndex: number; voiding: boolean}): Uuid {
  const kind = of.voiding ? TRACE_KIND.void : TRACE_KIND[cause.kind];
  return traceId({networkId: network.genesis.networkId, kind, id: toHex(idOf(cause)), buildIndex: of.buildIndex});
}

function idOf(cause: PayoutCause): Uint8Array {
  switch (cause.kind) {
    case "payout":
      return abiHash(fixedBytes(uuidBytes(cause.process)), uint(cause.nonce));
    case "refund":
      return abiHash(fixedBytes(uuidBytes(cause.outputId)));
    case "merge":
      return abiHash(fixedBytes(uuidBytes(cause.asset)), uint(cause.number));
    case "reward":
      return abiHash(address(cause.operator), uint(cause.height));
  }
}

/** The newest builds, the one that is to be signed last. With its trace id at hand, the first build needs no hash. */
export function buildsOf(
  network: NetworkConstants,
  payout: Pick<PayoutRecord, "cause" | "buildIndex" | "voidFrom"> & {readonly traceId?: Uuid},
): Build[] {
  const first = Math.max(0, payout.buildIndex - BUILDS_SHOWN + 1);
  return Array.from({length: payout.buildIndex - first + 1}, (_, i) => {
    const buildIndex = first + i;
    const voiding = payout.voidFrom !== null && buildIndex >= payout.voidFrom;
    if (buildIndex === 0 && !voiding && payout.traceId !== undefined) return {requestId: payout.traceId, voiding};
    return {requestId: requestIdOf(network, payout.cause, {buildIndex, voiding}), voiding};
  });
}

/**
 * The build at hand leads nowhere: the next one takes its place, over the same inputs.
 * @throws LedgerError UNKNOWN_TRACE, PAYOUT_NOT_OPEN, WRONG_BUILD; CANNOT_VOID for a merge, which pays the group itself
 */
export function refuseBuild(draft: Draft, network: NetworkConstants, fact: PayoutRefused): void {
  const payout = draft.get(PAYOUTS, fact.traceId);
  if (payout === undefined) throw new LedgerError("UNKNOWN_TRACE", {got: fact.traceId});
  // change that is here shows that a build is confirmed
  if (payout.state !== "open" || payout.returned.length > 0) throw new LedgerError("PAYOUT_NOT_OPEN", {got: payout.state});
  if (fact.buildIndex !== payout.buildIndex || fact.buildIndex === BUILD_MAX)
    throw new LedgerError("WRONG_BUILD", {want: payout.buildIndex, got: fact.buildIndex});
  const impossible = fact.reason === "impossible";
  if (impossible && (payout.cause.kind === "merge" || payout.voidFrom !== null)) throw new LedgerError("CANNOT_VOID", {got: fact.traceId});
  const buildIndex = payout.buildIndex + 1;
  const next = {...payout, buildIndex, voidFrom: impossible ? buildIndex : payout.voidFrom};
  draft.put(PAYOUTS, fact.traceId, next);
  const {requestId, voiding} = buildsOf(network, next).at(-1) as Build;
  draft.put(BUILDS, requestId, {traceId: fact.traceId, voiding});
}
