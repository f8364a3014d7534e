import {JsonRpcProvider, Network} from "ethers";
import {describeError} from "../base/errors.ts";
import {ChainError} from "./errors.ts";
import {createTransport, type Transport} from "./transport.ts";

const TEXT_MAX = 300;
const REVERT_HEX_MAX = 4_096;

/** One JSON-RPC node of one chain. */
export interface ChainProvider {
  readonly chainId: number;
  /**
   * The raw result of an RPC method, for the caller to parse. The first request, and the first after any failure, checks the
   * chain id before. Rejects with ChainError only; a node's own error is REFUSED with `message`, and `revert` where it is one.
   */
  request(method: string, params: readonly unknown[]): Promise<unknown>;
  /** Throws ChainError WRONG_CHAIN where the node serves another chain; RPC_DOWN and the like where it does not answer. */
  verify(): Promise<void>;
  /** Ends what is under way with STOPPED. */
  destroy(): void;
}

type Payload = Parameters<JsonRpcProvider["_send"]>[0];
type Reply = Awaited<ReturnType<JsonRpcProvider["_send"]>>;

/**
 * ethers' provider over a transport of ours: one HTTP exchange per request (a batch waits, and one error spoils it), no
 * retry, no cache of answers, no detection of the network (it retries for ever and prints), answers bounded in time and size.
 */
class BoundedProvider extends JsonRpcProvider {
  readonly #transport: Transport;

  constructor(transport: Transport, chainId: number) {
    const network = Network.from(chainId);
    super("http://unused.invalid", network, {staticNetwork: network, batchMaxCount: 1, cacheTimeout: -1});
    this.#transport = transport;
  }
  override async _send(payload: Payload): Promise<Reply> {
    const reply = await this.#transport.post(JSON.stringify(payload));
    return (Array.isArray(reply) ? reply : [reply]) as Reply;
  }
  override getRpcError(payload: {method: string}, {error}: {error: unknown}): Error {
    const {message, code, data} = (typeof error === "object" && error !== null ? error : {}) as Record<string, unknown>;
    const revert = revertOf(data);
    return new ChainError("REFUSED", {
      method: payload.method,
      message: String(message).slice(0, TEXT_MAX),
      code: typeof code === "number" ? code : 0,
      ...(revert !== null && {revert}),
    });
  }
}

/** Revert data, as most nodes give it (`data`) or some do (`data.data`). */
function revertOf(data: unknown): string | null {
  if (typeof data === "string") return /^0x(?:[0-9a-f]{2})*$/i.test(data) ? data.slice(0, REVERT_HEX_MAX).toLowerCase() : null;
  return typeof data === "object" && data !== null && "data" in data ? revertOf(data.data) : null;
}

/** Opens nothing yet: the first request does. @param timeoutMs for one request */
export function openProvider(options: {url: string; chainId: number; timeoutMs: number}): ChainProvider {
  const {chainId} = options;
  const transport = createTransport(options);
  const provider = new BoundedProvider(transport, chainId);
  let destroyed = false;
  let verified: Promise<void> | null = null;

  async function send(method: string, params: readonly unknown[]): Promise<unknown> {
    if (destroyed) throw new ChainError("STOPPED", {method});
    try {
      return await provider.send(method, [...params]);
    } catch (error) {
      if (destroyed) throw new ChainError("STOPPED", {method});
      if (error instanceof ChainError) throw error.code === "REFUSED" ? error : new ChainError(error.code, {method, ...error.data});
      throw new ChainError("BAD_REPLY", {method, ...describeError(error)}, {cause: error});
    }
  }
  async function check(): Promise<void> {
    const got = await send("eth_chainId", []);
    if (typeof got !== "string" || !/^0x[0-9a-f]{1,13}$/i.test(got))
      throw new ChainError("BAD_REPLY", {method: "eth_chainId", got: String(got).slice(0, 80)});
    if (Number(got) !== chainId) throw new ChainError("WRONG_CHAIN", {want: chainId, got: Number(got)});
  }
  function verify(): Promise<void> {
    if (verified === null) {
      const checking = check();
      verified = checking;
      checking.catch(() => {
        if (verified === checking) verified = null;
      });
    }
    return verified;
  }

  return {
    chainId,
    verify,
    async request(method, params) {
      await verify();
      try {
        return await send(method, params);
      } catch (error) {
        // whatever answers next at this address may be another node
        if (error instanceof ChainError && (error.code === "RPC_DOWN" || error.code === "TIMEOUT")) verified = null;
        throw error;
      }
    },
    destroy() {
      destroyed = true;
      transport.destroy();
      provider.destroy();
    },
  };
}
