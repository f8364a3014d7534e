import {MvmClient} from "../sdk/client.ts";

/** One answer of a node's API. Throws ClientError. */
export function askApi(api: string, path: string): Promise<Record<string, unknown>> {
  return new MvmClient(api).get(path);
}

/** Shows `GET /v1/status` as a few lines, or as it came. */
export function printStatus(status: Record<string, unknown>, json: boolean): void {
  if (json) {
    show(JSON.stringify(status));
    return;
  }
  const seats = status["seats"] as {own: number; total: number; quorum: number};
  const peers = status["peers"] as unknown[];
  const lines = [
    ["network", status["networkId"]],
    ["validator", `${status["validator"]} with ${seats.own} of ${seats.total} seats, quorum ${seats.quorum}`],
    ["height", `${status["height"]}, round ${status["round"]}, ${status["lag"]} behind`],
    ["group key", status["groupKey"] ?? `not yet: ${status["dkg"]}`],
    ["contract", status["active"] === true ? "active" : "waits for activation"],
    ["peers", peers.length],
    ["backlog", `${status["uncertified"]} without certificate, ${status["undelivered"]} not delivered`],
  ];
  for (const [name, value] of lines) show(`${String(name).padEnd(10)} ${value}`);
}

/** Shows the life of one payment. */
export function printPayment(payment: Record<string, unknown>, json: boolean): void {
  if (json) {
    show(JSON.stringify(payment));
    return;
  }
  for (const [name, value] of Object.entries(payment))
    if (value !== null) show(`${name.padEnd(12)} ${typeof value === "object" ? JSON.stringify(value) : value}`);
}

function show(line: string): void {
  process.stdout.write(`${line}\n`);
}
