import type {Report, Tell} from "./report.ts";

const ESC = String.fromCharCode(27);
const CODES = {dim: "2", bold: "1", green: "32", red: "31", yellow: "33", cyan: "36"} as const;

type Paint = (style: keyof typeof CODES, text: string) => string;

/** Colours on a terminal, plain text elsewhere and where NO_COLOR is set. */
function painter(out: NodeJS.WriteStream): Paint {
  const colours = out.isTTY === true && process.env["NO_COLOR"] === undefined;
  return (style, text) => (colours ? `${ESC}[${CODES[style]}m${text}${ESC}[0m` : text);
}

const STAGES: Record<string, string> = {
  sent: "paid on Mixin",
  observed: "seen by a validator",
  decided: "decided: place and nonce are final",
  certified: "certified by the group key",
  submitted: "submitted to the group contract",
  delivered: "delivered to the app",
  registered: "decided: the app has its lane of messages",
  refunding: "on its way back",
  refunded: "given back",
  parked: "parked: the app failed",
  held: "held",
  returned: "back on the user's account",
};

/** Draws reports for a person, one line each, in the order in which things happen. */
export function picture(out: NodeJS.WriteStream): Tell {
  const paint = painter(out);
  const line = (text: string) => out.write(`${text}\n`);
  const time = (ms: number) => paint("dim", `${ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`}`.padStart(8));
  let payment = "";
  return (report: Report) => {
    switch (report.event) {
      case "step":
        line(`${time(report.ms)}  ${paint("green", "●")} ${report.text}`);
        return;
      case "stage": {
        if (report.payment !== payment)
          line(`\n${paint("bold", report.payment === "register" ? "The developer registers the demo app" : "A user pays the app")}`);
        payment = report.payment;
        const details = Object.entries(report.detail)
          .map(([name, value]) => `${name} ${shorten(String(value))}`)
          .join("  ");
        const mark = report.stage === "returned" || report.stage === "registered" ? paint("green", "✔") : paint("cyan", "→");
        line(`${time(report.ms)}  ${mark} ${(STAGES[report.stage] ?? report.stage).padEnd(36)} ${paint("dim", details)}`);
        return;
      }
      case "balance":
        line(`${" ".repeat(8)}  ${paint("dim", `${report.who.padEnd(20)} ${report.amount} ${report.asset}`)}`);
        return;
      case "node":
        line(`${" ".repeat(8)}  ${paint("yellow", "!")} validator ${report.validator}: ${report.text}`);
        return;
      case "error":
        line(`${paint("red", "✘")} ${report.message}`);
        return;
      case "ready":
        drawReady(report, line, paint);
        return;
      case "done":
        line(`\n${report.ok ? paint("green", `✔ ${outcome(report)}`) : paint("red", `✘ ${outcome(report)}`)} ${time(report.ms).trim()}`);
    }
  };
}

function outcome({ok, demo}: {ok: boolean; demo: boolean}): string {
  if (demo) return ok ? "The money went to the contract and came back." : "The demo did not finish.";
  return ok ? "The network runs." : "The network did not start.";
}

function drawReady(report: Extract<Report, {event: "ready"}>, line: (text: string) => void, paint: Paint): void {
  const chain = report["chain"] as {rpc: string; group: string; staking: string};
  const mixin = report["mixin"] as {api: string};
  const nodes = report["nodes"] as {api: string; pid: number}[];
  line(`\n${paint("bold", "Up")}`);
  line(`          chain       ${chain.rpc}   group ${chain.group}   staking ${chain.staking}`);
  line(`          mixin       ${mixin.api}`);
  line(`          explorer    ${paint("cyan", String(report["explorer"]))}`);
  for (const [i, node] of nodes.entries()) line(`          validator ${i} ${node.api}/v1/status   pid ${node.pid}`);
}

function shorten(text: string): string {
  return text.length > 26 ? `${text.slice(0, 14)}…${text.slice(-6)}` : text;
}

/** One JSON object per line. */
export function jsonLines(out: NodeJS.WriteStream): Tell {
  return (report) => {
    out.write(`${JSON.stringify(report, (_, v) => (typeof v === "bigint" ? `${v}` : v))}\n`);
  };
}
