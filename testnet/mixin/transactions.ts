import {badField, badRaw, badSignature, forbidden, insufficient, locked, otherData} from "./failure.ts";
import {md5Uuid, verifies} from "./keys.ts";
import type {EntryOf, GhostRecord, OutputRecord, RequestRecord} from "./records.ts";
import type {DevnetState} from "./state.ts";
import {decodeTransaction, type SafeTransaction} from "./transaction.ts";

/** The rules of the ledger for transactions: made, signed, sent at the threshold, or unlocked. Each answers whether it changed anything. */

/** Idempotent by request id and by transaction; a revoked request stays, and its transaction may be asked for under a new id. */
export function createRequest(state: DevnetState, {kind, request_id, user_id, raw, at}: EntryOf<"create">): boolean {
  const tx = decodeTransaction(raw);
  const known = state.requests.get(request_id);
  const same = known ?? state.requestOf(tx.hash);
  if (same !== null && (known !== undefined || same.revoked_by === "")) {
    if (same.hash !== tx.hash || same.kind !== kind) throw otherData(request_id);
    if (!same.senders.includes(user_id)) throw forbidden("not a sender");
    return false;
  }
  const inputs = findInputs(state, tx, user_id);
  const [first] = inputs as [OutputRecord, ...OutputRecord[]];
  if (kind === "request" && first.threshold !== 1) throw badField("raw: inputs belong to a multisig");
  checkOutputs(state, tx, inputs);
  state.addRequest({
    kind,
    request_id,
    user_id,
    payload: tx.payload,
    hash: tx.hash,
    asset_id: first.asset_id,
    inputs: inputs.map((o) => o.output_id),
    senders: first.receivers,
    senders_threshold: first.threshold,
    created_at: BigInt(at),
    updated_at: BigInt(at),
    signatures: new Map(),
    revoked_by: "",
    state: "initial",
    spent_at: null,
  });
  return true;
}

function findInputs(state: DevnetState, tx: SafeTransaction, caller: string): OutputRecord[] {
  const inputs = tx.inputs.map(({hash, index}) => {
    const output = state.outputs.get(md5Uuid(`${hash}:${index}`));
    if (output === undefined) throw badRaw(`input ${hash}:${index} is unknown`);
    return output;
  });
  const [first] = inputs as [OutputRecord, ...OutputRecord[]];
  if (new Set(inputs).size !== inputs.length) throw badRaw("an input twice");
  if (state.asset(first.asset_id).kernel_asset_id !== tx.asset) throw badRaw("inputs of another asset");
  for (const output of inputs) {
    if (output.asset_id !== first.asset_id) throw badRaw("inputs of several assets");
    if (output.receivers_hash !== first.receivers_hash || output.threshold !== first.threshold) throw badRaw("inputs of several owners");
    if (!output.receivers.includes(caller)) throw forbidden("inputs of others");
  }
  checkFree(inputs, tx.hash);
  return inputs;
}

/** An input is free for a transaction while no other one has locked or spent it. */
function checkFree(inputs: readonly OutputRecord[], hash: string): void {
  for (const output of inputs)
    if (output.state === "spent" || (output.signed_by !== "" && output.signed_by !== hash))
      throw locked(`output ${output.output_id} is ${output.state} by ${output.signed_by}`);
}

function checkOutputs(state: DevnetState, tx: SafeTransaction, inputs: readonly OutputRecord[]): void {
  const [given, wanted] = [sum(inputs), sum(tx.outputs)];
  if (given < wanted) throw insufficient(`inputs of ${given} units for outputs of ${wanted}`);
  if (given > wanted) throw badRaw(`inputs of ${given} units, outputs of ${wanted}`);
  for (const [index, output] of tx.outputs.entries()) {
    const ghost = state.ghostOf(output.mask);
    if (ghost === null || ghost.index !== index || ghost.keys.join() !== output.keys.join())
      throw badRaw(`output ${index} has keys that nobody was given`);
  }
  checkUnused(state, tx);
  for (const reference of tx.references) if (!state.hasTransaction(reference)) throw badRaw(`reference ${reference} is unknown`);
}

function checkUnused(state: DevnetState, tx: SafeTransaction): void {
  for (const [index, {mask}] of tx.outputs.entries())
    if (state.isUsed(mask)) throw badRaw(`output ${index} has keys that were used before`);
}

