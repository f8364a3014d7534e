import {randomBytes, randomUUID} from "node:crypto";
import {units} from "../../src/sdk/payment.ts";
import type {Devnet} from "./devnet.ts";
import {badField, notFound} from "./failure.ts";
import type {Faults} from "./faults.ts";
import {members, object, text, uuid, whole} from "./fields.ts";
import {publicOf} from "./keys.ts";
import {assetView} from "./views.ts";

export const ADMIN_PREFIX = "/admin/";

/** What Mixin's own staff and its users' phones do in the real world. Loopback only, without authentication. Throws Failure. */
export function admin(devnet: Devnet, faults: Faults, call: {method: string; path: string; body: unknown}): object {
  switch (`${call.method} ${call.path}`) {
    case "POST /admin/users":
      return createUser(devnet, object(call.body));
    case "POST /admin/assets":
      return createAsset(devnet, object(call.body));
    case "GET /admin/assets":
      return [...devnet.state.assets.values()].map(assetView);
    case "POST /admin/mint":
      return mint(devnet, object(call.body));
    case "POST /admin/faults":
      return faults.set(object(call.body));
    case "GET /admin/faults":
      return faults.list();
    case "DELETE /admin/faults":
      return faults.clear();
    default:
      throw notFound();
  }
}

/** A new user with its session; `tip_private_key` is what its phone would hold. Safe is registered by the user itself. */
function createUser(devnet: Devnet, body: Record<string, unknown>): object {
  const full_name = text(body["full_name"], "full_name", 128);
  const seed = () => randomBytes(32).toString("hex");
  const [session, server, tip] = [seed(), seed(), seed()];
  const user_id = randomUUID();
  const session_id = randomUUID();
  const keys = {session_public: publicOf(session), server_seed: server, tip_public: publicOf(tip), view_seed: seed()};
  devnet.commit({type: "user", user: {user_id, full_name, session_id, ...keys}});
  return {app_id: user_id, session_id, server_public_key: publicOf(server), session_private_key: session, tip_private_key: tip};
}

/** `{symbol, name, asset_id?}`; one that exists is renamed. */
function createAsset(devnet: Devnet, body: Record<string, unknown>): object {
  const asset_id = body["asset_id"] === undefined ? randomUUID() : uuid(body["asset_id"], "asset_id");
  const [symbol, name] = [text(body["symbol"], "symbol", 64), text(body["name"], "name", 128)];
  if (symbol === "" || name === "") throw badField("symbol, name: empty");
  devnet.commit({type: "asset", asset_id, symbol, name});
  return assetView(devnet.state.asset(asset_id));
}

/** `{receivers, threshold?, asset_id, amount, extra?}`: an output from nowhere, as a deposit from another chain makes it. `extra` is shown as it is. */
function mint(devnet: Devnet, body: Record<string, unknown>): object {
  const receivers = members(body["receivers"], "receivers");
  const threshold = whole(body["threshold"] ?? 1, "threshold", receivers.length, 1);
  const extra = text(body["extra"] ?? "", "extra", 512);
  const {asset_id} = devnet.state.asset(text(body["asset_id"], "asset_id"));
  const amount = amountOf(body["amount"]);
  const ghost = devnet.state.makeGhost(randomBytes(64).toString("hex"), receivers, 0);
  const hash = randomBytes(32).toString("hex");
  devnet.commit({type: "mint", at: devnet.now(), hash, asset_id, amount: amount.toString(), ghost, threshold, extra});
  return {transaction_hash: hash};
}

/** 1e-8 units of decimal text above 0. */
function amountOf(value: unknown): bigint {
  let amount = 0n;
  try {
    amount = units(text(value, "amount", 60));
  } catch {}
  if (amount <= 0n) throw badField("amount");
  return amount;
}
