import type {Devnet} from "./devnet.ts";
import {badField, forbidden, notFound} from "./failure.ts";
import {membersHash, openPin, sha3Bytes, sha256, verifies} from "./keys.ts";
import type {OutputRecord, UserRecord} from "./records.ts";
import {assetView, outputView, requestView, snapshotView, userView} from "./views.ts";

/** One call of the Safe API by an authenticated user; answers the `data` of the reply, or throws Failure. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly user: UserRecord;
}

type Handler = (devnet: Devnet, call: Call, params: readonly string[]) => object | Promise<object>;

const BATCH_MAX = 32;
const PIN_SKEW_S = 300;

/** `METHOD path`, where `*` stands for one segment. */
const ROUTES: readonly (readonly [string, Handler])[] = [
  ["POST /safe/users", register],
  ["GET /safe/me", (_, {user}) => userView(user)],
  ["GET /me", (_, {user}) => userView(user)],
  ["POST /users/fetch", (d, {body}) => strings(body).map((id) => userView(d.state.user(id)))],
  ["GET /safe/outputs", outputs],
  ["POST /safe/outputs/fetch", (d, {body, user}) => strings(object(body)["ids"]).flatMap((id) => seen(d, id, user))],
  ["GET /safe/outputs/*", (d, {user}, [id = ""]) => seen(d, id, user)[0] ?? fail()],
  ["POST /safe/keys", ghostKeys],
  ["POST /safe/transaction/requests", (d, call) => create(d, call, "request")],
  ["POST /safe/transactions", send],
  ["GET /safe/transactions/*", (d, {user}, [id = ""]) => requestView(d.state.request(id), d.state, user)],
  ["POST /safe/multisigs", (d, call) => create(d, call, "multisig")],
  ["GET /safe/multisigs/*", (d, call, [id = ""]) => multisig(d, call, id)],
  ["POST /safe/multisigs/*/sign", sign],
  ["POST /safe/multisigs/*/unlock", unlock],
  ["GET /safe/snapshots", (d, {user}) => received(d, user).map((o) => snapshotView(o, user.user_id))],
  [
    "GET /safe/snapshots/*",
    (d, {user}, [id = ""]) => snapshotView(received(d, user).find((o) => o.output_id === id) ?? fail(), user.user_id),
  ],
  ["GET /safe/assets", (d) => [...d.state.assets.values()].map(assetView)],
  ["POST /safe/assets/fetch", (d, {body}) => strings(body).map((id) => assetView(d.state.asset(id)))],
  ["GET /safe/assets/*", (d, _, [id = ""]) => assetView(d.state.asset(id))],
];

export async function answer(devnet: Devnet, call: Call): Promise<object> {
  for (const [route, handler] of ROUTES) {
    const params = match(route, `${call.method} ${call.path}`);
    if (params !== null) return await handler(devnet, call, params);
  }
  throw notFound();
}

function match(route: string, called: string): string[] | null {
  const want = route.split("/");
  const got = called.split("/");
  if (want.length !== got.length || !want.every((part, i) => part === "*" || part === got[i])) return null;
  return got.filter((_, i) => want[i] === "*");
}

function fail(): never {
  throw notFound();
}
function object(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw badField("want an object");
  return value as Record<string, unknown>;
}
function items(value: unknown, max = BATCH_MAX): readonly unknown[] {
  if (!Array.isArray(value) || value.length > max) throw badField(`want a list of at most ${max}`);
  return value;
}
function strings(value: unknown): string[] {
  return items(value, 500).map((item) => text(item, "list"));
}
function text(value: unknown, field: string): string {
  if (typeof value !== "string") throw badField(field);
  return value;
}
function whole(value: unknown, field: string, max: number): number {
  const number = typeof value === "string" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number) || number < 0 || number > max) throw badField(field);
  return number;
}

async function register(devnet: Devnet, {body, user}: Call): Promise<object> {
  const {public_key, signature, pin_base64} = object(body);
  const key = text(public_key, "public_key");
  if (!/^[0-9a-f]{64}$/.test(key)) throw badField("public_key");
  if (!verifies(key, sha3Bytes(user.user_id), Buffer.from(text(signature, "signature"), "base64url"))) throw badField("signature");
  const pin = openPin(Buffer.from(text(pin_base64, "pin_base64"), "base64url"), user.server_seed, user.session_public);
  const tip = sha256(`SEQUENCER:REGISTER:${user.user_id}${key}`);
  if (pin === null || !verifies(user.tip_public, tip, pin.signature)) throw badField("pin_base64");
  if (Math.abs(Number(pin.seconds) - Date.now() / 1_000) > PIN_SKEW_S || pin.iterator <= user.iterator) throw badField("pin_base64: old");
  await devnet.commit({type: "safe", user_id: user.user_id, spend_public: key, iterator: pin.iterator.toString()});
  return userView(devnet.state.user(user.user_id));
}

