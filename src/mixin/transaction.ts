import {
  blake3Hash,
  buildSafeTransaction,
  buildSafeTransactionRecipient,
  encodeSafeTransaction,
  newHash,
  signSafeTransaction,
  uniqueConversationID,
} from "@mixin.dev/mixin-node-sdk";
import {type Hex, toHex} from "../base/bytes.ts";
import type {PayoutBuild, PayoutOrder} from "../ports/mixin.ts";
import type {Uuid} from "../types/ids.ts";
import {PayoutError} from "./errors.ts";
import {formatAmount} from "./fields.ts";
import {type GhostKeys, type Group, MEMBERS_MAX, type MultisigRequest} from "./replies.ts";

const INPUTS_MAX = 256;
const EXTRA_BYTES_MAX = 256;

/** Whom one output pays: all of `members` (sorted), any `threshold` of whom can spend it. */
export interface Recipient {
  readonly members: readonly Uuid[];
  readonly threshold: number;
  /** 1e-8 units. */
  readonly amount: bigint;
}

/** The one transaction that an order and its ghost keys make. */
export interface GroupTransaction {
  /** Hex without 0x, without signatures. */
  readonly raw: string;
  readonly txHash: Hex;
  /** `raw` with the signatures of one member, whose place in the sorted group is `index`, on every input. */
  sign(views: readonly string[], spendKey: string, index: number): string;
}

/**
 * The outputs of an order's current build: the receivers, then what is left over back to the group; or all of it back.
 * @throws PayoutError BAD_ORDER
 */
export function recipientsOf(order: PayoutOrder, group: Group): Recipient[] {
  const {traceId, amount} = order;
  const sum = order.inputs.reduce((total, input) => total + input.amount, 0n);
  const bad = (field: string, want: number | string, got: number | string) => new PayoutError("BAD_ORDER", {traceId, field, want, got});
  if (amount <= 0n || sum < amount) throw bad("amount", `above 0, at most ${sum}`, `${amount}`);
  if (order.inputs.length < 1 || order.inputs.length > INPUTS_MAX) throw bad("inputs", `1 to ${INPUTS_MAX}`, order.inputs.length);
  if (order.memo.length > EXTRA_BYTES_MAX) throw bad("memo", EXTRA_BYTES_MAX, order.memo.length);
  const {length} = order.receivers;
  if (length < 1 || length > MEMBERS_MAX || order.receiversThreshold < 1 || order.receiversThreshold > length)
    throw bad("receiversThreshold", `1 to ${length}`, order.receiversThreshold);
  const own = {members: group.members, threshold: group.threshold};
  if (order.builds.at(-1)?.voiding === true) return [{...own, amount: sum}];
  const back = order.change.reduce((total, part) => total + part, 0n);
  if (sum !== amount + back || order.change.some((part) => part <= 0n)) throw bad("change", `${sum - amount}`, `${back}`);
  const paid = {members: [...order.receivers].sort(), threshold: order.receiversThreshold, amount};
  return [paid, ...order.change.map((part) => ({...own, amount: part}))];
}

/**
 * What is sent to POST /safe/keys. With `senders` the API gives every member of the group the same keys for the same hint, so
 * that all build the same transaction; the hint is the SDK's, from request id and output index.
 */
export function ghostKeyRequest(requestId: Uuid, recipients: readonly Recipient[], group: Group): object {
  const trace = blake3Hash(Buffer.from(requestId));
  const keys = recipients.map(({members}, index) => {
    const seed = blake3Hash(Buffer.concat([trace, Buffer.from(index === 0 ? [] : [index])]));
    return {receivers: [...members], index, hint: uniqueConversationID(trace.toString("hex"), seed.toString("hex"))};
  });
  return {keys, senders: [...group.members]};
}

/** The Safe transaction (version 5) of an order. `ghosts`: keys of each recipient's output, in order. */
export function buildGroupTransaction(
  order: PayoutOrder,
  recipients: readonly Recipient[],
  ghosts: readonly GhostKeys[],
): GroupTransaction {
  const asset = newHash(Buffer.from(order.asset)).toString("hex"); // the kernel's name of an asset is the hash of its id's text
  const utxos = order.inputs.map((input) => ({asset, transaction_hash: input.txHash.slice(2), output_index: input.index}));
  const transaction = buildSafeTransaction(
    utxos as unknown as Parameters<typeof buildSafeTransaction>[0], // of each output it reads these three fields only
    recipients.map((r) => buildSafeTransactionRecipient([...r.members], r.threshold, formatAmount(r.amount))),
    ghosts.map((ghost) => ({mask: ghost.mask, keys: [...ghost.keys]})),
    Buffer.from(order.builds.at(-1)?.voiding === true ? "" : order.memo),
  );
  const raw = encodeSafeTransaction(transaction);
  return {
    raw,
    txHash: toHex(blake3Hash(Buffer.from(raw, "hex"))),
    sign: (views, spendKey, index) => signSafeTransaction(transaction, [...views], spendKey, index),
  };
}

/**
 * Whether what the API holds under the request id is what this validator has derived itself: the same payload, hash and senders,
 * and keys that the API knows as those of the order's receivers.
 * @throws PayoutError OTHER_TRANSACTION, REVOKED
 */
export function checkMultisig(
  held: MultisigRequest,
  payout: {readonly build: PayoutBuild; readonly recipients: readonly Recipient[]; readonly transaction: GroupTransaction},
  order: PayoutOrder,
  group: Group,
): void {
  const {traceId} = order;
  const {build, recipients, transaction: own} = payout;
  const other = (field: string, want: string, got: string) => {
    if (want !== got) throw new PayoutError("OTHER_TRANSACTION", {traceId, field, want: want.slice(0, 200), got: got.slice(0, 200)});
  };
  const unsigned = own.raw.slice(0, -4); // the last two bytes count the signature maps
  other("request_id", build.requestId, held.requestId);
  other("transaction_hash", own.txHash, held.txHash);
  other("raw_transaction", unsigned, held.raw.slice(0, unsigned.length));
  other("asset_id", order.asset, held.asset);
  other("amount", `${recipients[0]?.amount}`, `${held.amount}`);
  other("senders", `${group.hash}/${group.threshold}`, `${held.sendersHash}/${held.sendersThreshold}`);
  const shown = held.receivers.map(nameOf).join(" ");
  const derived = recipients.map(nameOf);
  if (shown !== derived[0]) other("receivers", derived.join(" "), shown); // change may be listed or not
  if (held.revoked) throw new PayoutError("REVOKED", {traceId});
}

function nameOf(recipient: {members: readonly Uuid[]; threshold: number}): string {
  return `${recipient.members.join(",")}/${recipient.threshold}`;
}
