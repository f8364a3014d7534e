import type {Payment} from "./data.ts";

/** A place on the way of a payment, as the picture shows it. */
export interface Station {
  readonly name: string;
  readonly zone: "Mixin" | "Validators" | "Chain";
  readonly state: "done" | "now" | "ahead" | "failed";
  /** Ms since 1970, where this node saw it. */
  readonly atMs: number | null;
  readonly detail: string;
}

/** Order of the stages that a message passes; what stands behind the last one reached is still ahead. */
const REACHED: Readonly<Record<string, number>> = {
  observed: 1,
  decided: 2,
  refunding: 2,
  refunded: 2,
  held: 2,
  registered: 2,
  credited: 2,
  certified: 3,
  submitted: 4,
  queued: 4,
  delivered: 5,
  parked: 5,
  returned: 5,
};

/** The way in: from Mixin over the validators to the app. Payments that are no messages end where they are decided. */
export function stationsOf(payment: Payment): Station[] {
  const {times, stage, height, round, nonce} = payment;
  const reached = REACHED[stage] ?? 0;
  const isMessage = payment.nonce !== null || stage === "observed";
  const state = (place: number): Station["state"] => {
    if (place < reached || (place === reached && place === 5)) return "done";
    if (place === reached) return isMessage && stage !== "parked" ? "done" : "now";
    return place === reached + 1 && isMessage ? "now" : "ahead";
  };
  const at = (ms: number | undefined) => ms ?? null;
  const first: Station[] = [
    {name: "Paid", zone: "Mixin", state: "done", atMs: at(times.createdMs), detail: "on Mixin"},
    {name: "Seen", zone: "Validators", state: state(1), atMs: at(times.observedMs), detail: "by this node"},
    {
      name: "Decided",
      zone: "Validators",
      state: isMessage ? state(2) : stage === "held" ? "failed" : "done",
      atMs: at(times.decidedMs),
      detail: height === null ? "by a quorum" : `height ${height}${nonce === null ? "" : ` · nonce ${nonce}`}`,
    },
  ];
  if (!isMessage) return first;
  const failed = stage === "parked";
  return [
    ...first,
    {
      name: "Certified",
      zone: "Validators",
      state: state(3),
      atMs: at(times.certifiedMs),
      detail: round === null || round === undefined ? "by the group key" : `round ${round}`,
    },
    {
      name: "Submitted",
      zone: "Chain",
      state: state(4),
      atMs: at(times.submittedMs),
      detail: times.gasUsed === undefined ? "to the contract" : `${Number(times.gasUsed).toLocaleString("en")} gas`,
    },
    {
      name: failed ? "Parked" : "App ran",
      zone: "Chain",
      state: failed ? "failed" : state(5),
      atMs: at(failed ? times.parkedMs : times.deliveredMs),
      detail: failed ? "the app failed" : payment.chainBlock ? `chain block ${payment.chainBlock}` : "in order",
    },
  ];
}

/** The way back, where the money goes back: from which place, and how far it is. */
export function wayBack(payment: Payment): {fromApp: boolean; done: boolean; text: string; atMs: number | null} | null {
  if (payment.refund != null) {
    const done = payment.refund.stage === "paid";
    const why = payment.reason ?? "REGISTERED";
    return {fromApp: false, done, text: `${done ? "Paid back" : "Going back"} · ${why}`, atMs: payment.times.refundedMs ?? null};
  }
  if (payment.refundByApp != null) {
    const done = payment.refundByApp.stage === "paid";
    return {fromApp: true, done, text: done ? "Paid back by the app" : "The app pays it back", atMs: null};
  }
  return null;
}

/** Ms from the first to the last that this node saw of it; null where it saw less than two things. */
export function latencyMs({times}: {times: Payment["times"]}): number | null {
  const start = times.observedMs ?? times.decidedMs;
  const end = times.deliveredMs ?? times.parkedMs ?? times.refundedMs;
  return start === undefined || end === undefined || end < start ? null : end - start;
}
