import {Agent as HttpAgent} from "node:http";
import {Agent as HttpsAgent} from "node:https";
import {hashMembers, MixinApi} from "@mixin.dev/mixin-node-sdk";
import type {Uuid} from "../types/ids.ts";
import {MixinError} from "./errors.ts";
import {type Group, MEMBERS_MAX, parseUsers} from "./replies.ts";

/** One Mixin user's credentials, with the field names of the keystore file that Mixin hands out. Keys are hex without 0x; secrets. */
export interface MixinUserKeys {
  readonly app_id: Uuid;
  readonly session_id: Uuid;
  readonly server_public_key: string;
  /** ed25519 seed, 32 bytes. */
  readonly session_private_key: string;
  /** ed25519 seed, 32 bytes. */
  readonly spend_private_key: string;
}

/** Calls to the API as one user. Every failure is a MixinError; what an answer holds is for the caller to parse. */
export interface MixinClient {
  readonly userId: Uuid;
  get(path: string, params?: Readonly<Record<string, string | number>>): Promise<unknown>;
  post(path: string, body: object): Promise<unknown>;
  /** Ends calls under way with MixinError STOPPED, and refuses new ones. */
  close(): void;
}

/** Bytes of one answer: 500 outputs of a group of 64 fit. */
const ANSWER_BYTES_MAX = 16 * 1_024 * 1_024;
/** The API's number for what it does not know. */
export const NOT_FOUND = 404;

/**
 * @param url        of the API, no path: the SDK signs the path only
 * @param timeoutMs  of one try; the SDK tries twice
 */
export function createMixinClient(options: {url: string; user: MixinUserKeys; timeoutMs?: number}): MixinClient {
  const {user} = options;
  const agents = {httpAgent: new HttpAgent({keepAlive: true}), httpsAgent: new HttpsAgent({keepAlive: true})};
  const stop = new AbortController();
  const requestConfig = {
    baseURL: options.url.replace(/\/+$/, ""),
    timeout: options.timeoutMs ?? 3_000,
    retry: 1, // the SDK takes 0 for its default of 5
    maxContentLength: ANSWER_BYTES_MAX,
    ...agents,
  };
  const {app_id, session_id, server_public_key, session_private_key} = user;
  const api = MixinApi({keystore: {app_id, session_id, server_public_key, session_private_key}, requestConfig});

  async function call(config: {method: "get" | "post"; url: string; params?: object; data?: object}): Promise<unknown> {
    if (stop.signal.aborted) throw new MixinError("STOPPED", {call: config.url});
    const cancellable = {...config, signal: stop.signal}; // axios takes it, the SDK's type does not name it
    try {
      return await api.request<unknown>(cancellable);
    } catch (error) {
      throw stop.signal.aborted ? new MixinError("STOPPED", {call: config.url}) : explain(error, config.url);
    }
  }

  return {
    userId: app_id,
    get: (path, params) => call({method: "get", url: path, ...(params !== undefined && {params})}),
    post: (path, body) => call({method: "post", url: path, data: body}),
    close() {
      stop.abort();
      agents.httpAgent.destroy();
      agents.httpsAgent.destroy();
    },
  };
}

/** The SDK's ResponseError and axios' errors, told apart by their fields. Neither goes on: they carry the request's headers. */
function explain(error: unknown, call: string): MixinError {
  const e = (typeof error === "object" && error !== null ? error : {}) as {
    code?: unknown;
    description?: unknown;
    message?: unknown;
    response?: {status?: unknown; data?: unknown};
  };
  if (e.response !== undefined) {
    const inner = (e.response.data as {error?: {code?: unknown; description?: unknown}} | null | undefined)?.error;
    const status = typeof e.response.status === "number" ? e.response.status : 0;
    if (typeof inner?.code === "number") return refused(call, inner.code, inner.description);
    return status === NOT_FOUND ? refused(call, NOT_FOUND, "") : new MixinError("SERVER", {call, status});
  }
  if (typeof e.code === "number") return refused(call, e.code, e.description);
  if (typeof e.code === "string") return new MixinError("UNREACHABLE", {call, got: e.code});
  return new MixinError("MALFORMED", {call, field: "answer", got: String(e.message).slice(0, 120)});
}

function refused(call: string, apiCode: number, description: unknown): MixinError {
  return new MixinError("REFUSED", {call, apiCode, description: String(description).slice(0, 200)});
}

/** The multisig of `members`, in any order, with `threshold`. */
export function groupOf(members: readonly Uuid[], threshold: number): Group {
  const sorted = [...members].sort();
  return {members: sorted, threshold, hash: `0x${hashMembers([...sorted])}`}; // the SDK sorts what it is given
}

/**
 * Which of `userIds` cannot be members of a Safe multisig: unknown to the API, or not registered for Safe.
 * @throws MixinError
 */
export async function usersWithoutSafe(client: MixinClient, userIds: readonly Uuid[]): Promise<Uuid[]> {
  const missing = new Set(userIds);
  const all = [...missing];
  for (let at = 0; at < all.length; at += MEMBERS_MAX) {
    const asked = all.slice(at, at + MEMBERS_MAX);
    const users = parseUsers(await client.post("/users/fetch", asked), MEMBERS_MAX);
    for (const user of users) if (user.hasSafe) missing.delete(user.userId);
  }
  return [...missing];
}
