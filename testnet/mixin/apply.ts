import {badField, forbidden} from "./failure.ts";
import type {Entry, EntryOf} from "./records.ts";
import type {DevnetState} from "./state.ts";
import {createRequest, signRequest, unlockRequest} from "./transactions.ts";

/**
 * The ledger's only way to change. Checks an entry against all before it and changes the state, or throws Failure and changes
 * nothing. Equal entries in equal order give equal states, so the journal is all that a restart needs.
 * @returns  false where the entry repeats what is known and changes nothing
 */
export function apply(state: DevnetState, entry: Entry): boolean {
  switch (entry.type) {
    case "user":
      state.users.set(entry.user.user_id, {...entry.user, spend_public: null, iterator: 0n});
      return true;
    case "safe":
      return registerSafe(state, entry);
    case "asset":
      state.addAsset(entry);
      return true;
    case "ghost":
      if (state.ghosts.has(entry.name)) return false;
      state.addGhost(entry.name, entry.ghost);
      return true;
    case "mint":
      return mint(state, entry);
    case "create":
      return createRequest(state, entry);
    case "sign":
      return signRequest(state, entry);
    case "unlock":
      return unlockRequest(state, entry);
  }
}

function registerSafe(state: DevnetState, {user_id, spend_public, iterator}: EntryOf<"safe">): boolean {
  const user = state.user(user_id);
  if (user.spend_public !== null && user.spend_public !== spend_public) throw forbidden("registered with another key");
  user.spend_public = spend_public;
  user.iterator = BigInt(iterator);
  return true;
}

function mint(state: DevnetState, entry: EntryOf<"mint">): boolean {
  const {mask, keys, views, receivers} = entry.ghost;
  const {asset_id} = state.asset(entry.asset_id);
  const amount = BigInt(entry.amount);
  if (amount <= 0n) throw badField("amount");
  if (entry.threshold < 1 || entry.threshold > receivers.length) throw badField("threshold");
  state.addOutput({
    transaction_hash: entry.hash,
    output_index: 0,
    asset_id,
    amount,
    mask,
    keys,
    views,
    receivers,
    threshold: entry.threshold,
    senders: [],
    senders_threshold: 0,
    extra: entry.extra,
    request_id: "",
    created_at: BigInt(entry.at),
  });
  return true;
}
