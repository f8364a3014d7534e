import {MvmClient} from "../sdk/client.ts";
import {decimal} from "../sdk/payment.ts";

/** Steps of the journey in order, with the name of their time. */
const STEPS = [
  ["createdMs", "paid on Mixin"],
  ["observedMs", "seen by this node"],
  ["decidedMs", "decided"],
  ["certifiedMs", "certified by the group"],
  ["submittedMs", "submitted to the chain by this node"],
  ["deliveredMs", "the app ran"],
  ["parkedMs", "the app failed: parked"],
  ["refundedMs", "paid back"],
] as const;

/** Shows the life of one payment: where it is, what that means, what to do, and when it was where. Throws ClientError. */
export async function showPayment(id: string, {api, json}: {api: string; json: boolean}): Promise<void> {
  const payment = await new MvmClient(api).get(`/v1/payments/${encodeURIComponent(id)}`);
  process.stdout.write(json ? `${JSON.stringify(payment)}\n` : `${paymentLines(payment).join("\n")}\n`);
}

/** The lines for a person. `payment`: the answer of `GET /v1/payments/:id`. */
export function paymentLines(payment: Readonly<Record<string, unknown>>): string[] {
  const {stage, reason, asset, amount, process: app, nonce, height, outputId, requestId} = payment;
  const {means, cure} = payment["words"] as {means: string; cure: string};
  const failure = payment["failure"] as {text: string} | null | undefined;
  const back = (payment["refund"] ?? payment["refundByApp"]) as {stage: string; amount: string; traceId: string} | null | undefined;
  const line = (name: string, value: unknown) => (value === null || value === undefined ? [] : [`${name.padEnd(10)} ${value}`]);
  return [
    ...line("stage", reason === null ? stage : `${stage}, ${reason}`),
    ...line("means", means),
    ...line("next", cure === "Nothing to do." ? null : cure),
    ...line("app said", failure?.text),
    ...line("amount", `${decimal(BigInt(String(amount)))} of ${asset}`),
    ...line("message", nonce === null ? null : `${nonce} of process ${app}`),
    ...line("block", height),
    ...line("paid back", back == null ? null : `${decimal(BigInt(back.amount))}, ${back.stage}, trace ${back.traceId}`),
    ...line("output", outputId),
    ...line("request", requestId),
    ...journeyLines((payment["times"] ?? {}) as Readonly<Record<string, unknown>>),
  ];
}

/** One line a step, with the time since the step before. */
function journeyLines(times: Readonly<Record<string, unknown>>): string[] {
  let last: number | null = null;
  return STEPS.flatMap(([field, name]) => {
    const at = times[field];
    if (typeof at !== "number") return [];
    const since = last === null ? new Date(at).toISOString() : `+${Math.max(0, Math.round(at - last))} ms`;
    last = at;
    return [`           ${since.padEnd(26)}${name}`];
  });
}
