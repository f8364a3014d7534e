import {closeSync, fdatasyncSync, openSync, writeSync} from "node:fs";
import {createConnection, createServer, type Socket} from "node:net";
import type {PeerAnswer} from "./tcp-floor.ts";

/**
 * One of N processes that do what a decision cannot do without: proposal to all, prevote to all, precommit to all, each vote
 * after one write and fdatasync. Driven by its parent over IPC, and ends with that channel.
 */

/** Bytes as in the real exchange: a block with one payment, a vote, a vote with one partial signature. */
const SIZES = {proposal: 667, prevote: 124, precommit: 222} as const;
/** What the log of a real node holds for one vote: itself and what it rests on. */
const LOGGED = 400;
type Kind = keyof typeof SIZES;
const KINDS = Object.keys(SIZES) as Kind[];
/** length u16, kind u8, round u32. */
const HEADER = 7;
/** Rounds that are counted at once; older ones are over. */
const ROUNDS_MAX = 64;

const [file = "", count = "4"] = process.argv.slice(2);
const others = Number(count) - 1;
const quorum = Math.floor((2 * Number(count)) / 3) + 1;
const log = openSync(file, "a");
const sockets: Socket[] = [];
const votes = new Map<string, number>();
let joined = 0;

const tell = (answer: PeerAnswer) => void process.send?.(answer);
const now = () => performance.timeOrigin + performance.now();

function send(kind: Kind, round: number): void {
  const frame = Buffer.alloc(HEADER + SIZES[kind]);
  frame.writeUInt16BE(SIZES[kind], 0);
  frame.writeUInt8(KINDS.indexOf(kind), 2);
  frame.writeUInt32BE(round, 3);
  for (const socket of sockets) socket.write(frame);
}

function vote(kind: "prevote" | "precommit", round: number): void {
  writeSync(log, new Uint8Array(LOGGED));
  fdatasyncSync(log);
  send(kind, round);
  take(kind, round);
}

function take(kind: Kind, round: number): void {
  if (kind === "proposal") {
    vote("prevote", round);
    return;
  }
  const key = `${kind}/${round}`;
  const seen = (votes.get(key) ?? 0) + 1;
  votes.set(key, seen);
  if (votes.size > 2 * ROUNDS_MAX) for (const old of [...votes.keys()].slice(0, ROUNDS_MAX)) votes.delete(old);
  if (seen !== quorum) return;
  if (kind === "prevote") vote("precommit", round);
  else tell({done: round, at: now()});
}

function join(socket: Socket): void {
  sockets.push(socket);
  socket.setNoDelay(true);
  let rest = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER && rest.length >= HEADER + rest.readUInt16BE(0)) {
      const size = HEADER + rest.readUInt16BE(0);
      const kind = KINDS[rest.readUInt8(2)];
      const round = rest.readUInt32BE(3);
      rest = rest.subarray(size);
      if (kind !== undefined) take(kind, round);
    }
  });
  socket.on("error", () => {}); // the others end together
  joined++;
  if (joined === others) tell({joined: true});
}

const server = createServer(join);
server.listen(0, "127.0.0.1", () => tell({port: (server.address() as {port: number}).port}));

process.on("message", (message: {dial?: number[]; propose?: number}) => {
  for (const port of message.dial ?? []) {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("connect", () => join(socket));
  }
  if (message.propose === undefined) return;
  tell({proposed: message.propose, at: now()});
  send("proposal", message.propose);
  vote("prevote", message.propose);
});
process.once("disconnect", () => {
  closeSync(log);
  process.exit(0);
});
