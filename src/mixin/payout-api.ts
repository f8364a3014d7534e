import type {Hex} from "../base/bytes.ts";
import type {PayoutBuild, PayoutOrder} from "../ports/mixin.ts";
import type {Uuid} from "../types/ids.ts";
import {type MixinClient, type MixinUserKeys, NOT_FOUND} from "./client.ts";
import {MixinError, PayoutError} from "./errors.ts";
import {list} from "./fields.ts";
import {type Group, parseGhostKeys, parseMultisig, parseTransaction} from "./replies.ts";
import {buildGroupTransaction, checkMultisig, type GroupTransaction, ghostKeyRequest, type Recipient, recipientsOf} from "./transaction.ts";

/** One of the own seats: its keys, its connection, and its place in the sorted group. */
export interface Signatory {
  readonly user: MixinUserKeys;
  readonly client: MixinClient;
  readonly index: number;
}

/** A build of a payout as this validator has derived it itself. */
export interface DerivedPayout {
  readonly build: PayoutBuild;
  readonly recipients: readonly Recipient[];
  readonly transaction: GroupTransaction;
}

/** The build of an order that is to be signed. */
export function currentBuild(order: PayoutOrder): PayoutBuild {
  const build = order.builds.at(-1);
  if (build === undefined) throw new PayoutError("BAD_ORDER", {traceId: order.traceId, field: "builds", want: "at least one", got: 0});
  return build;
}

/**
 * The hash of the transaction that the group has spent under this request id; null while it has none. Somebody else's
 * transaction under the same id, which anyone can foresee, is none of the group's.
 * @throws MixinError
 */
export async function fetchSpent(client: MixinClient, requestId: Uuid, group: Group): Promise<Hex | null> {
  try {
    const found = parseTransaction(await client.get(`/safe/transactions/${requestId}`));
    if (found.requestId !== requestId)
      throw new MixinError("MALFORMED", {field: "transaction.request_id", want: requestId, got: found.requestId});
    const own = found.sendersHash === group.hash && found.sendersThreshold === group.threshold;
    return own && found.spent ? found.txHash : null;
  } catch (error) {
    if (isRefusal(error, NOT_FOUND)) return null;
    throw error;
  }
}

/** Whether the API itself has refused a call with one of these numbers. */
export function isRefusal(error: unknown, ...codes: readonly number[]): error is MixinError {
  return error instanceof MixinError && error.code === "REFUSED" && codes.includes(error.data.apiCode ?? 0);
}

/**
 * Obtains the ghost keys and builds the transaction.
 * @throws MixinError, PayoutError BAD_ORDER
 */
export async function derivePayout(client: MixinClient, order: PayoutOrder, group: Group): Promise<DerivedPayout> {
  const build = currentBuild(order);
  const recipients = recipientsOf(order, group);
  const answer = await client.post("/safe/keys", ghostKeyRequest(build.requestId, recipients, group));
  const ghosts = parseGhostKeys(
    answer,
    recipients.map((r) => r.members.length),
  );
  return {build, recipients, transaction: buildGroupTransaction(order, recipients, ghosts)};
}

/**
 * Puts one own seat's signature on the payout where it is missing. Only what was derived here is signed: the API gives views and
 * says who has signed, and is refused where it holds anything else under the request id.
 * @returns `complete`: the group has signed enough; `gave`: a signature was given now
 * @throws  MixinError, PayoutError OTHER_TRANSACTION, REVOKED
 */
export async function signPayout(
  signatory: Signatory,
  payout: DerivedPayout,
  order: PayoutOrder,
  group: Group,
): Promise<{complete: boolean; gave: boolean}> {
  const {client, user, index} = signatory;
  const {transaction, build} = payout;
  const {requestId} = build;
  const [created] = list(await client.post("/safe/multisigs", [{request_id: requestId, raw: transaction.raw}]), "multisigs", 1);
  const held = parseMultisig(created);
  checkMultisig(held, payout, order, group);
  const complete = held.signers.length >= group.threshold;
  if (complete || held.signers.includes(user.app_id)) return {complete, gave: false};
  if (held.views.length !== order.inputs.length)
    throw new MixinError("MALFORMED", {field: "multisig.views", want: order.inputs.length, got: held.views.length});
  const raw = sign(transaction, held.views, user.spend_private_key, index);
  const signed = parseMultisig(await client.post(`/safe/multisigs/${requestId}/sign`, {raw}));
  if (signed.requestId !== requestId)
    throw new PayoutError("OTHER_TRANSACTION", {traceId: order.traceId, field: "request_id", want: requestId, got: signed.requestId});
  const all = signed.signers.length >= group.threshold; // complete without the own one where others were faster
  const gave = signed.signers.includes(user.app_id);
  if (!gave && !all) throw new MixinError("MALFORMED", {field: "multisig.signers", want: user.app_id, got: signed.signers.length});
  return {complete: all, gave};
}

function sign(transaction: GroupTransaction, views: readonly string[], spendKey: string, index: number): string {
  try {
    return transaction.sign(views, spendKey, index);
  } catch {
    // The SDK throws on a view that is no scalar. Its error is not kept: it has seen the key.
    throw new MixinError("MALFORMED", {field: "multisig.views", want: "scalars"});
  }
}
