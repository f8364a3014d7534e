import {randomBytes, randomUUID} from "node:crypto";
import {
  buildSafeTransaction,
  buildSafeTransactionRecipient,
  encodeSafeTransaction,
  getUnspentOutputsForRecipients,
  MixinApi,
  type SafeUtxoOutput,
  signSafeTransaction,
} from "@mixin.dev/mixin-node-sdk";
import {units} from "../../src/sdk/payment.ts";

/** Outputs that the API gives at once. */
const PAGE = 500;

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

/** What goes wrong with the next `count` calls whose path starts with `path`; see README.md. */
export interface PlantedFault {
  readonly path: string;
  readonly count: number;
  readonly method?: "GET" | "POST";
  /** Calls of this user only. */
  readonly user?: string;
  readonly delay_ms?: number;
  readonly status?: number;
  readonly code?: number;
  readonly garbage?: true;
  readonly lost?: true;
  readonly hang_up?: true;
}

export async function plantFault(url: string, fault: PlantedFault): Promise<void> {
  await admin(url, "faults", fault);
}

/** All unspent outputs of a user, by sequence. */
export async function unspentOutputs(url: string, user: DevnetUser, asset: string): Promise<SafeUtxoOutput[]> {
  const sdk = sdkOf(url, user);
  const all: SafeUtxoOutput[] = [];
  for (;;) {
    const offset = (all.at(-1)?.sequence ?? -1) + 1;
    const page = await sdk.utxo.safeOutputs({members: [user.app_id], threshold: 1, asset, state: "unspent", offset, limit: PAGE});
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}

/** Unspent 1e-8 units of a user. */
export async function balanceOf(url: string, user: DevnetUser, asset: string): Promise<bigint> {
  return (await unspentOutputs(url, user, asset)).reduce((sum, output) => sum + units(output.amount), 0n);
}

/**
 * Pays as a wallet does, by the SDK: ghost keys, transaction, views, signature, send. One payment of a user at a time: two
 * would choose the same outputs.
 * @param payment.amount     decimal text, at most 8 decimals
 * @param payment.memo       at most 256 bytes
 * @param payment.requestId  uuid, also the trace by which the payment is found; a new one where absent
 * @throws ResponseError of the SDK with the API's `code`; Error where the user has too little
 */
export async function pay(
  url: string,
  user: DevnetUser,
  payment: {members: readonly string[]; threshold: number; asset: string; amount: string; memo: Uint8Array | string; requestId?: string},
): Promise<{requestId: string; hash: string}> {
  const sdk = sdkOf(url, user);
  const requestId = payment.requestId ?? randomUUID();
  const outputs = await unspentOutputs(url, user, payment.asset);
  const recipients = [buildSafeTransactionRecipient([...payment.members], payment.threshold, payment.amount)];
  const {utxos, change} = getUnspentOutputsForRecipients(outputs, recipients);
  if (!change.isZero()) recipients.push(buildSafeTransactionRecipient([user.app_id], 1, change.toFixed(8)));
  const ghosts = await sdk.utxo.ghostKey(recipients, requestId, user.spend_private_key);
  const transaction = buildSafeTransaction(utxos, recipients, ghosts, Buffer.from(payment.memo));
  const raw = encodeSafeTransaction(transaction);
  const [verified] = await sdk.utxo.verifyTransaction([{raw, request_id: requestId}]);
  const signed = signSafeTransaction(transaction, verified?.views ?? [], user.spend_private_key);
  const [sent] = await sdk.utxo.sendTransactions([{raw: signed, request_id: requestId}]);
  return {requestId, hash: sent?.transaction_hash ?? ""};
}
