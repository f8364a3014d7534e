import {MvmClient} from "../sdk/client.ts";

const READY_MS = 10_000;

/** Everything an operator wants at one look: what the node says of itself, whether it is ready, and its balances. */
export async function askScreen(api: string): Promise<{status: Record<string, unknown>; ready: Readiness; assets: readonly Asset[]}> {
  const client = new MvmClient(api);
  const [status, balances, ready] = await Promise.all([client.get("/v1/status"), client.get("/v1/balances"), askReady(api)]);
  return {status, ready, assets: (balances["assets"] as Asset[] | undefined) ?? []};
}

interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}
interface Asset {
  readonly asset: string;
  readonly custody: string;
  readonly paid: string;
  readonly conserved: boolean;
}

/** 503 with its reasons is an answer too. */
async function askReady(api: string): Promise<Readiness> {
  const response = await fetch(new URL("/readyz", api), {signal: AbortSignal.timeout(READY_MS)});
  const body = (await response.json().catch(() => null)) as Partial<Readiness> | null;
  return {ready: body?.ready === true, reasons: body?.reasons ?? [`the node answers ${response.status}`]};
}

/** Shows the screen as a few lines, or as one JSON object. */
export function printScreen({status, ready, assets}: Awaited<ReturnType<typeof askScreen>>, json: boolean): void {
  if (json) {
    show(JSON.stringify({...status, ready, assets}));
    return;
  }
  const seats = status["seats"] as {own: number; total: number; quorum: number};
  const peers = status["peers"] as {validator: number | null}[];
  const alarms = status["alarms"] as string[];
  const validators = peers.filter((p) => p.validator !== null).length;
  const lines: [string, unknown][] = [
    ["network", status["networkId"]],
    [
      "validator",
      `${status["validator"]} with ${seats.own} of ${seats.total} seats, quorum ${seats.quorum}; operator ${status["operator"]}`,
    ],
    ["ready", ready.ready ? "yes" : `no: ${ready.reasons.join("; ")}`],
    ["alarms", alarms.length === 0 ? "none" : alarms.join(", ")],
    ["height", `${status["height"]}, round ${status["round"]}, epoch ${status["epoch"]}, ${status["lag"]} behind`],
    ["group key", status["groupKey"] ?? `not yet: ${status["dkg"]}`],
    ["contract", status["active"] === true ? "active" : "waits for activation"],
    ["peers", `${validators} validators, ${peers.length - validators} observers`],
    ["backlog", `${status["uncertified"]} blocks without certificate, ${status["undelivered"]} not delivered`],
    ...assets.map(({asset, custody, paid, conserved}): [string, string] => [
      "custody",
      `${amount(custody)} of ${asset}, ${amount(paid)} paid out${conserved ? "" : "; BOOKS DO NOT BALANCE"}`,
    ]),
  ];
  for (const [name, value] of lines) show(`${name.padEnd(10)} ${value}`);
}

/** 1e-8 units as whole ones. */
function amount(units: string): string {
  const digits = units.padStart(9, "0");
  return `${digits.slice(0, -8)}.${digits.slice(-8)}`.replace(/\.?0+$/, "");
}

function show(line: string): void {
  process.stdout.write(`${line}\n`);
}
