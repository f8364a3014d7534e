import {randomUUID} from "node:crypto";
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {getED25519KeyPair, signAccessToken, signEd25519PIN, signSafeRegistration, signToken} from "@mixin.dev/mixin-node-sdk";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {Auth, type SignedRequest} from "./auth.ts";
import {sdkOf} from "./client.ts";
import {Devnet} from "./devnet.ts";
import {Failure} from "./failure.ts";
import {Fixture} from "./fixture.ts";
import {sha256} from "./keys.ts";
import type {UserRecord} from "./records.ts";
import {DevnetServer} from "./server.ts";
import {UsedTokens} from "./tokens.ts";

const NOW_S = 1_700_000_000;
const session = getED25519KeyPair();
const other = getED25519KeyPair();
const seedOf = (pair: typeof session) => Buffer.from(pair.seed).toString("hex");
const user: UserRecord = {
  user_id: randomUUID(),
  full_name: "user",
  session_id: randomUUID(),
  session_public: Buffer.from(session.publicKey).toString("hex"),
  server_seed: "",
  tip_public: "",
  view_seed: "",
  spend_public: null,
  iterator: 0n,
};
const users = new Map([[user.user_id, user]]);
const fresh = (sinceS = 0) => new Auth(users, {sinceS});

interface Parts {
  readonly request?: Partial<SignedRequest>;
  readonly claims?: Record<string, unknown>;
  readonly key?: string;
  readonly change?: (token: string) => string;
}

/** A request with a good token, but for `parts`. */
function signed({request = {}, claims = {}, key = seedOf(session), change = (token) => token}: Parts = {}): SignedRequest {
  const requestId = randomUUID();
  const made = {method: "POST", url: "/safe/keys?a=b", body: Buffer.from('[{"ü":1}]'), requestId};
  const sig = sha256(made.method, made.url, made.body).toString("hex");
  const payload = {uid: user.user_id, sid: user.session_id, iat: NOW_S, exp: NOW_S + 3_600, jti: requestId, sig, scp: "FULL", ...claims};
  return {...made, authorization: `Bearer ${change(signToken(payload as never, key))}`, ...request};
}
const outcome = (request: SignedRequest, auth = fresh(), nowS = NOW_S) => {
  try {
    return auth.caller(request, nowS).user_id;
  } catch (error) {
    return error instanceof Failure ? `${error.code} ${error.message}` : error;
  }
};
const recoded = (token: string, part: number, value: object) =>
  token
    .split(".")
    .map((text, i) => (i === part ? Buffer.from(JSON.stringify(value)).toString("base64url") : text))
    .join(".");

