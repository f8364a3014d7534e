import type {Call} from "./call.ts";
import type {Devnet} from "./devnet.ts";
import {notFound} from "./failure.ts";
import {list, object, oneOf, uuid, whole} from "./fields.ts";
import {membersHash} from "./keys.ts";
import type {OutputRecord, UserRecord} from "./records.ts";
import {outputView, rfc3339, snapshotView} from "./views.ts";

const LIMIT_MAX = 500;
const STATES = ["unspent", "signed", "spent"] as const;
const ORDERS = ["ASC", "DESC"] as const;

/** Outputs of a group that the caller is in, from `offset` on (a sequence, inclusive) by sequence; the caller's own without `members`. */
export function listOutputs({state}: Devnet, {query, user}: Call): object {
  const hash = query.get("members") || membersHash([user.user_id]);
  const threshold = whole(query.get("threshold") || "1", "threshold", 64, 1);
  const offset = whole(query.get("offset") || "0", "offset", Number.MAX_SAFE_INTEGER);
  const limit = whole(query.get("limit") || `${LIMIT_MAX}`, "limit", LIMIT_MAX, 1);
  const order = oneOf(query.get("order") || "ASC", "order", ORDERS);
  const wanted = query.get("state") ? oneOf(query.get("state"), "state", STATES) : null;
  const asset = query.get("asset") ? state.asset(query.get("asset") as string).asset_id : null;
  const all = state.outputsOf(hash, threshold);
  if (!all[0]?.receivers.includes(user.user_id)) return [];
  const found: object[] = [];
  const step = order === "ASC" ? 1 : -1;
  // descending, offset 0 means from the newest on
  let at = order === "ASC" ? placeOf(all, offset) : offset === 0 ? all.length - 1 : placeOf(all, offset + 1) - 1;
  for (; found.length < limit; at += step) {
    const output = all[at];
    if (output === undefined) break;
    if ((wanted === null || output.state === wanted) && (asset === null || output.asset_id === asset))
      found.push(outputView(output, state));
  }
  return found;
}

/** Index of the first output with at least this sequence. */
function placeOf(sorted: readonly OutputRecord[], sequence: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as OutputRecord).sequence < sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Those of the ids that exist and that the caller may see. */
export function fetchOutputs(devnet: Devnet, {body, user}: Call): object {
  const ids = list(object(body)["ids"], "ids", LIMIT_MAX).map((id) => uuid(id, "ids"));
  return ids.flatMap((id) => visible(devnet, id, user) ?? []);
}

export function oneOutput(devnet: Devnet, {user}: Call, id: string): object {
  const output = visible(devnet, id, user);
  if (output === null) throw notFound();
  return output;
}

function visible({state}: Devnet, id: string, user: UserRecord): object | null {
  const output = state.outputs.get(id);
  return output?.receivers.includes(user.user_id) ? outputView(output, state) : null;
}

/** Movements of the caller's own money from the time `offset` on (RFC 3339, inclusive), newest first unless asked otherwise. */
export function listSnapshots({state}: Devnet, {query, user}: Call): object {
  const limit = whole(query.get("limit") || `${LIMIT_MAX}`, "limit", LIMIT_MAX, 1);
  const order = oneOf(query.get("order") || "DESC", "order", ORDERS);
  const asset = query.get("asset") ? state.asset(query.get("asset") as string).asset_id : null;
  const opponent = query.get("opponent");
  const offset = query.get("offset");
  const fits = ({output, opponent_id}: ReturnType<typeof state.snapshotsOf>[number]) => {
    const at = rfc3339(output.created_at);
    const inTime = !offset || (order === "ASC" ? at >= offset : at <= offset);
    return inTime && (asset === null || output.asset_id === asset) && (!opponent || opponent_id === opponent);
  };
  const found = state.snapshotsOf(user.user_id).filter(fits);
  if (order === "DESC") found.reverse();
  return found.slice(0, limit).map(snapshotView);
}

export function oneSnapshot({state}: Devnet, {user}: Call, id: string): object {
  const found = state.snapshotsOf(user.user_id).find(({snapshot_id}) => snapshot_id === id);
  if (found === undefined) throw notFound();
  return snapshotView(found);
}
