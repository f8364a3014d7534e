import {randomUUID} from "node:crypto";
import {once} from "node:events";
import {connect} from "node:net";
import {signAccessToken} from "@mixin.dev/mixin-node-sdk";
import {afterAll, afterEach, beforeAll, describe, expect, test} from "vitest";
import {createAsset, plantFault, sdkOf} from "./client.ts";
import {Fixture} from "./fixture.ts";
import {groupOutputs, requestGroupPayment, signedByMember, signGroupPayment} from "./group.ts";

let net: Fixture;
beforeAll(async () => {
  net = await Fixture.start();
});
afterEach(async () => {
  expect(await sdkOf(net.url, net.payer).safe.checkRegisteration()).toMatchObject({user_id: net.payer.app_id}); // still well
});
afterAll(() => net.stop());

/** A call with a good token and any body. */
function call(method: string, path: string, body = ""): Promise<Response> {
  const requestId = randomUUID();
  const token = signAccessToken(method, path, body, requestId, net.payer);
  const headers = {authorization: `Bearer ${token}`, "x-request-id": requestId, "content-type": "application/json"};
  return fetch(`${net.url}${path}`, {method, headers, ...(body !== "" && {body})});
}

/** What comes back for these bytes until the server closes. */
async function send(bytes: string): Promise<string> {
  const socket = connect(Number(new URL(net.url).port), "127.0.0.1");
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  socket.on("error", () => {});
  socket.end(bytes);
  await once(socket, "close");
  return text;
}

describe("what is no request", () => {
  test.for([
    "/",
    "/safe",
    "/safe/outputs/a/b",
    "/safe/transactions",
    "/safe/users",
    "/admin",
    "//",
    "/%00",
    "/safe/multisigs/x/sign",
    "/safe/transactions/none",
  ])("GET %s is not found", async (path) => {
    const response = await call("GET", path);
    expect([response.status, await response.json()]).toMatchObject([202, {error: {status: 202, code: 404}}]);
  });

  test.for(["/admin/", "/admin/users/1", "/admin/mint?x=1"])("GET %s is not found without a token", async (path) => {
    expect(await (await fetch(`${net.url}${path}`)).json()).toMatchObject({error: {code: 404}});
  });

  const bodies = [
    "{",
    "null",
    '"text"',
    "1",
    "[1]",
    "[[]]",
    '[{"request_id":1}]',
    '[{"request_id":"x","raw":""}]',
    "{}",
    `${"[".repeat(100_000)}`,
    '{"__proto__":{"raw":1}}',
  ];
  const paths = [
    "/safe/users",
    "/safe/keys",
    "/safe/transaction/requests",
    "/safe/transactions",
    "/safe/multisigs",
    "/safe/outputs/fetch",
    "/users/fetch",
    "/safe/assets/fetch",
  ];
  test.for(paths.flatMap((path) => bodies.map((body) => ({path, body, name: body.slice(0, 40)}))))(
    "POST $path of $name is refused",
    async ({path, body}) => {
      expect(await (await call("POST", path, body)).json()).toMatchObject({error: {code: 10_002}});
    },
  );

  test.for([
    ...bodies.filter((body) => body !== "{}"),
    '{"receivers":[],"amount":"1"}',
    '{"path":1}',
    '{"path":"/","count":0,"code":1}',
    '{"path":"/","count":1}',
    '{"path":"/","count":1,"code":1,"lost":true}',
  ])("an admin body of %s is refused", async (body) => {
    for (const path of ["mint", "faults", "users", "assets"])
      expect(await (await fetch(`${net.url}/admin/${path}`, {method: "POST", body})).json()).toMatchObject({error: {code: 10_002}});
  });

  test("a body above 4 MiB is read to its end and refused", async () => {
    const response = await fetch(`${net.url}/safe/keys`, {method: "POST", body: "x".repeat((4 << 20) + 1)});
    expect([response.status, await response.json()]).toMatchObject([202, {error: {code: 10_002}}]);
  });

  test.for([
    {name: "no HTTP", bytes: "hello\r\n\r\n", answer: /^HTTP\/1\.1 400 /},
    {
      name: "headers above 16 KiB",
      bytes: `GET /safe/me HTTP/1.1\r\nhost: x\r\nx-a: ${"a".repeat(20_000)}\r\n\r\n`,
      answer: /^HTTP\/1\.1 431 /,
    },
    {name: "a target without a path", bytes: "OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", answer: /"code":404/},
    {
      name: "a request id that is no header",
      bytes: "GET /safe/me HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-request-id: \xe9\r\n\r\n",
      answer: /"code":401/,
    },
    {name: "half a body", bytes: "POST /safe/keys HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n[", answer: /^(?:HTTP\/1\.1 400 .*)?/},
  ])("$name gets an answer or the door", async ({bytes, answer}) => {
    expect(await send(bytes)).toMatch(answer);
  });
});

