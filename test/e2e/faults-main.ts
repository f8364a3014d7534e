import {parseArgs} from "node:util";
import {runDemo} from "../../testnet/demo.ts";
import type {Links} from "../support/links.ts";
import {FAULTS, suffer} from "./faults.ts";
import {linkUp} from "./links.ts";
import {Load} from "./load.ts";
import {startNetwork} from "./network.ts";

/** Faults of a real network between real processes, each for `--seconds` (60), under load: `npm run faults`. */
const {values} = parseArgs({options: {seconds: {type: "string", default: "60"}, only: {type: "string", default: ""}}});
const lengths = {faultMs: 1_000 * Number(values.seconds), payEveryMs: 1_000, resumeMs: 30_000, settleMs: 60_000};
const network = await startNetwork();
let links: Links | null = null;
try {
  await runDemo(network.net, network.tell, AbortSignal.timeout(120_000));
  links = await linkUp(network);
  const load = new Load(network);
  for (const fault of FAULTS.filter(({name}) => name.includes(values.only))) {
    const {payments, resumedMs} = await suffer(fault, {network, links, load, lengths});
    const strange = await load.strange();
    if (strange.length > 0) throw new Error(`${fault.name}: came back twice, or was never paid: ${strange.join(", ")}`);
    process.stdout.write(`${fault.name}: ${payments} payments, each came back once; the next ${Math.round(resumedMs)} ms after the end\n`);
  }
} finally {
  await network.stop();
  await links?.close();
}
