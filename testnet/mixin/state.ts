import {badField, forbidden, invalid, locked, noSafe, notFound, otherData} from "./failure.ts";
import {blake3Bytes, ghostOf, md5Uuid, membersHash, sha3Hex, verifies} from "./keys.ts";
import type {AssetRecord, Entry, GhostRecord, OutputRecord, RequestRecord, UserRecord} from "./records.ts";
import {decodeTransaction, type SafeTransaction} from "./transaction.ts";

type EntryOf<T extends Entry["type"]> = Extract<Entry, {type: T}>;

/**
 * The UTXO ledger. `apply` checks an entry against all before it and changes the state, or throws Failure and changes
 * nothing. Equal entries in equal order give equal states, so the journal is all that a restart needs.
 */
export class DevnetState {
  readonly users = new Map<string, UserRecord>();
  readonly assets = new Map<string, AssetRecord>();
  readonly outputs = new Map<string, OutputRecord>();
  /** By sequence ascending. */
  readonly sequenced: OutputRecord[] = [];
  readonly requests = new Map<string, RequestRecord>();
  readonly #byHash = new Map<string, RequestRecord>();
  readonly #ghosts = new Map<string, GhostRecord>();
  #sequence = 1_000;
  #multiSign: boolean;

  /** @param multiSign  whether one call may bring the signatures of several members */
  constructor(multiSign: boolean) {
    this.#multiSign = multiSign;
  }

  apply(entry: Entry): void {
    switch (entry.type) {
      case "user":
        this.users.set(entry.user.user_id, {...entry.user, spend_public: null, iterator: 0n});
        return;
      case "safe":
        this.#registerSafe(entry);
        return;
      case "asset":
        this.assets.set(entry.asset_id, {
          asset_id: entry.asset_id,
          symbol: entry.symbol,
          name: entry.name,
          kernel_asset_id: sha3Hex(entry.asset_id),
        });
        return;
      case "ghost":
        this.ghost(entry);
        return;
      case "mint":
        this.#mint(entry);
        return;
      case "create":
        this.#create(entry);
        return;
      case "sign":
        this.#sign(entry);
        return;
      case "unlock":
        this.#unlock(entry);
    }
  }

  user(id: string): UserRecord {
    const user = this.users.get(id);
    if (user === undefined) throw notFound();
    return user;
  }

  /** A transaction by request id or hash. */
  request(id: string): RequestRecord {
    const request = this.requests.get(id) ?? this.#byHash.get(id);
    if (request === undefined) throw notFound();
    return request;
  }

  asset(id: string): AssetRecord {
    const asset = this.assets.get(id);
    if (asset === undefined) throw notFound();
    return asset;
  }

  /** The keys of one output to `receivers`; all of them must have Safe. */
  ghost(of: {seed: string; receivers: readonly string[]; index: number}): GhostRecord {
    const receivers = [...of.receivers].sort();
    const keys = receivers.map((id) => {
      const {view_seed, spend_public} = this.user(id);
      if (spend_public === null) throw noSafe(id);
      return {viewSeed: view_seed, spendPublic: spend_public};
    });
    const made = ghostOf(of.seed, keys, of.index);
    const record = {...made, receivers, index: of.index};
    this.#ghosts.set(made.mask, record);
    return record;
  }

  /** Who was given the keys of an output with this mask. */
  receiversOf(mask: string): readonly string[] {
    return this.#ghosts.get(mask)?.receivers ?? [];
  }

  inputsOf(request: RequestRecord): OutputRecord[] {
    return request.inputs.map((id) => this.outputs.get(id) as OutputRecord);
  }