function outputs({state}: Devnet, {query, user}: Call): object {
  const members = query.get("members") || membersHash([user.user_id]);
  const threshold = whole(query.get("threshold") ?? "1", "threshold", 64);
  const offset = whole(query.get("offset") ?? "0", "offset", Number.MAX_SAFE_INTEGER);
  const limit = whole(query.get("limit") ?? "500", "limit", 500);
  const descending = query.get("order") === "DESC";
  const asset = query.get("asset");
  const wanted = query.get("state");
  const fits = (o: OutputRecord) =>
    o.receivers_hash === members &&
    o.threshold === threshold &&
    o.receivers.includes(user.user_id) &&
    (!asset || o.asset_id === asset || state.asset(o.asset_id).kernel_asset_id === asset) &&
    (!wanted || o.state === wanted) &&
    (descending ? offset === 0 || o.sequence <= offset : o.sequence >= offset);
  const found: object[] = [];
  const all = state.sequenced;
  for (let i = 0; i < all.length && found.length < limit; i++) {
    const output = all[descending ? all.length - 1 - i : i] as OutputRecord;
    if (fits(output)) found.push(outputView(output, state));
  }
  return found;
}

function seen({state}: Devnet, id: string, user: UserRecord): object[] {
  const output = state.outputs.get(id);
  return output?.receivers.includes(user.user_id) ? [outputView(output, state)] : [];
}

function received({state}: Devnet, user: UserRecord): OutputRecord[] {
  return state.sequenced.filter((o) => o.receivers.length === 1 && o.receivers[0] === user.user_id).slice(-500);
}

/** The bare list gives each caller keys of its own; with `senders`, which must name the caller, all of them get the same. */
async function ghostKeys(devnet: Devnet, {body, user}: Call): Promise<object> {
  const grouped = Array.isArray(body) ? null : object(body);
  const senders = grouped === null ? [user.user_id] : strings(grouped["senders"]).sort();
  if (!senders.includes(user.user_id)) throw forbidden("not a sender");
  const entries = items(grouped === null ? body : grouped["keys"]).map((item) => {
    const {receivers, index, hint} = object(item);
    const to = strings(receivers).sort();
    const place = whole(index, "index", 255);
    // 0x00 stands in no id, so the parts cannot run into each other
    return {type: "ghost" as const, seed: [senders.join(), text(hint, "hint"), to.join(), place].join("\0"), receivers: to, index: place};
  });
  await devnet.commit(...entries);
  return entries.map((entry) => {
    const {mask, keys} = devnet.state.ghost(entry);
    return {mask, keys};
  });
}

async function create(devnet: Devnet, {body, user}: Call, kind: "request" | "multisig"): Promise<object> {
  const wanted = items(body).map((item) => {
    const {request_id, raw} = object(item);
    const id = text(request_id, "request_id");
    if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) throw badField("request_id");
    return {type: "create" as const, at: devnet.now(), kind, request_id: id, user_id: user.user_id, raw: text(raw, "raw")};
  });
  await devnet.commit(...wanted);
  return wanted.map(({request_id}) => requestView(devnet.state.request(request_id), devnet.state, user));
}

async function send(devnet: Devnet, {body, user}: Call): Promise<object> {
  const signed = items(body).map((item) => {
    const {request_id, raw} = object(item);
    const id = text(request_id, "request_id");
    if (devnet.state.request(id).kind !== "request") throw badField("request_id: a multisig");
    return {type: "sign" as const, at: devnet.now(), request_id: id, user_id: user.user_id, raw: text(raw, "raw")};
  });
  await devnet.commit(...signed);
  return signed.map(({request_id}) => requestView(devnet.state.request(request_id), devnet.state, user));
}

function multisig({state}: Devnet, {user}: Call, id: string): object {
  const request = state.request(id);
  if (request.kind !== "multisig") throw notFound();
  if (!request.senders.includes(user.user_id)) throw forbidden("not a sender");
  return requestView(request, state, user);
}

async function sign(devnet: Devnet, call: Call, [id = ""]: readonly string[]): Promise<object> {
  multisig(devnet, call, id);
  const {request_id} = devnet.state.request(id);
  await devnet.commit({type: "sign", at: devnet.now(), request_id, user_id: call.user.user_id, raw: text(object(call.body)["raw"], "raw")});
  return multisig(devnet, call, id);
}

async function unlock(devnet: Devnet, call: Call, [id = ""]: readonly string[]): Promise<object> {
  multisig(devnet, call, id);
  const {request_id} = devnet.state.request(id);
  await devnet.commit({type: "unlock", at: devnet.now(), request_id, user_id: call.user.user_id});
  return multisig(devnet, call, id);
}