function sum(of: readonly {amount: bigint}[]): bigint {
  return of.reduce((total, {amount}) => total + amount, 0n);
}

/** Takes signatures, locks the inputs, and sends at the threshold. A repeated signature changes nothing. */
export function signRequest(state: DevnetState, {request_id, user_id, raw, at}: EntryOf<"sign">): boolean {
  const request = state.request(request_id);
  const tx = decodeTransaction(raw);
  if (tx.hash !== request.hash) throw request.kind === "request" ? otherData(request_id) : badRaw("another transaction");
  if (!request.senders.includes(user_id)) throw forbidden("not a sender");
  if (request.revoked_by !== "") throw locked("revoked");
  if (request.state === "spent") {
    if (request.signatures.has(user_id)) return false;
    throw locked("complete");
  }
  const inputs = state.inputsOf(request);
  checkFree(inputs, tx.hash);
  checkUnused(state, tx);
  const signers = verifySignatures(request, tx, inputs);
  if (!signers.has(user_id)) throw badSignature("the own one is missing");
  if (!state.multiSign && signers.size > 1) throw badSignature("signatures of others");
  const news = [...signers].filter(([signer]) => !request.signatures.has(signer));
  if (news.length === 0) return false;
  for (const [signer, signatures] of news) request.signatures.set(signer, signatures);
  request.updated_at = BigInt(at);
  request.state = "signed";
  for (const output of inputs) {
    output.state = "signed";
    output.signed_by = tx.hash;
    output.signed_at ??= BigInt(at);
  }
  if (request.signatures.size >= request.senders_threshold) send(state, request, tx, inputs);
  return true;
}

/** The signatures of all who have signed, one per input. Throws Failure where one does not verify or is missing on an input. */
function verifySignatures(request: RequestRecord, tx: SafeTransaction, inputs: readonly OutputRecord[]): Map<string, readonly string[]> {
  if (tx.signatures.length !== inputs.length) throw badSignature(`${tx.signatures.length} maps for ${inputs.length} inputs`);
  const message = Buffer.from(tx.hash, "hex");
  const places = [...(tx.signatures[0]?.keys() ?? [])];
  if (tx.signatures.some((map) => [...map.keys()].join() !== places.join())) throw badSignature("one is missing on an input");
  const signers = new Map<string, readonly string[]>();
  for (const place of places) {
    const signatures = tx.signatures.map((map, i) => {
      const signature = map.get(place) as Uint8Array;
      const key = inputs[i]?.keys[place];
      if (key === undefined || !verifies(key, message, signature)) throw badSignature(`place ${place}, input ${i}`);
      return Buffer.from(signature).toString("hex");
    });
    signers.set(request.senders[place] as string, signatures);
  }
  return signers;
}

/** The inputs are spent, the outputs there: the change of a group is its last output and comes last in sequence. */
function send(state: DevnetState, request: RequestRecord, tx: SafeTransaction, inputs: readonly OutputRecord[]): void {
  const at = request.updated_at;
  for (const output of inputs) {
    output.state = "spent";
    output.spent_at = at;
  }
  request.state = "spent";
  request.spent_at = at;
  const {hash: transaction_hash, senders, senders_threshold, request_id, asset_id} = request;
  const extra = Buffer.from(tx.extra).toString("hex");
  tx.outputs.forEach(({amount, keys, mask, threshold}, output_index) => {
    const {receivers, views} = state.ghostOf(mask) as GhostRecord;
    const from = {transaction_hash, senders, senders_threshold, request_id, asset_id, extra};
    state.addOutput({...from, output_index, amount, keys, mask, views, receivers, threshold, created_at: at + BigInt(output_index)});
  });
}

/** Takes a transaction back while it is not complete: its inputs are free, its request id is used up. */
export function unlockRequest(state: DevnetState, {request_id, user_id, at}: EntryOf<"unlock">): boolean {
  const request = state.request(request_id);
  if (request.kind !== "multisig" || !request.senders.includes(user_id)) throw forbidden("not a sender");
  if (request.state === "spent") throw locked("complete");
  if (request.revoked_by !== "") return false;
  for (const output of state.inputsOf(request)) {
    if (output.signed_by !== request.hash) continue;
    output.state = "unspent";
    output.signed_by = "";
    output.signed_at = null;
  }
  request.signatures.clear();
  request.revoked_by = user_id;
  request.state = "initial";
  request.updated_at = BigInt(at);
  return true;
}
