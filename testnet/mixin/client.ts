import {randomBytes, randomUUID} from "node:crypto";
import {
  buildSafeTransaction,
  buildSafeTransactionRecipient,
  encodeSafeTransaction,
  getUnspentOutputsForRecipients,
  MixinApi,
  signSafeTransaction,
} from "@mixin.dev/mixin-node-sdk";
import {decimal, units} from "../../src/sdk/payment.ts";

/** A user of the devnet: the keystore that the SDK takes, and the key that spends (ed25519 seed, hex). */
export interface DevnetUser {
  readonly app_id: string;
  readonly session_id: string;
  readonly server_public_key: string;
  readonly session_private_key: string;
  readonly spend_private_key: string;
}

/** What this module does beside the SDK goes to the devnet's own admin API. */
async function admin(url: string, path: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/admin/${path}`, {method: "POST", body: JSON.stringify(body)});
  const {data, error} = (await response.json()) as {data?: Record<string, unknown>; error?: {description: string}};
  if (data === undefined) throw new Error(`devnet ${path}: ${error?.description ?? response.status}`);
  return data;
}

/** The unmodified SDK as this user. */
export function sdkOf(url: string, user: DevnetUser): ReturnType<typeof MixinApi> {
  const {app_id, session_id, server_public_key, session_private_key} = user;
  return MixinApi({
    keystore: {app_id, session_id, server_public_key, session_private_key},
    requestConfig: {baseURL: url, timeout: 5_000, retry: 1},
  });
}

/** A new user with Safe, registered as the SDK does it. */
export async function createDevnetUser(url: string, fullName: string): Promise<DevnetUser> {
  const {tip_private_key, ...keystore} = (await admin(url, "users", {full_name: fullName})) as unknown as DevnetUser & {
    tip_private_key: string;
  };
  const spend = randomBytes(32);
  const user = {...keystore, spend_private_key: spend.toString("hex")};
  await sdkOf(url, user).safe.register(user.app_id, tip_private_key, spend);
  return user;
}

export async function createAsset(url: string, asset: {asset_id?: string; symbol: string; name: string}): Promise<string> {
  return String((await admin(url, "assets", asset))["asset_id"]);
}

/** Money from nowhere. `amount`: decimal text. */
export async function mint(
  url: string,
  to: {receivers: readonly string[]; threshold?: number; asset: string; amount: string; extra?: string},
): Promise<void> {
  const {receivers, threshold = 1, asset, amount, extra = ""} = to;
  await admin(url, "mint", {receivers, threshold, asset_id: asset, amount, extra});
}

/** The next `count` calls whose path starts with `path` go wrong. */
export async function plantFault(
  url: string,
  fault: {path: string; count: number; status?: number; code?: number; delay_ms?: number; garbage?: boolean},
): Promise<void> {
  await admin(url, "faults", fault);
}

/** Unspent 1e-8 units of a user. */
export async function balanceOf(url: string, user: DevnetUser, asset: string): Promise<bigint> {
  const outputs = await sdkOf(url, user).utxo.safeOutputs({members: [user.app_id], threshold: 1, asset, state: "unspent", limit: 500});
  return outputs.reduce((sum, output) => sum + units(output.amount), 0n);
}

/**
 * Pays as a wallet does, by the SDK: ghost keys, transaction, views, signature, send. Resolves with the transaction's hash.
 * @param payment.amount     decimal text
 * @param payment.requestId  also the trace by which the payment is found
 */
export async function pay(
  url: string,
  user: DevnetUser,
  payment: {members: readonly string[]; threshold: number; asset: string; amount: string; memo: Uint8Array | string; requestId?: string},
): Promise<{requestId: string; hash: string}> {
  const sdk = sdkOf(url, user);
  const requestId = payment.requestId ?? randomUUID();
  const all = await sdk.utxo.safeOutputs({members: [user.app_id], threshold: 1, asset: payment.asset, state: "unspent", limit: 500});
  const recipients = [buildSafeTransactionRecipient([...payment.members], payment.threshold, payment.amount)];
  const {utxos, change} = getUnspentOutputsForRecipients(all, recipients);
  if (!change.isZero()) recipients.push(buildSafeTransactionRecipient([user.app_id], 1, decimal(units(change.toFixed(8)))));
  const ghosts = await sdk.utxo.ghostKey(recipients, requestId, user.spend_private_key);
  const transaction = buildSafeTransaction(utxos, recipients, ghosts, Buffer.from(payment.memo));
  const raw = encodeSafeTransaction(transaction);
  const [verified] = await sdk.utxo.verifyTransaction([{raw, request_id: requestId}]);
  if (verified === undefined) throw new Error("the devnet gave no answer to the request");
  const signed = signSafeTransaction(transaction, verified.views, user.spend_private_key);
  const [sent] = await sdk.utxo.sendTransactions([{raw: signed, request_id: requestId}]);
  return {requestId, hash: sent?.transaction_hash ?? ""};
}
