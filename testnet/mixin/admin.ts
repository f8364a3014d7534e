import {randomBytes, randomUUID} from "node:crypto";
import {units} from "../../src/sdk/payment.ts";
import type {Devnet} from "./devnet.ts";
import {badField, notFound} from "./failure.ts";
import type {Faults} from "./faults.ts";
import {publicOf} from "./keys.ts";
import {assetView} from "./views.ts";

/** What Mixin's own staff and its users' phones do in the real world. Loopback only, without authentication. */
export async function admin(devnet: Devnet, faults: Faults, call: {method: string; path: string; body: unknown}): Promise<object> {
  const body = (typeof call.body === "object" && call.body !== null ? call.body : {}) as Record<string, unknown>;
  switch (`${call.method} ${call.path}`) {
    case "POST /admin/users":
      return createUser(devnet, text(body, "full_name"));
    case "POST /admin/assets":
      return createAsset(devnet, body);
    case "GET /admin/assets":
      return [...devnet.state.assets.values()].map(assetView);
    case "POST /admin/mint":
      return mint(devnet, body);
    case "POST /admin/faults":
      return faults.set(body);
    case "DELETE /admin/faults":
      return faults.clear();
    default:
      throw notFound();
  }
}

function text(body: Record<string, unknown>, field: string): string {
  const value = body[field];
  if (typeof value !== "string" || value.length > 1_000) throw badField(field);
  return value;
}

/** A new user with its session; `tip_private_key` is what its phone would hold. Safe is registered by the user itself. */
async function createUser(devnet: Devnet, full_name: string): Promise<object> {
  const [session, server, tip, view] = Array.from({length: 4}, () => randomBytes(32).toString("hex")) as [string, string, string, string];
  const user_id = randomUUID();
  const session_id = randomUUID();
  const user = {
    user_id,
    full_name,
    session_id,
    session_public: publicOf(session),
    server_seed: server,
    tip_public: publicOf(tip),
    view_seed: view,
  };
  await devnet.commit({type: "user", user});
  return {app_id: user_id, session_id, server_public_key: publicOf(server), session_private_key: session, tip_private_key: tip};
}

async function createAsset(devnet: Devnet, body: Record<string, unknown>): Promise<object> {
  const asset_id = body["asset_id"] === undefined ? randomUUID() : text(body, "asset_id");
  await devnet.commit({type: "asset", asset_id, symbol: text(body, "symbol"), name: text(body, "name")});
  return assetView(devnet.state.asset(asset_id));
}

/** An output from nowhere to `receivers`, as a deposit from another chain makes it. */
async function mint(devnet: Devnet, body: Record<string, unknown>): Promise<object> {
  const {receivers, threshold = 1, extra = ""} = body;
  if (!Array.isArray(receivers) || receivers.length < 1 || receivers.length > 64) throw badField("receivers");
  if (typeof threshold !== "number" || typeof extra !== "string") throw badField("threshold, extra");
  let amount: bigint;
  try {
    amount = units(text(body, "amount"));
  } catch {
    throw badField("amount");
  }
  const hash = randomBytes(32).toString("hex");
  const to = receivers.map(String);
  await devnet.commit({
    type: "mint",
    at: devnet.now(),
    hash,
    asset_id: text(body, "asset_id"),
    amount: amount.toString(),
    receivers: to,
    threshold,
    extra,
  });
  return {transaction_hash: hash};
}
