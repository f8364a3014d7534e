import type {PayoutOrder} from "../ports/mixin.ts";
import type {Uuid} from "../types/ids.ts";
import {type MixinClient, NOT_FOUND} from "./client.ts";
import {list, record, text} from "./fields.ts";
import {isRefusal} from "./payout-api.ts";
import {type Group, type MultisigRequest, parseMultisig} from "./replies.ts";

/** The API's number for what belongs to somebody else. */
const FORBIDDEN = 403;
const OUTPUTS_MAX = 500;

/** What stands under a request id, or has locked an input; null: nothing that members of the group could take back. */
export async function fetchRival(client: MixinClient, idOrHash: string, group: Group): Promise<MultisigRequest | null> {
  try {
    const held = parseMultisig(await client.get(`/safe/multisigs/${idOrHash}`));
    return held.sendersHash === group.hash && held.sendersThreshold === group.threshold ? held : null;
  } catch (error) {
    if (isRefusal(error, NOT_FOUND, FORBIDDEN)) return null;
    throw error;
  }
}

/** Hashes of the transactions that have locked or spent inputs of the order. Throws MixinError. */
export async function fetchLockers(client: MixinClient, order: PayoutOrder): Promise<Set<string>> {
  const ids = order.inputs.map(({outputId}) => outputId);
  const outputs = list(await client.post("/safe/outputs/fetch", {user_id: client.userId, ids}), "outputs", OUTPUTS_MAX);
  const hashes = outputs.map((item) => text(record(item, "output")["signed_by"] ?? "", "output.signed_by"));
  return new Set(hashes.filter((hash) => hash !== ""));
}

/** Takes a request back, as any member may while the group has not signed it; its id is used up. Throws MixinError. */
export async function unlock(client: MixinClient, requestId: Uuid): Promise<void> {
  await client.post(`/safe/multisigs/${requestId}/unlock`, {});
}
