import {parseArgs} from "node:util";
import {catchupBench} from "./catchup.ts";
import {cryptoBench} from "./crypto.ts";
import {decisionBench} from "./decision.ts";
import {dkgBench} from "./dkg.ts";
import {gasBench} from "./gas.ts";
import {type Benchmark, table} from "./harness.ts";
import {idleBench} from "./idle.ts";
import {ledgerBench} from "./ledger.ts";
import {paymentBench} from "./payment.ts";
import {payoutsBench} from "./payouts.ts";
import {simulationBench} from "./simulation.ts";
import {walBench} from "./wal.ts";

const ALL: readonly Benchmark[] = [
  decisionBench,
  paymentBench,
  payoutsBench,
  walBench,
  cryptoBench,
  dkgBench,
  ledgerBench,
  gasBench,
  simulationBench,
  catchupBench,
  idleBench,
];

const {values, positionals} = parseArgs({
  allowPositionals: true,
  options: {json: {type: "boolean", default: false}, n: {type: "string"}, validators: {type: "string", default: "4"}},
});
const unknown = positionals.filter((name) => !ALL.some((b) => b.name === name));
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(", ")}; there are: ${ALL.map((b) => b.name).join(", ")}`);
  process.exit(2);
}
for (const benchmark of ALL) {
  if (positionals.length > 0 && !positionals.includes(benchmark.name)) continue;
  if (!values.json) console.log(`\n${benchmark.name}: ${benchmark.about}`);
  const results = await benchmark.run({n: values.n === undefined ? null : Number(values.n), validators: Number(values.validators)});
  if (values.json) for (const result of results) console.log(JSON.stringify(result));
  else console.log(table(results));
}
process.exit(0); // connections that are kept alive would hold it