  #registerSafe({user_id, spend_public, iterator}: EntryOf<"safe">): void {
    const user = this.user(user_id);
    if (user.spend_public !== null && user.spend_public !== spend_public) throw forbidden("registered with another key");
    user.spend_public = spend_public;
    user.iterator = BigInt(iterator);
  }

  #mint(entry: EntryOf<"mint">): void {
    this.asset(entry.asset_id);
    const {keys, mask, receivers} = this.ghost({seed: `mint:${entry.hash}`, receivers: entry.receivers, index: 0});
    const amount = BigInt(entry.amount);
    if (amount <= 0n) throw badField("amount");
    if (entry.threshold < 1 || entry.threshold > receivers.length) throw badField("threshold");
    const from = {
      transaction_hash: entry.hash,
      senders: [],
      senders_threshold: 0,
      extra: entry.extra,
      request_id: "",
      asset_id: entry.asset_id,
    };
    this.#addOutput({...from, output_index: 0, amount, mask, keys, receivers, threshold: entry.threshold, created_at: BigInt(entry.at)});
  }

  #addOutput(
    output: Omit<OutputRecord, "output_id" | "receivers_hash" | "sequence" | "state" | "signed_by" | "signed_at" | "spent_at">,
  ): void {
    // real sequences are shared by the whole network: they grow, with gaps
    this.#sequence += 1 + (Number.parseInt(output.transaction_hash.slice(0, 2), 16) % 3);
    const output_id = md5Uuid(`${output.transaction_hash}:${output.output_index}`);
    const record: OutputRecord = {
      receivers_hash: membersHash(output.receivers),
      ...output,
      output_id,
      sequence: this.#sequence,
      state: "unspent",
      signed_by: "",
      signed_at: null,
      spent_at: null,
    };
    this.outputs.set(output_id, record);
    this.sequenced.push(record);
  }

  #create({kind, request_id, user_id, raw, at}: EntryOf<"create">): void {
    const tx = decodeTransaction(raw);
    const known = this.requests.get(request_id);
    if (known !== undefined) {
      if (known.hash !== tx.hash || known.kind !== kind) throw otherData(request_id);
      if (!known.senders.includes(user_id)) throw forbidden("not a sender");
      return;
    }
    const same = this.#byHash.get(tx.hash);
    if (same !== undefined && same.revoked_by === "") throw otherData(same.request_id);
    const inputs = this.#inputs(tx, user_id);
    const [first] = inputs as [OutputRecord, ...OutputRecord[]];
    if (kind === "request" && first.threshold !== 1) throw badField("raw: inputs belong to a multisig");
    this.#checkOutputs(tx, inputs);
    const request: RequestRecord = {
      kind,
      request_id,
      user_id,
      raw: tx.payload,
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
    };
    this.requests.set(request_id, request);
    this.#byHash.set(tx.hash, request);
  }

  #inputs(tx: SafeTransaction, caller: string): OutputRecord[] {
    const inputs = tx.inputs.map(({hash, index}) => {
      const output = this.outputs.get(md5Uuid(`${hash}:${index}`));
      if (output === undefined) throw invalid(2_000_001, `input ${hash}:${index} is unknown`);
      return output;
    });
    const [first] = inputs as [OutputRecord, ...OutputRecord[]];
    if (new Set(inputs.map((o) => o.output_id)).size !== inputs.length) throw invalid(2_000_001, "an input twice");
    for (const output of inputs) {
      if (output.asset_id !== first.asset_id || sha3Hex(output.asset_id) !== tx.asset) throw invalid(2_000_001, "inputs of several assets");
      if (output.receivers.join() !== first.receivers.join() || output.threshold !== first.threshold)
        throw invalid(2_000_001, "inputs of several owners");
      if (!output.receivers.includes(caller)) throw forbidden("inputs of others");
      if (output.state === "spent" || (output.signed_by !== "" && output.signed_by !== tx.hash))
        throw locked(`input ${output.output_id} is ${output.state}`);
    }
    return inputs;
  }

  #checkOutputs(tx: SafeTransaction, inputs: readonly OutputRecord[]): void {
    const sum = (of: readonly {amount: bigint}[]) => of.reduce((total, {amount}) => total + amount, 0n);
    if (sum(inputs) !== sum(tx.outputs)) throw invalid(2_000_001, `inputs ${sum(inputs)} and outputs ${sum(tx.outputs)} differ`);
    for (const [index, output] of tx.outputs.entries()) {
      const ghost = this.#ghosts.get(output.mask);
      if (ghost === undefined || ghost.index !== index || ghost.keys.join() !== output.keys.join())
        throw invalid(2_000_001, `output ${index} has keys that nobody was given`);
    }
  }

  #sign({request_id, user_id, raw, at}: EntryOf<"sign">): void {
    const request = this.request(request_id);
    const tx = decodeTransaction(raw);
    if (tx.hash !== request.hash || tx.payload !== request.payload) throw invalid(2_000_001, "another transaction");
    if (!request.senders.includes(user_id)) throw forbidden("not a sender");
    if (request.revoked_by !== "") throw locked("revoked");
    if (request.state === "spent" || request.signatures.has(user_id)) return;
    const inputs = this.inputsOf(request);
    if (inputs.some((o) => o.state === "spent" || (o.signed_by !== "" && o.signed_by !== tx.hash))) throw locked("an input is taken");
    const signers = this.#verifySignatures(request, tx, inputs, user_id);
    for (const [signer, signatures] of signers) request.signatures.set(signer, signatures);
    request.updated_at = BigInt(at);
    for (const output of inputs) Object.assign(output, {state: "signed", signed_by: tx.hash, signed_at: output.signed_at ?? BigInt(at)});
    request.state = "signed";
    if (request.signatures.size >= request.senders_threshold) this.#send(request, tx, inputs, BigInt(at));
  }

  /** Who has signed every input, with the caller among them. Throws Failure on any signature that does not verify. */
  #verifySignatures(request: RequestRecord, tx: SafeTransaction, inputs: readonly OutputRecord[], caller: string): Map<string, string[]> {
    if (tx.signatures.length !== inputs.length)
      throw invalid(2_000_003, `${tx.signatures.length} signature maps for ${inputs.length} inputs`);
    const message = blake3Bytes(Buffer.from(request.payload, "hex"));
    const found = new Map<string, string[]>();
    tx.signatures.forEach((map, i) => {
      for (const [place, signature] of map) {
        const signer = request.senders[place];
        const key = inputs[i]?.keys[place];
        if (signer === undefined || key === undefined || !verifies(key, message, signature))
          throw invalid(2_000_003, `signature ${place} of input ${i}`);
        found.set(signer, [...(found.get(signer) ?? []), Buffer.from(signature).toString("hex")]);
      }
    });
    if (!this.#multiSign && [...found.keys()].some((signer) => signer !== caller)) throw invalid(2_000_003, "signatures of others");
    const complete = new Map([...found].filter(([, signatures]) => signatures.length === inputs.length));
    if (!complete.has(caller)) throw invalid(2_000_003, "own signature is missing on an input");
    return complete;
  }

  #send(request: RequestRecord, tx: SafeTransaction, inputs: readonly OutputRecord[], at: bigint): void {
    for (const output of inputs) Object.assign(output, {state: "spent", spent_at: at});
    request.state = "spent";
    request.spent_at = at;
    const extra = Buffer.from(tx.extra).toString("hex");
    const {hash: transaction_hash, senders, senders_threshold, request_id, asset_id} = {...request};
    tx.outputs.forEach(({amount, keys, mask, threshold}, output_index) => {
      const {receivers} = this.#ghosts.get(mask) as GhostRecord;
      const from = {transaction_hash, senders, senders_threshold, request_id, asset_id, extra};
      this.#addOutput({...from, output_index, amount, keys, mask, receivers, threshold, created_at: at + BigInt(output_index)});
    });
  }

  #unlock({request_id, user_id, at}: EntryOf<"unlock">): void {
    const request = this.request(request_id);
    if (request.kind !== "multisig" || !request.senders.includes(user_id)) throw forbidden("not a sender");
    if (request.state === "spent") throw locked("complete");
    if (request.revoked_by !== "") return;
    for (const output of this.inputsOf(request))
      if (output.signed_by === request.hash) Object.assign(output, {state: "unspent", signed_by: "", signed_at: null});
    request.signatures.clear();
    request.revoked_by = user_id;
    request.state = "initial";
    request.updated_at = BigInt(at);
  }
}
