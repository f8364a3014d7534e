import {mkdirSync} from "node:fs";
import {join} from "node:path";
import {parseArgs} from "node:util";
import {Devnet} from "./devnet.ts";
import {DevnetServer} from "./server.ts";

const {values} = parseArgs({
  options: {port: {type: "string", default: "0"}, dir: {type: "string"}, "multi-sign": {type: "string", default: "on"}},
});
if (values.dir !== undefined) mkdirSync(values.dir, {recursive: true});
const file = values.dir === undefined ? null : join(values.dir, "journal");
const server = new DevnetServer(new Devnet({file, multiSign: values["multi-sign"] !== "off"}));
const url = await server.start(Number(values.port));
process.stdout.write(`${JSON.stringify({event: "ready", url, pid: process.pid})}\n`);

let stopping = false;
const stop = () => {
  if (stopping) return;
  stopping = true;
  void server.stop().then(() => process.exit(0));
};
process.once("SIGINT", stop);
process.once("SIGTERM", stop);
process.once("disconnect", stop);
