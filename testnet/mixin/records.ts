/** What the devnet keeps. Hex is without 0x; amounts are 1e-8 units; times are nanoseconds since 1970. */

export interface UserRecord {
  readonly user_id: string;
  readonly full_name: string;
  readonly session_id: string;
  readonly session_public: string;
  readonly server_seed: string;
  readonly tip_public: string;
  readonly view_seed: string;
  /** null until the user is registered to Safe. */
  spend_public: string | null;
  /** Last iterator of a PIN; a lower one is a replay. */
  iterator: bigint;
}

export interface AssetRecord {
  readonly asset_id: string;
  readonly symbol: string;
  readonly name: string;
  readonly kernel_asset_id: string;
}

/** One-time keys of an output, and the scalar that each receiver adds to its spend key to sign for it. */
export interface Ghost {
  readonly mask: string;
  readonly keys: readonly string[];
  readonly views: readonly string[];
}

/** Keys that were given out for the output at `index` of some transaction. */
export interface GhostRecord extends Ghost {
  /** Sorted; in the order of the keys. */
  readonly receivers: readonly string[];
  readonly index: number;
}

export interface OutputRecord extends Ghost {
  readonly output_id: string;
  readonly transaction_hash: string;
  readonly output_index: number;
  readonly asset_id: string;
  readonly amount: bigint;
  readonly receivers: readonly string[];
  readonly receivers_hash: string;
  readonly threshold: number;
  /** None for what came from nowhere. */
  readonly senders: readonly string[];
  readonly senders_threshold: number;
  readonly extra: string;
  readonly sequence: number;
  readonly request_id: string;
  readonly created_at: bigint;
  state: "unspent" | "signed" | "spent";
  /** Hash of the transaction that locks or has spent it, or "". */
  signed_by: string;
  signed_at: bigint | null;
  spent_at: bigint | null;
}

/** A transaction under way: of one payer ("request") or of a group ("multisig"). */
export interface RequestRecord {
  readonly kind: "request" | "multisig";
  readonly request_id: string;
  readonly user_id: string;
  /** The raw transaction without signatures: what is hashed and signed. */
  readonly payload: string;
  readonly hash: string;
  readonly asset_id: string;
  /** Ids of outputs, in the order of the inputs. */
  readonly inputs: readonly string[];
  readonly senders: readonly string[];
  readonly senders_threshold: number;
  readonly created_at: bigint;
  updated_at: bigint;
  /** Signer → one signature per input, hex. */
  readonly signatures: Map<string, readonly string[]>;
  revoked_by: string;
  state: "initial" | "signed" | "spent";
  spent_at: bigint | null;
}

/** One movement of one user's own money. */
export interface SnapshotRecord {
  readonly snapshot_id: string;
  readonly user_id: string;
  /** "" where the other side is a group or nobody. */
  readonly opponent_id: string;
  /** Below 0 where it went out. */
  readonly amount: bigint;
  readonly output: OutputRecord;
}

/** One line of the journal: everything that changed the state, in order. Whole numbers above 2^53 are decimal text. */
export type Entry =
  | {readonly type: "user"; readonly user: Omit<UserRecord, "spend_public" | "iterator">}
  | {readonly type: "safe"; readonly user_id: string; readonly spend_public: string; readonly iterator: string}
  | {readonly type: "asset"; readonly asset_id: string; readonly symbol: string; readonly name: string}
  | {readonly type: "ghost"; readonly name: string; readonly ghost: GhostRecord}
  | {
      readonly type: "mint";
      readonly at: string;
      readonly hash: string;
      readonly asset_id: string;
      readonly amount: string;
      readonly ghost: GhostRecord;
      readonly threshold: number;
      readonly extra: string;
    }
  | {
      readonly type: "create";
      readonly at: string;
      readonly kind: "request" | "multisig";
      readonly request_id: string;
      readonly user_id: string;
      readonly raw: string;
    }
  | {readonly type: "sign"; readonly at: string; readonly request_id: string; readonly user_id: string; readonly raw: string}
  | {readonly type: "unlock"; readonly at: string; readonly request_id: string; readonly user_id: string};

export type EntryOf<T extends Entry["type"]> = Extract<Entry, {type: T}>;
