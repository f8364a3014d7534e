import {unauthorized} from "./failure.ts";
import {sha256, verifies} from "./keys.ts";
import type {UserRecord} from "./records.ts";

/** A request as it came, for what its token has signed. */
export interface SignedRequest {
  readonly method: string;
  /** Path with query, as in the request line. */
  readonly url: string;
  readonly body: string;
  readonly authorization: string;
  readonly requestId: string;
}

const SKEW_S = 60;
const TOKENS_MAX = 100_000;

/** Checks the bearer tokens of the SDK: Ed25519 by the session key over claims that name the very request. */
export class Auth {
  readonly #users: ReadonlyMap<string, UserRecord>;
  /** Token id → end of its life, seconds; the oldest go first. */
  readonly #used = new Map<string, number>();

  constructor(users: ReadonlyMap<string, UserRecord>) {
    this.#users = users;
  }

  /** The user who calls. Throws Failure 401 with what is wrong. */
  caller(request: SignedRequest, nowS: number): UserRecord {
    const [header = "", payload = "", signature = "", ...rest] = request.authorization.replace(/^Bearer /, "").split(".");
    if (rest.length > 0 || signature === "") throw unauthorized("no token");
    const head = json(header);
    const claims = json(payload);
    if (head["alg"] !== "EdDSA") throw unauthorized("want EdDSA");
    const user = this.#users.get(String(claims["uid"]));
    if (user === undefined || user.session_id !== claims["sid"]) throw unauthorized("unknown user or session");
    if (!verifies(user.session_public, Buffer.from(`${header}.${payload}`), Buffer.from(signature, "base64url")))
      throw unauthorized("bad signature");
    const {exp, iat, jti, sig} = claims;
    if (typeof exp !== "number" || exp < nowS) throw unauthorized("expired");
    if (typeof iat !== "number" || iat > nowS + SKEW_S) throw unauthorized("issued in the future");
    if (typeof jti !== "string" || jti !== request.requestId) throw unauthorized("jti is not the request id");
    if (sig !== sha256(request.method + request.url + request.body).toString("hex")) throw unauthorized("sig is of another request");
    this.#useOnce(jti, exp, nowS);
    return user;
  }

  #useOnce(jti: string, exp: number, nowS: number): void {
    if (this.#used.has(jti)) throw unauthorized("token used twice");
    for (const [id, end] of this.#used) {
      if (end >= nowS && this.#used.size < TOKENS_MAX) break;
      this.#used.delete(id);
    }
    this.#used.set(jti, exp);
  }
}

function json(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {}
  throw unauthorized("malformed token");
}
