import {unauthorized} from "./failure.ts";
import {sha256, verifies} from "./keys.ts";
import type {UserRecord} from "./records.ts";
import {UsedTokens} from "./tokens.ts";

/** A request as it came, for what its token has signed. */
export interface SignedRequest {
  readonly method: string;
  /** Path with query, as in the request line. */
  readonly url: string;
  /** As received. */
  readonly body: Uint8Array;
  readonly authorization: string;
  readonly requestId: string;
}

/** Clients' clocks may differ from ours by this much. */
const SKEW_S = 60;
/** What the SDK gives its tokens. */
const LIFE_S = 3_600;
const REQUEST_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Checks the bearer tokens of the SDK: Ed25519 by the session key over claims that name the very request, each good for one call. */
export class Auth {
  readonly #users: ReadonlyMap<string, UserRecord>;
  readonly #used: UsedTokens;
  /** Tokens of the seconds before are refused: which of them were used is not remembered over a restart. */
  readonly #sinceS: number;

  constructor(users: ReadonlyMap<string, UserRecord>, options: {sinceS: number; used?: UsedTokens}) {
    this.#users = users;
    this.#used = options.used ?? new UsedTokens();
    this.#sinceS = Math.floor(options.sinceS);
  }

  /** The user who calls. Throws Failure 401 with what is wrong. */
  caller(request: SignedRequest, nowS: number): UserRecord {
    const bearer = /^Bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(request.authorization);
    if (bearer === null) throw unauthorized("no token");
    const [, header = "", payload = "", signature = ""] = bearer;
    const {alg, typ} = json(header);
    const {uid, sid, exp, iat, jti, sig} = json(payload);
    if (alg !== "EdDSA" || typ !== "JWT") throw unauthorized("want a JWT by EdDSA");
    const user = this.#users.get(String(uid));
    if (user === undefined || user.session_id !== sid) throw unauthorized("unknown user or session");
    if (!verifies(user.session_public, Buffer.from(`${header}.${payload}`), Buffer.from(signature, "base64url")))
      throw unauthorized("bad signature");
    if (typeof exp !== "number" || exp < nowS) throw unauthorized("expired");
    if (exp > nowS + LIFE_S + SKEW_S) throw unauthorized("lives too long");
    if (typeof iat !== "number" || iat > nowS + SKEW_S) throw unauthorized("issued in the future");
    if (iat < this.#sinceS) throw unauthorized("issued before the restart");
    if (typeof jti !== "string" || !REQUEST_ID.test(jti) || jti !== request.requestId) throw unauthorized("jti is not the request id");
    if (sig !== sha256(request.method, request.url, request.body).toString("hex")) throw unauthorized("sig is of another request");
    this.#used.use(jti, exp, nowS);
    return user;
  }
}

/** Whom an unchecked token names. */
export function claimedUser(authorization: string): string {
  try {
    return String(json(authorization.split(".")[1] ?? "")["uid"]);
  } catch {
    return "";
  }
}

function json(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {}
  throw unauthorized("malformed token");
}
