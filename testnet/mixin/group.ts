import {
  buildSafeTransaction,
  buildSafeTransactionRecipient,
  encodeSafeTransaction,
  type GhostKey,
  type SafeMultisigsResponse,
  type SafeTransaction,
  type SafeUtxoOutput,
  signSafeTransaction,
} from "@mixin.dev/mixin-node-sdk";
import {decimal, units} from "../../src/sdk/payment.ts";
import {type DevnetUser, sdkOf} from "./client.ts";
import {decodeTransaction, withSignatures} from "./transaction.ts";

/** How members of a group spend with the unmodified SDK: the calls in their order, for tests and for whoever wants to see them. */

export interface Group {
  /** Sorted by id: a member's place here is its index in signatures. */
  readonly members: readonly DevnetUser[];
  readonly threshold: number;
}

export interface GroupPayment {
  readonly requestId: string;
  readonly inputs: readonly SafeUtxoOutput[];
  readonly receivers: readonly string[];
  readonly receiversThreshold: number;
  /** Decimal text; what is left of the inputs goes back to the group as the last output. */
  readonly amount: string;
  readonly memo: string;
}

/** What every member derives alike from the same payment. */
export interface BuiltPayment {
  readonly requestId: string;
  readonly transaction: SafeTransaction;
  readonly raw: string;
}

export const idsOf = (group: Group): string[] => group.members.map((member) => member.app_id);

/** A page of the group's outputs by sequence, as one member sees them. */
export function groupOutputs(
  url: string,
  member: DevnetUser,
  group: Group,
  query: {state?: "unspent" | "signed" | "spent"; offset?: number; limit?: number; order?: "ASC" | "DESC"; asset?: string} = {},
): Promise<SafeUtxoOutput[]> {
  return sdkOf(url, member).utxo.safeOutputs({members: idsOf(group), threshold: group.threshold, limit: 500, ...query});
}

/** Keys that are the same for every member of `senders`: the SDK's `ghostKey` knows only the form that gives each caller its own. */
export async function groupKeys(
  url: string,
  member: DevnetUser,
  senders: readonly string[],
  keys: readonly {receivers: readonly string[]; index: number; hint: string}[],
): Promise<GhostKey[]> {
  const answer: unknown = await sdkOf(url, member).request({method: "post", url: "/safe/keys", data: {keys, senders}});
  return answer as GhostKey[];
}

/** Recipients, keys, transaction. `member` is whose connection asks for the keys. */
export async function buildGroupPayment(url: string, member: DevnetUser, group: Group, payment: GroupPayment): Promise<BuiltPayment> {
  const {requestId, inputs, receivers, receiversThreshold, amount, memo} = payment;
  const change = inputs.reduce((sum, input) => sum + units(input.amount), 0n) - units(amount);
  const outputs = [{to: [...receivers].sort(), threshold: receiversThreshold, amount}];
  if (change > 0n) outputs.push({to: idsOf(group), threshold: group.threshold, amount: decimal(change)});
  const keys = outputs.map(({to}, index) => ({receivers: to, index, hint: requestId}));
  const ghosts = await groupKeys(url, member, idsOf(group), keys);
  const recipients = outputs.map((o) => buildSafeTransactionRecipient([...o.to], o.threshold, o.amount));
  const transaction = buildSafeTransaction([...inputs], recipients, ghosts, Buffer.from(memo));
  return {requestId, transaction, raw: encodeSafeTransaction(transaction)};
}

/** Makes the request, or finds it; answers it with this member's views. */
export async function requestGroupPayment(url: string, member: DevnetUser, built: BuiltPayment): Promise<SafeMultisigsResponse> {
  const [made] = await sdkOf(url, member).multisig.createSafeMultisigs([{request_id: built.requestId, raw: built.raw}]);
  if (made === undefined) throw new Error("the devnet gave no answer to the request");
  return made;
}

/** The transaction with one member's signature on every input, hex. */
export async function signedByMember(url: string, member: DevnetUser, group: Group, built: BuiltPayment): Promise<string> {
  const {views} = await requestGroupPayment(url, member, built);
  return signSafeTransaction(built.transaction, views, member.spend_private_key, group.members.indexOf(member));
}

/** Request, signature, sign call. The member whose signature completes the threshold gets the transaction back as sent. */
export async function signGroupPayment(url: string, member: DevnetUser, group: Group, built: BuiltPayment): Promise<SafeMultisigsResponse> {
  const raw = await signedByMember(url, member, group, built);
  return sdkOf(url, member).multisig.signSafeMultisigs(built.requestId, raw);
}

/** One raw transaction with the signatures of several: what a member that has gathered them may bring in one call. */
export function mergeSignatures(...raws: readonly [string, ...string[]]): string {
  const all = raws.map(decodeTransaction);
  const [first] = all as [(typeof all)[0], ...typeof all];
  const maps = first.inputs.map((_, input) => {
    const given = all.flatMap((tx) => [...(tx.signatures[input] ?? [])]);
    return new Map(given.map(([place, signature]) => [place, Buffer.from(signature).toString("hex")]));
  });
  return withSignatures(first.payload, maps);
}
