import {MvmError} from "../base/errors.ts";

/** The node refused or did not answer; `data.code` is the node's own code where it gave one. */
export class ClientError extends MvmError<
  "UNREACHABLE" | "REFUSED" | "BAD_ANSWER" | "TIMEOUT",
  {path: string; status?: number; code?: string; message?: string}
> {}

/** What the API says of a payment; amounts and nonces are decimal text. */
export interface PaymentStatus {
  readonly outputId: string;
  readonly stage: string;
  readonly reason: string | null;
  readonly height: number | null;
  readonly process: string | null;
  readonly nonce: string | null;
  readonly [field: string]: unknown;
}

/** Stages that a payment does not leave any more. */
const ENDS = new Set(["delivered", "returned", "registered", "credited", "refunded", "held"]);

/** Reads the HTTP API of a node. Works in browsers and in Node. */
export class MvmClient {
  readonly #base: string;
  readonly #timeoutMs: number;

  /** @param base  http://host:port of a node */
  constructor(base: string, options: {timeoutMs?: number} = {}) {
    this.#base = base.replace(/\/+$/, "");
    this.#timeoutMs = options.timeoutMs ?? 5_000;
  }

  /** Throws ClientError. */
  async get(path: string): Promise<Record<string, unknown>> {
    let response: Response;
    try {
      response = await fetch(`${this.#base}${path}`, {signal: AbortSignal.timeout(this.#timeoutMs)});
    } catch (cause) {
      throw new ClientError("UNREACHABLE", {path, message: `${this.#base} does not answer`}, {cause});
    }
    const body = (await response.json().catch(() => null)) as Record<string, unknown> | null;
    if (body === null || typeof body !== "object") throw new ClientError("BAD_ANSWER", {path, status: response.status});
    if (response.ok) return body;
    const {code, message} = (body["error"] ?? {}) as {code?: string; message?: string};
    throw new ClientError("REFUSED", {
      path,
      status: response.status,
      ...(code !== undefined && {code}),
      ...(message !== undefined && {message}),
    });
  }

  status(): Promise<Record<string, unknown>> {
    return this.get("/v1/status");
  }

  /** The life of one payment, by output id or by the payer's request id; null while the node has not seen it. */
  async payment(id: string): Promise<PaymentStatus | null> {
    try {
      return (await this.get(`/v1/payments/${encodeURIComponent(id)}`)) as PaymentStatus;
    } catch (error) {
      if (error instanceof ClientError && error.data.status === 404) return null;
      throw error;
    }
  }

  /**
   * Waits until a payment has come to its end; `onStage` hears each stage once.
   * Throws ClientError TIMEOUT, with the last stage, after `timeoutMs`.
   */
  async settled(
    id: string,
    options: {timeoutMs: number; everyMs?: number; onStage?: (status: PaymentStatus) => void},
  ): Promise<PaymentStatus> {
    const deadline = Date.now() + options.timeoutMs;
    let stage = "unseen";
    for (;;) {
      const status = await this.payment(id);
      if (status !== null && status.stage !== stage) {
        stage = status.stage;
        options.onStage?.(status);
      }
      if (status !== null && ENDS.has(status.stage)) return status;
      if (Date.now() >= deadline) throw new ClientError("TIMEOUT", {path: `/v1/payments/${id}`, message: `last stage: ${stage}`});
      await new Promise((resolve) => setTimeout(resolve, options.everyMs ?? 100));
    }
  }

  message(process: string, nonce: bigint): Promise<Record<string, unknown>> {
    return this.get(`/v1/messages/${process}/${nonce}`);
  }
  payout(process: string, nonce: bigint): Promise<Record<string, unknown>> {
    return this.get(`/v1/payouts/${process}/${nonce}`);
  }
  block(height: number): Promise<Record<string, unknown>> {
    return this.get(`/v1/blocks/${height}`);
  }

  /** Each change of a stage as the node sends it, until the signal aborts. Throws ClientError UNREACHABLE where the stream ends. */
  async *stream(signal: AbortSignal): AsyncGenerator<Record<string, unknown>> {
    const path = "/v1/stream";
    const response = await fetch(`${this.#base}${path}`, {signal}).catch((cause: unknown) => {
      throw new ClientError("UNREACHABLE", {path}, {cause});
    });
    if (response.body === null) throw new ClientError("BAD_ANSWER", {path, status: response.status});
    const decoder = new TextDecoder();
    let text = "";
    const reader = response.body.getReader();
    try {
      for (;;) {
        const {done, value} = await reader.read();
        if (done) break;
        text += decoder.decode(value, {stream: true});
        const events = text.split("\n\n");
        text = events.pop() ?? "";
        for (const event of events) {
          const data = event.split("\n").find((line) => line.startsWith("data: "));
          if (data !== undefined) yield JSON.parse(data.slice(6)) as Record<string, unknown>;
        }
      }
    } finally {
      await reader.cancel().catch(() => {});
    }
    throw new ClientError("UNREACHABLE", {path, message: "the stream ended"});
  }
}