describe("faults", () => {
  const me = (user = net.payer) => sdkOf(net.url, user).safe.checkRegisteration();

  test("meet the calls that they name, as often as they say", async () => {
    await plantFault(net.url, {path: "/safe/me", count: 2, code: 429});
    await plantFault(net.url, {path: "/safe/me", count: 1, code: 500, user: net.member(1).app_id});
    expect(await sdkOf(net.url, net.payer).user.profile()).toMatchObject({user_id: net.payer.app_id});
    for (let i = 0; i < 2; i++) await expect(me()).rejects.toMatchObject({code: 429, description: "planted"});
    expect(await me()).toMatchObject({has_safe: true});
    await expect(me(net.member(1))).rejects.toMatchObject({code: 500});
    expect(await (await fetch(`${net.url}/admin/faults`)).json()).toEqual({data: []});
  });

  test("can be seen and cleared", async () => {
    await plantFault(net.url, {path: "/safe/me", method: "POST", count: 5, status: 503});
    expect(await me()).toMatchObject({has_safe: true});
    expect(await (await fetch(`${net.url}/admin/faults`)).json()).toMatchObject({
      data: [{path: "/safe/me", left: 5, outcome: {status: 503}}],
    });
    expect(await (await fetch(`${net.url}/admin/faults`, {method: "DELETE"})).json()).toEqual({data: {cleared: 1}});
  });

  test("a 5xx is a real one, which the SDK repeats", async () => {
    await plantFault(net.url, {path: "/safe/me", count: 1, status: 503});
    expect(await me()).toMatchObject({has_safe: true});
  });

  test("garbage, a hang-up and silence", async () => {
    for (const fault of [{garbage: true}, {hang_up: true}] as const) {
      await plantFault(net.url, {path: "/safe/me", count: 1, ...fault});
      const answer = await call("GET", "/safe/me")
        .then((r) => r.json())
        .catch((error: Error) => error);
      expect(answer).toBeInstanceOf(Error);
    }
    await plantFault(net.url, {path: "/safe/me", count: 1, delay_ms: 150});
    const started = performance.now();
    await me();
    expect(performance.now() - started).toBeGreaterThan(145);
  });

  test("a lost answer: the call is carried out, and the SDK's second try finds it so", async () => {
    const built = await net.payout("1", "1");
    const raws = await Promise.all([0, 1, 2].map((place) => signedByMember(net.url, net.member(place), net.group, built)));
    for (const [place, raw] of raws.entries()) {
      await plantFault(net.url, {path: `/safe/multisigs/${built.requestId}/sign`, count: 1, lost: true});
      const answer = await sdkOf(net.url, net.member(place)).multisig.signSafeMultisigs(built.requestId, raw);
      expect(answer.signers).toHaveLength(place + 1);
    }
    expect(await requestGroupPayment(net.url, net.member(3), built)).toMatchObject({state: "spent"});
  });
});

describe("many at once", () => {
  test("members of a group race to sign: one sends, and the money moves once", async () => {
    const built = await net.payout("2", "0.5");
    const outcomes = await Promise.allSettled([0, 1, 2, 3].map((place) => signGroupPayment(net.url, net.member(place), net.group, built)));
    const done = outcomes.filter((o) => o.status === "fulfilled");
    expect(done).toHaveLength(3);
    for (const o of outcomes) if (o.status === "rejected") expect(o.reason).toBeInstanceOf(Error);
    const change = (await groupOutputs(net.url, net.member(0), net.group)).filter((o) => o.request_id === built.requestId);
    expect(change.map((o) => o.amount)).toEqual(["1.5"]);
  });

  test("of two payments over one output, exactly one goes through", async () => {
    const input = await net.funded("1");
    const rivals = [await net.payout("", "0.1", {inputs: [input]}), await net.payout("", "0.2", {inputs: [input]})];
    const outcomes = await Promise.allSettled(
      rivals.flatMap((built) => [0, 1, 2].map((place) => signGroupPayment(net.url, net.member(place), net.group, built))),
    );
    const codes = outcomes.flatMap((o) => (o.status === "rejected" ? [(o.reason as {code: number}).code] : []));
    expect(codes).toEqual([10_105, 10_105, 10_105]);
    const sdk = sdkOf(net.url, net.member(0));
    const states = await Promise.all(
      rivals.map(({requestId}) =>
        sdk.utxo.fetchTransaction(requestId).then(
          (t) => t.state,
          () => "none",
        ),
      ),
    );
    expect(states.filter((state) => state === "spent")).toHaveLength(1);
  });

  test("assets of one name are told apart by id", async () => {
    const [a, b] = [
      await createAsset(net.url, {symbol: "USD", name: "Dollar"}),
      await createAsset(net.url, {symbol: "USD", name: "Dollar"}),
    ];
    expect(a).not.toBe(b);
  });
});