describe("a token", () => {
  test("of the SDK for this very request is taken", () => {
    expect(outcome(signed())).toBe(user.user_id);
  });

  const cases: readonly {readonly name: string; readonly parts: Parts; readonly why: string}[] = [
    {name: "none", parts: {request: {authorization: ""}}, why: "no token"},
    {name: "an empty one, as the SDK sends with a bad keystore", parts: {request: {authorization: "Bearer "}}, why: "no token"},
    {name: "two parts", parts: {change: (t) => t.split(".").slice(0, 2).join(".")}, why: "no token"},
    {name: "four parts", parts: {change: (t) => `${t}.x`}, why: "no token"},
    {name: "without the word Bearer", parts: {request: {authorization: signed().authorization.slice(7)}}, why: "no token"},
    {name: "claims that are no JSON", parts: {change: (t) => t.replace(/\.[^.]+\./, ".e30x.")}, why: "malformed token"},
    {name: "claims that are a list", parts: {change: (t) => recoded(t, 1, [])}, why: "unknown user or session"},
    {name: "no algorithm", parts: {change: (t) => recoded(t, 0, {alg: "none", typ: "JWT"})}, why: "want a JWT by EdDSA"},
    {name: "another algorithm", parts: {change: (t) => recoded(t, 0, {alg: "HS256", typ: "JWT"})}, why: "want a JWT by EdDSA"},
    {name: "an unknown user", parts: {claims: {uid: randomUUID()}}, why: "unknown user or session"},
    {name: "no user", parts: {claims: {uid: null}}, why: "unknown user or session"},
    {name: "another session", parts: {claims: {sid: randomUUID()}}, why: "unknown user or session"},
    {name: "signed by another key", parts: {key: seedOf(other)}, why: "bad signature"},
    {
      name: "claims changed after signing",
      parts: {change: (t) => recoded(t, 1, {uid: user.user_id, sid: user.session_id})},
      why: "bad signature",
    },
    {name: "the signature cut", parts: {change: (t) => t.slice(0, -4)}, why: "bad signature"},
    {name: "expired", parts: {claims: {exp: NOW_S - 1}}, why: "expired"},
    {name: "without an end", parts: {claims: {exp: null}}, why: "expired"},
    {name: "an end as text", parts: {claims: {exp: `${NOW_S + 9}`}}, why: "expired"},
    {name: "that lives for a day", parts: {claims: {exp: NOW_S + 86_400}}, why: "lives too long"},
    {name: "issued in an hour", parts: {claims: {iat: NOW_S + 3_600}}, why: "issued in the future"},
    {name: "of another request id", parts: {claims: {jti: randomUUID()}}, why: "jti is not the request id"},
    {name: "without a request id", parts: {request: {requestId: ""}}, why: "jti is not the request id"},
    {name: "a request id that is no uuid", parts: {request: {requestId: "x"}, claims: {jti: "x"}}, why: "jti is not the request id"},
    {name: "of another method", parts: {request: {method: "GET"}}, why: "sig is of another request"},
    {name: "of another path", parts: {request: {url: "/safe/key?a=b"}}, why: "sig is of another request"},
    {name: "of another query", parts: {request: {url: "/safe/keys?a=c"}}, why: "sig is of another request"},
    {name: "of another body", parts: {request: {body: Buffer.from('[{"u":1}]')}}, why: "sig is of another request"},
    {
      name: "of a body that differs in bytes that are no text",
      parts: {request: {body: Buffer.from([0xff])}, claims: {sig: sha256("POST", "/safe/keys?a=b", Buffer.from([0xfe])).toString("hex")}},
      why: "sig is of another request",
    },
    {name: "without a sig", parts: {claims: {sig: null}}, why: "sig is of another request"},
  ];
  test.for(cases)("$name: refused", ({parts, why}) => {
    expect(outcome(signed(parts))).toBe(`401 Unauthorized: ${why}`);
  });

  test("serves once, also right at its end, and a refused call does not use it up", () => {
    const auth = fresh();
    const request = signed();
    expect(outcome({...request, method: "GET"}, auth)).toContain("sig");
    expect(outcome(request, auth)).toBe(user.user_id);
    for (const nowS of [NOW_S, NOW_S + 1, NOW_S + 3_600]) expect(outcome(request, auth, nowS)).toContain("used twice");
    expect(outcome(request, auth, NOW_S + 3_601)).toContain("expired");
  });

  test("from before a restart is refused: whether it was used is not known any more", () => {
    expect(outcome(signed(), fresh(NOW_S + 1))).toContain("before the restart");
    expect(outcome(signed(), fresh(NOW_S + 0.9))).toBe(user.user_id);
  });
});

describe("used tokens", () => {
  test("are forgotten when they have ended, and not before: full means refused", () => {
    const used = new UsedTokens(3);
    for (const id of ["a", "b", "c"]) used.use(id, 10, 0);
    expect(() => used.use("d", 10, 10)).toThrow(expect.objectContaining({code: 429}));
    expect(() => used.use("a", 10, 10)).toThrow(expect.objectContaining({code: 401}));
    used.use("d", 20, 11);
    expect(used.size).toBe(1);
  });
});

