import {noSafe, notFound} from "./failure.ts";
import {ghostOf} from "./ghost.ts";
import {md5Uuid, membersHash, sha3Hex} from "./keys.ts";
import type {AssetRecord, EntryOf, GhostRecord, OutputRecord, RequestRecord, SnapshotRecord, UserRecord} from "./records.ts";

/** What a transaction, or the void, gives to an output; the rest follows from it. */
type NewOutput = Omit<OutputRecord, "output_id" | "receivers_hash" | "sequence" | "state" | "signed_by" | "signed_at" | "spent_at">;

const FIRST_SEQUENCE = 1_000;

/** The tables of the devnet and how they are found. Holds no rule of its own: `apply.ts` and `transactions.ts` check, then write here. */
export class DevnetState {
  /** Whether one call may bring the signatures of several members. */
  readonly multiSign: boolean;
  readonly users = new Map<string, UserRecord>();
  readonly assets = new Map<string, AssetRecord>();
  readonly outputs = new Map<string, OutputRecord>();
  readonly requests = new Map<string, RequestRecord>();
  /** Keys given out, by the name under which they were asked for. */
  readonly ghosts = new Map<string, GhostRecord>();
  readonly #byMask = new Map<string, GhostRecord>();
  readonly #byHash = new Map<string, RequestRecord>();
  readonly #byOwner = new Map<string, OutputRecord[]>();
  readonly #byKernelId = new Map<string, AssetRecord>();
  readonly #snapshots = new Map<string, SnapshotRecord[]>();
  readonly #usedMasks = new Set<string>();
  readonly #transactions = new Set<string>();
  #sequence = FIRST_SEQUENCE;

  constructor(multiSign: boolean) {
    this.multiSign = multiSign;
  }

  user(id: string): UserRecord {
    const user = this.users.get(id);
    if (user === undefined) throw notFound();
    return user;
  }

  /** By uuid or by the kernel's id. */
  asset(id: string): AssetRecord {
    const asset = this.assets.get(id) ?? this.#byKernelId.get(id);
    if (asset === undefined) throw notFound();
    return asset;
  }

  addAsset({asset_id, symbol, name}: EntryOf<"asset">): void {
    const asset = {asset_id, symbol, name, kernel_asset_id: sha3Hex(asset_id)};
    this.assets.set(asset_id, asset);
    this.#byKernelId.set(asset.kernel_asset_id, asset);
  }

  /** A transaction by request id or hash. */
  request(id: string): RequestRecord {
    const request = this.requests.get(id) ?? this.#byHash.get(id);
    if (request === undefined) throw notFound();
    return request;
  }

  /** The newest request for the transaction with this hash. */
  requestOf(hash: string): RequestRecord | null {
    return this.#byHash.get(hash) ?? null;
  }

  addRequest(request: RequestRecord): void {
    this.requests.set(request.request_id, request);
    this.#byHash.set(request.hash, request);
  }

  inputsOf(request: RequestRecord): OutputRecord[] {
    return request.inputs.map((id) => this.outputs.get(id) as OutputRecord);
  }

  /** New keys for `receivers`, in sorted order. Changes nothing. Throws Failure where one of them has no Safe. */
  makeGhost(seed: string, receivers: readonly string[], index: number): GhostRecord {
    const sorted = [...receivers].sort();
    const keys = sorted.map((id) => {
      const user = this.users.get(id);
      if (user === undefined || user.spend_public === null) throw noSafe(id);
      return {viewSeed: user.view_seed, spendPublic: user.spend_public};
    });
    return {...ghostOf(seed, keys, index), receivers: sorted, index};
  }

  addGhost(name: string, ghost: GhostRecord): void {
    this.ghosts.set(name, ghost);
    this.#byMask.set(ghost.mask, ghost);
  }

  /** The keys that were given out with this mask. */
  ghostOf(mask: string): GhostRecord | null {
    return this.#byMask.get(mask) ?? null;
  }

  /** Whether an output of the ledger has this mask: one-time keys serve once. */
  isUsed(mask: string): boolean {
    return this.#usedMasks.has(mask);
  }

  /** Whether a transaction with this hash is in the ledger. */
  hasTransaction(hash: string): boolean {
    return this.#transactions.has(hash);
  }

  /** Outputs of one group, by sequence ascending. */
  outputsOf(receiversHash: string, threshold: number): readonly OutputRecord[] {
    return this.#byOwner.get(`${receiversHash}/${threshold}`) ?? [];
  }

  /** Movements of a user's own money, oldest first. */
  snapshotsOf(user: string): readonly SnapshotRecord[] {
    return this.#snapshots.get(user) ?? [];
  }

  addOutput(made: NewOutput): void {
    // real sequences are shared by the whole network: they grow, with gaps
    this.#sequence += 1 + (Number.parseInt(made.transaction_hash.slice(0, 2), 16) % 3);
    const output: OutputRecord = {
      ...made,
      output_id: md5Uuid(`${made.transaction_hash}:${made.output_index}`),
      receivers_hash: membersHash(made.receivers),
      sequence: this.#sequence,
      state: "unspent",
      signed_by: "",
      signed_at: null,
      spent_at: null,
    };
    this.outputs.set(output.output_id, output);
    push(this.#byOwner, `${output.receivers_hash}/${output.threshold}`, output);
    this.#usedMasks.add(output.mask);
    this.#transactions.add(output.transaction_hash);
    this.#addSnapshots(output);
  }

  #addSnapshots(output: OutputRecord): void {
    const [to, ...others] = output.receivers;
    const [from, ...more] = output.senders;
    const receiver = others.length === 0 ? to : undefined;
    const sender = more.length === 0 ? from : undefined;
    if (receiver === sender) return; // change, or from group to group
    const add = (user_id: string, opponent_id: string, amount: bigint) =>
      push(this.#snapshots, user_id, {snapshot_id: md5Uuid(`${output.output_id}${user_id}`), user_id, opponent_id, amount, output});
    if (receiver !== undefined) add(receiver, sender ?? "", output.amount);
    if (sender !== undefined) add(sender, receiver ?? "", -output.amount);
  }
}

function push<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
