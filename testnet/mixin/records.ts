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

/** Keys that were given out for an output, by mask. */
export interface GhostRecord {
  readonly receivers: readonly string[];
  readonly index: number;
  readonly keys: readonly string[];
  readonly mask: string;
}

export interface OutputRecord {
  readonly output_id: string;
  readonly transaction_hash: string;
  readonly output_index: number;
  readonly asset_id: string;
  readonly amount: bigint;
  readonly mask: string;
  readonly keys: readonly string[];
  readonly receivers: readonly string[];
  readonly receivers_hash: string;
  readonly threshold: number;
  readonly senders: readonly string[];
  readonly senders_threshold: number;
  readonly extra: string;
  readonly sequence: number;
  readonly request_id: string;
  readonly created_at: bigint;
  state: "unspent" | "signed" | "spent";
  signed_by: string;
  signed_at: bigint | null;
  spent_at: bigint | null;
}

/** A transaction under way: of one payer ("request") or of a group ("multisig"). */
export interface RequestRecord {
  readonly kind: "request" | "multisig";
  readonly request_id: string;
  readonly user_id: string;
  readonly raw: string;
  readonly payload: string;
  readonly hash: string;
  readonly asset_id: string;
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

/** One line of the journal: everything that changed the state, in order. */
export type Entry =
  | {readonly type: "user"; readonly user: Omit<UserRecord, "spend_public" | "iterator">}
  | {readonly type: "safe"; readonly user_id: string; readonly spend_public: string; readonly iterator: string}
  | {readonly type: "asset"; readonly asset_id: string; readonly symbol: string; readonly name: string}
  | {readonly type: "ghost"; readonly seed: string; readonly receivers: readonly string[]; readonly index: number}
  | {
      readonly type: "mint";
      readonly at: string;
      readonly hash: string;
      readonly asset_id: string;
      readonly amount: string;
      readonly receivers: readonly string[];
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