describe("over HTTP", () => {
  let net: Fixture;
  beforeAll(async () => {
    net = await Fixture.start();
  });
  afterAll(() => net.stop());

  test.for([
    {name: "another session key", change: {session_private_key: seedOf(other)}},
    {name: "an unknown user", change: {app_id: randomUUID()}},
    {name: "another session", change: {session_id: randomUUID()}},
    {name: "a user id that is none: the SDK sends an empty token", change: {app_id: "me"}},
  ])("the SDK with $name gets 401", async ({change}) => {
    await expect(sdkOf(net.url, {...net.payer, ...change}).safe.checkRegisteration()).rejects.toMatchObject({code: 401, status: 202});
  });

  test("a captured request cannot be played again, and its id comes back in both answers", async () => {
    const requestId = randomUUID();
    const token = signAccessToken("GET", "/safe/me", "", requestId, net.payer);
    const send = () => fetch(`${net.url}/safe/me`, {headers: {authorization: `Bearer ${token}`, "x-request-id": requestId}});
    const [first, second] = [await send(), await send()];
    expect([first.status, second.status]).toEqual([200, 202]);
    expect([first, second].map((r) => r.headers.get("x-request-id"))).toEqual([requestId, requestId]);
    expect(await first.json()).toMatchObject({data: {user_id: net.payer.app_id}});
    expect(await second.json()).toMatchObject({error: {status: 202, code: 401}});
  });

  test("registration wants the TIP key's consent and the spend key's signature, and keeps the first key", async () => {
    const created = (await (await fetch(`${net.url}/admin/users`, {method: "POST", body: '{"full_name":"new"}'})).json()) as {
      data: {app_id: string; tip_private_key: string};
    };
    const {tip_private_key, ...keystore} = created.data;
    const {safe} = sdkOf(net.url, {...net.payer, ...keystore});
    const spend = Buffer.alloc(32, 7);
    await expect(safe.register(keystore.app_id, seedOf(other), spend)).rejects.toMatchObject({code: 10_002});
    await expect(safe.register(net.payer.app_id, tip_private_key, spend)).rejects.toMatchObject({code: 10_002});
    expect(await safe.checkRegisteration()).toMatchObject({has_safe: false});
    expect(await safe.register(keystore.app_id, tip_private_key, spend)).toMatchObject({has_safe: true});
    expect(await safe.register(keystore.app_id, tip_private_key, spend)).toMatchObject({has_safe: true});
    await expect(safe.register(keystore.app_id, tip_private_key, Buffer.alloc(32, 8))).rejects.toMatchObject({code: 403});
  });

  test("a captured registration cannot be played again under a new token", async () => {
    const created = (await (await fetch(`${net.url}/admin/users`, {method: "POST", body: '{"full_name":"new"}'})).json()) as {
      data: {app_id: string; tip_private_key: string};
    };
    const {tip_private_key, ...keystore} = created.data;
    const owner = {...net.payer, ...keystore};
    const body = signSafeRegistration(owner.app_id, tip_private_key, Buffer.alloc(32, 7));
    body.pin_base64 = signEd25519PIN(body.pin_base64, owner);
    const post = () => sdkOf(net.url, owner).request({method: "post", url: "/safe/users", data: body});
    expect(await post()).toMatchObject({has_safe: true});
    await expect(post()).rejects.toMatchObject({code: 10_002});
  });

  test("a token used before a restart cannot be played again after it; new ones work at once", async () => {
    const dir = mkdtempSync(join(tmpdir(), "devnet-"));
    const file = join(dir, "journal");
    const before = await Fixture.start({file});
    const {payer} = before;
    const requestId = randomUUID();
    const iat = Math.floor(Date.now() / 1_000) - 10;
    const sig = sha256("GET", "/safe/me").toString("hex");
    const claims = {uid: payer.app_id, sid: payer.session_id, iat, exp: iat + 3_600, jti: requestId, sig, scp: "FULL"};
    const headers = {authorization: `Bearer ${signToken(claims as never, payer.session_private_key)}`, "x-request-id": requestId};
    const play = async (url: string) => (await fetch(`${url}/safe/me`, {headers})).json();
    expect(await play(before.url)).toMatchObject({data: {user_id: payer.app_id}});
    await before.stop();
    const after = new DevnetServer(new Devnet({file, multiSign: true}));
    const url = await after.start(0);
    try {
      expect(await play(url)).toMatchObject({error: {code: 401}});
      expect(await sdkOf(url, payer).safe.checkRegisteration()).toMatchObject({user_id: payer.app_id, has_safe: true});
    } finally {
      await after.stop();
      rmSync(dir, {recursive: true});
    }
  });
});
