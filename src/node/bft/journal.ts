import type {Network} from "../../ports/network.ts";
import type {Wal} from "../../ports/store.ts";
import type {Evidence} from "../../types/evidence.ts";
import type {ProposalMessage, VoteMessage} from "../../types/messages.ts";
import {decodeWalRecord, encodeWalRecord, type WalRecord} from "./wal-records.ts";

const WAL_BYTES_MAX = 32 << 20;

/** The one law of the driver: what a message rests on is on disk before the message leaves. Records without a message ride on the next sync. */
export class Journal {
  readonly #wal: Wal;
  readonly #network: Network;
  readonly #sent: (message: ProposalMessage | VoteMessage) => void;
  #unsynced: WalRecord[] = [];
  #outgoing: (ProposalMessage | VoteMessage)[] = [];
  /** Something must be on disk although nothing is to be said. */
  #urgent = false;
  #quarantine = 0;

  /** @param sent  hears each message as it leaves */
  constructor(wal: Wal, network: Network, sent: (message: ProposalMessage | VoteMessage) => void) {
    this.#wal = wal;
    this.#network = network;
    this.#sent = sent;
  }

  /** What an earlier run wrote. Throws DecodeError for records of another version. */
  recovered(): WalRecord[] {
    return this.#wal.recovered.map(decodeWalRecord);
  }

  record(record: WalRecord): void {
    this.#unsynced.push(record);
  }

  /** Evidence is on disk with the next flush, and stays there until a block has it. */
  keep(evidence: readonly Evidence[]): void {
    this.#unsynced.push(...evidence.map(recordOf));
    this.#urgent ||= evidence.length > 0;
  }

  /** The message leaves with the next flush. */
  say(message: ProposalMessage | VoteMessage): void {
    this.#outgoing.push(message);
  }

  get hasMessages(): boolean {
    return this.#outgoing.length > 0;
  }

  /** Writes, then sends. Nothing is written where nothing is to be said. */
  async flush(): Promise<void> {
    if (this.#outgoing.length === 0 && !this.#urgent) return;
    this.#urgent = false;
    const records = this.#unsynced.splice(0).map(encodeWalRecord);
    const messages = this.#outgoing.splice(0);
    await this.#wal.append(records);
    for (const message of messages) {
      this.#sent(message);
      this.#network.broadcast(message);
    }
  }

  /**
   * The last height at which nothing may be signed: a repair of the log says so, or own messages of heights that are not next after
   * the stored blocks: those were lost, and with them what the log means. 0: there is none. It outlives the log's growing too long.
   */
  quarantine(head: number): number {
    this.#quarantine = this.recovered().reduce(
      (last, {kind, height}) => (kind === "quarantine" || (kind === "own" && height > head + 1) ? Math.max(last, height) : last),
      0,
    );
    return this.#quarantine;
  }

  /** The height is over and stored: what was not synced of it needs no disk any more. `open`: evidence that no block has. */
  async endHeight(open: readonly Evidence[]): Promise<void> {
    this.#unsynced = [];
    if (this.#wal.size() <= WAL_BYTES_MAX) return;
    const quarantine: WalRecord[] = this.#quarantine > 0 ? [{kind: "quarantine", height: this.#quarantine}] : [];
    await this.#wal.reset([...quarantine, ...open.map(recordOf)].map(encodeWalRecord));
  }
}

function recordOf(evidence: Evidence): WalRecord {
  return {kind: "evidence", height: evidence.height, evidence};
}
