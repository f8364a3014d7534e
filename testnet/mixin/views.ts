import {decimal} from "../../src/sdk/payment.ts";
import {membersHash} from "./keys.ts";
import type {AssetRecord, OutputRecord, RequestRecord, SnapshotRecord, UserRecord} from "./records.ts";
import type {DevnetState} from "./state.ts";
import {decodeTransaction, withSignatures} from "./transaction.ts";

/** The API's shapes of what the devnet keeps. */

/** RFC 3339 with nanoseconds. */
export function rfc3339(ns: bigint): string {
  const seconds = new Date(Number(ns / 1_000_000_000n) * 1_000).toISOString().slice(0, 19);
  return `${seconds}.${(ns % 1_000_000_000n).toString().padStart(9, "0")}Z`;
}

const maybe = (ns: bigint | null) => (ns === null ? null : rfc3339(ns));

export function userView(user: UserRecord): object {
  const {user_id, full_name, session_id, spend_public} = user;
  return {
    type: "user",
    user_id,
    full_name,
    session_id,
    identity_number: "0",
    has_safe: spend_public !== null,
    spend_public_key: spend_public ?? "",
    tip_key_base64: Buffer.from(user.tip_public, "hex").toString("base64url"),
  };
}

export function outputView(output: OutputRecord, state: DevnetState): object {
  const {kernel_asset_id} = state.asset(output.asset_id);
  const signing = output.signed_by === "" ? null : state.requestOf(output.signed_by);
  return {
    type: "kernel_output",
    output_id: output.output_id,
    utxo_id: output.output_id,
    request_id: output.request_id,
    transaction_hash: output.transaction_hash,
    output_index: output.output_index,
    asset: kernel_asset_id,
    kernel_asset_id,
    asset_id: output.asset_id,
    amount: decimal(output.amount),
    mask: output.mask,
    keys: output.keys,
    threshold: output.threshold,
    receivers: output.receivers,
    receivers_hash: output.receivers_hash,
    receivers_threshold: output.threshold,
    senders: output.senders,
    senders_hash: output.senders.length === 0 ? "" : membersHash(output.senders),
    senders_threshold: output.senders_threshold,
    extra: output.extra,
    state: output.state,
    sequence: output.sequence,
    signers: [...(signing?.signatures.keys() ?? [])],
    signed_by: output.signed_by,
    signed_at: maybe(output.signed_at),
    spent_at: maybe(output.spent_at),
    created_at: rfc3339(output.created_at),
    updated_at: rfc3339(output.spent_at ?? output.signed_at ?? output.created_at),
  };
}

/** A request as `caller` sees it: with a view for each input while its signature is wanted. */
export function requestView(request: RequestRecord, state: DevnetState, caller: UserRecord): object {
  const tx = decodeTransaction(request.payload);
  const inputs = state.inputsOf(request);
  const place = request.senders.indexOf(caller.user_id);
  const wanted = place >= 0 && request.state !== "spent" && !request.signatures.has(caller.user_id) && request.revoked_by === "";
  const receivers = tx.outputs.map(({mask, threshold}) => {
    const members = state.ghostOf(mask)?.receivers ?? [];
    return {members, members_hash: membersHash(members), threshold, destination: "", tag: "", withdrawal_hash: ""};
  });
  const spent = request.state === "spent";
  return {
    type: request.kind === "multisig" ? "transaction_request" : "kernel_transaction_request",
    request_id: request.request_id,
    transaction_hash: request.hash,
    asset: tx.asset,
    asset_id: request.asset_id,
    kernel_asset_id: tx.asset,
    amount: decimal(tx.outputs[0]?.amount ?? 0n),
    extra: Buffer.from(tx.extra).toString("hex"),
    user_id: request.user_id,
    state: request.state,
    raw_transaction: rawOf(request),
    receivers,
    senders: request.senders,
    senders_hash: membersHash(request.senders),
    senders_threshold: request.senders_threshold,
    signers: [...request.signatures.keys()],
    views: wanted ? inputs.map(({views}) => views[place]) : [],
    revoked_by: request.revoked_by,
    snapshot_id: spent ? request.request_id : "",
    snapshot_hash: spent ? request.hash : "",
    snapshot_at: maybe(request.spent_at),
    created_at: rfc3339(request.created_at),
    updated_at: rfc3339(request.updated_at),
  };
}

/** The transaction with the signatures that are there. */
function rawOf({payload, inputs, senders, signatures}: RequestRecord): string {
  if (signatures.size === 0) return payload;
  const mapOf = (input: number) => new Map([...signatures].map(([signer, given]) => [senders.indexOf(signer), given[input] as string]));
  return withSignatures(
    payload,
    inputs.map((_, i) => mapOf(i)),
  );
}

export function assetView({asset_id, symbol, name, kernel_asset_id}: AssetRecord): object {
  const fixed = {
    chain_id: asset_id,
    precision: 8,
    dust: "0.0001",
    asset_key: "",
    icon_url: "",
    price_usd: "0",
    price_btc: "0",
    change_usd: "0",
    change_btc: "0",
    price_updated_at: rfc3339(0n),
    confirmations: 1,
  };
  return {type: "safe_asset", asset_id, symbol, name, display_symbol: symbol, display_name: name, kernel_asset_id, ...fixed};
}

export function snapshotView({snapshot_id, user_id, opponent_id, amount, output}: SnapshotRecord): object {
  const {asset_id, request_id, transaction_hash, output_index, extra, created_at, senders} = output;
  return {
    type: "snapshot",
    snapshot_id,
    user_id,
    opponent_id,
    asset_id,
    amount: amount < 0n ? `-${decimal(-amount)}` : decimal(amount),
    request_id,
    trace_id: request_id,
    transaction_hash,
    output_index,
    memo: extra,
    confirmations: null,
    opening_balance: null,
    closing_balance: null,
    deposit: senders.length === 0 ? {deposit_hash: transaction_hash} : null,
    withdrawal: null,
    created_at: rfc3339(created_at),
  };
}
