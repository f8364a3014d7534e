import {ChainError} from "./errors.ts";
import {createTransport} from "./transport.ts";

/** The chain id that a JSON-RPC node says it serves. Throws ChainError. */
export async function readChainId(url: string, timeoutMs: number): Promise<number> {
  const transport = createTransport({url, timeoutMs});
  try {
    const reply = await transport.post(JSON.stringify({jsonrpc: "2.0", id: 1, method: "eth_chainId", params: []}));
    const result = typeof reply === "object" && reply !== null && "result" in reply ? reply.result : null;
    if (typeof result !== "string" || !/^0x[0-9a-f]{1,13}$/i.test(result))
      throw new ChainError("BAD_REPLY", {method: "eth_chainId", got: String(result).slice(0, 80)});
    return Number(result);
  } finally {
    transport.destroy();
  }
}
