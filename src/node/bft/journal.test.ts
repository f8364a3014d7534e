import {expect, test} from "vitest";
import {evidenceBy, voteBy} from "../../../test/support/evidence.ts";
import {secretOf, testNetwork} from "../../../test/support/ledger.ts";
import {MemoryHub, MemoryWal} from "../../../test/support/memory.ts";
import type {VoteMessage} from "../../types/messages.ts";
import {Journal} from "./journal.ts";
import {encodeWalRecord} from "./wal-records.ts";

const evidence = evidenceBy({genesis: testNetwork().genesis, secret: secretOf("liar"), from: 2}, {height: 6});
const record = {kind: "evidence", height: 6, evidence};
const silent = {receive: () => "ignore" as const, serveBlocks: async () => [], serveSnapshot: async () => null, connected() {}};
const journalOf = (wal: MemoryWal) => new Journal(wal, new MemoryHub().port(0, silent), () => {});

test("nothing leaves before what it rests on is on disk", async () => {
  const [one] = testNetwork().keys;
  const order: string[] = [];
  let synced = () => {};
  const wal = new MemoryWal();
  wal.append = (records) => {
    order.push(`append ${records.length}`);
    return new Promise((resolve) => {
      synced = resolve;
    });
  };
  const journal = new Journal(wal, new MemoryHub().port(0, silent), () => order.push("sent"));
  const vote = voteBy({genesis: testNetwork().genesis, secret: one?.consensus ?? secretOf(""), from: 0});
  const message: VoteMessage = {kind: "vote", vote, partials: []};
  journal.record({kind: "own", height: 1, message});
  journal.say(message);
  const flushed = journal.flush();
  await Promise.resolve();
  expect(order).toEqual(["append 1"]);
  synced();
  await flushed;
  expect(order).toEqual(["append 1", "sent"]);
});

test("evidence is on disk with the next flush, although nothing is to be said, and once", async () => {
  const wal = new MemoryWal();
  const journal = journalOf(wal);
  await journal.flush();
  expect(wal.records).toEqual([]);
  journal.keep([evidence]);
  await journal.flush();
  await journal.flush();
  journal.keep([]);
  await journal.flush();
  expect(journalOf(new MemoryWal(wal.records)).recovered()).toEqual([record]);
});

test("own votes of a height that does not follow the stored blocks show that blocks were lost: nothing is signed up to there", async () => {
  const vote = voteBy({genesis: testNetwork().genesis, secret: secretOf("me"), from: 0}, {height: 9});
  const wal = new MemoryWal([encodeWalRecord({kind: "own", height: 9, message: {kind: "vote", vote, partials: []}})]);
  expect(journalOf(wal).quarantine(8), "the height in progress").toBe(0);
  expect(journalOf(wal).quarantine(9), "a height that is over").toBe(0);
  const journal = journalOf(wal);
  expect(journal.quarantine(0)).toBe(9);
  await wal.append([new Uint8Array(33 << 20)]);
  await journal.endHeight([]);
  expect(journalOf(new MemoryWal(wal.records)).quarantine(0)).toBe(9);
});

test("a quarantine is kept when a log that has grown too long is emptied", async () => {
  const wal = new MemoryWal([encodeWalRecord({kind: "quarantine", height: 7}), encodeWalRecord({kind: "quarantine", height: 5})]);
  const journal = journalOf(wal);
  expect(journal.quarantine(6)).toBe(7);
  await wal.append([new Uint8Array(33 << 20)]);
  await journal.endHeight([]);
  expect(journalOf(new MemoryWal(wal.records)).quarantine(6)).toBe(7);
  expect(wal.records).toHaveLength(1);
});

test("a log that has grown too long is emptied at the end of a height, but for evidence that no block has", async () => {
  const wal = new MemoryWal([new Uint8Array(33 << 20)]);
  const journal = journalOf(wal);
  await journal.endHeight([evidence]);
  expect(journalOf(new MemoryWal(wal.records)).recovered()).toEqual([record]);
});
