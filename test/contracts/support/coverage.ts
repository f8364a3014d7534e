import {writeFileSync} from "node:fs";
import {join} from "node:path";

export type Rpc = <T>(method: string, ...params: unknown[]) => Promise<T>;

/** What ran of one code: pc to 1, or for a JUMPI the sum of 1 (jumped) and 2 (went on). */
export interface Ran {
  /** Runtime code of the contract, 0x hex. */
  readonly code: string;
  /** The constructor ran, not this code itself. */
  readonly creation: boolean;
  readonly pcs: Record<string, number>;
}

/** Runs inside the EVM node: collects `kind ‖ address` to pcs. A frame of a delegate call runs the code of the address that it enters. */
const TRACER = `{
  seen: {}, frames: [],
  enter: function(frame) {
    var type = frame.getType();
    var kind = type.indexOf("CREATE") === 0 ? "c" : "r";
    this.frames.push({kind: kind, code: type === "DELEGATECALL" || type === "CALLCODE" ? toHex(frame.getTo()) : ""});
  },
  exit: function() { this.frames.pop(); },
  step: function(log) {
    var top = this.frames.length ? this.frames[this.frames.length - 1] : {kind: "ROOT", code: ""};
    var key = top.kind + (top.code || toHex(log.contract.getAddress()));
    var pcs = this.seen[key] || (this.seen[key] = {});
    var pc = log.getPC();
    if (log.op.toNumber() === 87) pcs[pc] = (pcs[pc] || 0) | (log.stack.peek(1).toString() === "0" ? 2 : 1);
    else pcs[pc] = 1;
  },
  fault: function() {},
  result: function() { return this.seen; }
}`;
const tracer = (root: "c" | "r") => TRACER.replace("ROOT", root);

let files = 0;

/** Where MVM_COVERAGE names a folder: an `rpc` that traces what it runs, and `save` that writes it there. See scripts/coverage.ts. */
export function coverageOf(rpc: Rpc): {rpc: Rpc; save(): void} | null {
  const folder = process.env["MVM_COVERAGE"];
  if (folder === undefined) return null;
  const ran = new Map<string, Ran>();
  let codes = new Map<string, string>();

  async function codeOf(address: string): Promise<string> {
    const known = codes.get(address);
    if (known !== undefined) return known;
    const code = await rpc<string>("eth_getCode", address, "latest");
    codes.set(address, code);
    return code;
  }
  async function add(seen: Record<string, Record<string, number>>): Promise<void> {
    for (const [key, pcs] of Object.entries(seen)) {
      const creation = key.startsWith("c");
      const code = await codeOf(`0x${key.slice(-40)}`);
      const id = `${creation} ${code}`;
      const known = ran.get(id) ?? {code, creation, pcs: {}};
      ran.set(id, known);
      for (const [pc, how] of Object.entries(pcs)) known.pcs[pc] = (known.pcs[pc] ?? 0) | how;
    }
  }
  return {
    async rpc<T>(method: string, ...params: unknown[]): Promise<T> {
      if (method === "evm_revert" || method === "anvil_setCode") codes = new Map();
      if (method === "eth_call") {
        const {to} = params[0] as {to?: string};
        if (to !== undefined) await add(await rpc("debug_traceCall", params[0], "latest", {tracer: tracer("r")}));
      }
      const result = await rpc<T>(method, ...params);
      if (method === "eth_sendTransactionSync") {
        const {transactionHash, to} = result as {transactionHash: string; to: string | null};
        await add(await rpc("debug_traceTransaction", transactionHash, {tracer: tracer(to === null ? "c" : "r")}));
      }
      return result;
    },
    save: () => writeFileSync(join(folder, `${process.pid}-${files++}.json`), JSON.stringify([...ran.values()])),
  };
}
