import type {Call} from "./call.ts";
import type {Devnet} from "./devnet.ts";
import {badField, forbidden, notFound} from "./failure.ts";
import {list, object, text, uuid} from "./fields.ts";
import type {RequestRecord} from "./records.ts";
import {decodeTransaction} from "./transaction.ts";
import {requestView} from "./views.ts";

/** Transactions in one request. */
const BATCH_MAX = 32;

/** Each item of the body: a transaction and the id that its owner gives it. */
function batch(body: unknown): {request_id: string; raw: string}[] {
  return list(body, "requests", BATCH_MAX).map((item) => {
    const {request_id, raw} = object(item);
    return {request_id: uuid(request_id, "request_id"), raw: text(raw, "raw")};
  });
}

/** A payer's own transaction: answers the views to sign with. */
export function createRequests(devnet: Devnet, call: Call): object {
  return create(devnet, call, "request");
}

/** A group's transaction: any member makes it, all get their own views. */
export function createMultisigs(devnet: Devnet, call: Call): object {
  return create(devnet, call, "multisig");
}

function create(devnet: Devnet, {body, user}: Call, kind: RequestRecord["kind"]): object {
  const {state} = devnet;
  const wanted = batch(body);
  devnet.commit(...wanted.map((item) => ({type: "create" as const, at: devnet.now(), kind, user_id: user.user_id, ...item})));
  return wanted.map(({request_id, raw}) => {
    // under another id where the same transaction was there already
    const made = state.requests.get(request_id) ?? state.request(decodeTransaction(raw).hash);
    return requestView(made, state, user);
  });
}

/** Takes the payer's signature and sends. */
export function sendTransactions(devnet: Devnet, {body, user}: Call): object {
  const {state} = devnet;
  const signed = batch(body);
  for (const {request_id} of signed)
    if (state.request(request_id).kind !== "request") throw badField("request_id: a group's transaction is signed, not sent");
  devnet.commit(...signed.map((item) => ({type: "sign" as const, at: devnet.now(), user_id: user.user_id, ...item})));
  return signed.map(({request_id}) => requestView(state.request(request_id), state, user));
}

/** By request id or by hash, of payers and of groups. */
export function fetchTransaction({state}: Devnet, {user}: Call, id: string): object {
  return {...requestView(state.request(id), state, user), type: "kernel_transaction_request"};
}

export function fetchMultisig({state}: Devnet, {user}: Call, id: string): object {
  const request = state.request(id);
  if (request.kind !== "multisig") throw notFound();
  if (!request.senders.includes(user.user_id)) throw forbidden("not a sender");
  return requestView(request, state, user);
}

/** Takes the caller's signature, and the others' that come with it; the one that completes the threshold sends. */
export function signMultisig(devnet: Devnet, call: Call, id: string): object {
  fetchMultisig(devnet, call, id);
  const {request_id} = devnet.state.request(id);
  const raw = text(object(call.body)["raw"], "raw");
  devnet.commit({type: "sign", at: devnet.now(), request_id, user_id: call.user.user_id, raw});
  return fetchMultisig(devnet, call, request_id);
}

export function unlockMultisig(devnet: Devnet, call: Call, id: string): object {
  fetchMultisig(devnet, call, id);
  const {request_id} = devnet.state.request(id);
  devnet.commit({type: "unlock", at: devnet.now(), request_id, user_id: call.user.user_id});
  return fetchMultisig(devnet, call, request_id);
}
