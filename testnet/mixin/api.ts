import type {Call, Handler} from "./call.ts";
import {notFound} from "./failure.ts";
import {list, uuid} from "./fields.ts";
import {ghostKeys, register} from "./keys-api.ts";
import {fetchOutputs, listOutputs, listSnapshots, oneOutput, oneSnapshot} from "./outputs-api.ts";
import {
  createMultisigs,
  createRequests,
  fetchMultisig,
  fetchTransaction,
  sendTransactions,
  signMultisig,
  unlockMultisig,
} from "./transactions-api.ts";
import {assetView, userView} from "./views.ts";

/** Ids in one request. */
const IDS_MAX = 500;

/** `METHOD path`, where `*` stands for one segment. */
const ROUTES: readonly (readonly [string, Handler])[] = [
  ["POST /safe/users", register],
  ["GET /safe/me", (_, {user}) => userView(user)],
  ["GET /me", (_, {user}) => userView(user)],
  ["POST /users/fetch", ({state}, {body}) => known(body, (id) => state.users.get(id)).map(userView)],
  ["GET /safe/outputs", listOutputs],
  ["POST /safe/outputs/fetch", fetchOutputs],
  ["GET /safe/outputs/*", oneOutput],
  ["POST /safe/keys", ghostKeys],
  ["POST /safe/transaction/requests", createRequests],
  ["POST /safe/transactions", sendTransactions],
  ["GET /safe/transactions/*", fetchTransaction],
  ["POST /safe/multisigs", createMultisigs],
  ["GET /safe/multisigs/*", fetchMultisig],
  ["POST /safe/multisigs/*/sign", signMultisig],
  ["POST /safe/multisigs/*/unlock", unlockMultisig],
  ["GET /safe/snapshots", listSnapshots],
  ["GET /safe/snapshots/*", oneSnapshot],
  ["GET /safe/assets", ({state}) => [...state.assets.values()].map(assetView)],
  ["POST /safe/assets/fetch", ({state}, {body}) => known(body, (id) => state.assets.get(id)).map(assetView)],
  ["GET /safe/assets/*", ({state}, _, id) => assetView(state.asset(id))],
];

/** One call of the Safe API by an authenticated user: the `data` of the answer. Throws Failure. */
export function answer(call: Call): object {
  for (const [route, handler] of ROUTES) {
    const id = match(route, `${call.method} ${call.path}`);
    if (id !== null) return handler(call.devnet, call, id);
  }
  throw notFound();
}

/** What stands for `*`, "" where the route has none; null where it is another route. */
function match(route: string, called: string): string | null {
  const want = route.split("/");
  const got = called.split("/");
  if (want.length !== got.length || !want.every((part, i) => part === "*" || part === got[i])) return null;
  return got[want.indexOf("*")] ?? "";
}

/** Those of a list of ids that exist, as the API answers lists. */
function known<T>(body: unknown, find: (id: string) => T | undefined): T[] {
  return list(body, "ids", IDS_MAX).flatMap((id) => find(uuid(id, "ids")) ?? []);
}
