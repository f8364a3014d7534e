import type {Network} from "../../ports/network.ts";
import type {Wal} from "../../ports/store.ts";
import type {ProposalMessage, VoteMessage} from "../../types/messages.ts";
import {decodeWalRecord, encodeWalRecord, type WalRecord} from "./wal-records.ts";

const WAL_BYTES_MAX = 32 << 20;

/** The one law of the driver: what a message rests on is on disk before the message leaves. Records without a message ride on the next sync. */
export class Journal {
  readonly #wal: Wal;
  readonly #network: Network;
  #unsynced: WalRecord[] = [];
  #outgoing: (ProposalMessage | VoteMessage)[] = [];

  constructor(wal: Wal, network: Network) {
    this.#wal = wal;
    this.#network = network;
  }

  /** What an earlier run wrote. Throws DecodeError for records of another version. */
  recovered(): WalRecord[] {
    return this.#wal.recovered.map(decodeWalRecord);
  }

  record(record: WalRecord): void {
    this.#unsynced.push(record);
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
    if (this.#outgoing.length === 0) return;
    const records = this.#unsynced.splice(0).map(encodeWalRecord);
    const messages = this.#outgoing.splice(0);
    await this.#wal.append(records);
    for (const message of messages) this.#network.broadcast(message);
  }

  /** The height is over and stored: what was not synced of it needs no disk any more. */
  async endHeight(): Promise<void> {
    this.#unsynced = [];
    if (this.#wal.size() > WAL_BYTES_MAX) await this.#wal.reset([]);
  }
}
