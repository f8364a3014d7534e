import {closeSync, fdatasyncSync, openSync, writeSync} from "node:fs";
import {createConnection, createServer, type Socket} from "node:net";

/**
 * One of N processes that do what a decision cannot do without: proposal to all, prevote to all, precommit to all, each vote
 * after one write and fdatasync. No signatures, no checks. Driven by its parent over IPC.
 */

/** Bytes as in the real exchange: a small block, a vote, a vote with one partial signature. */
const SIZES = {proposal: 900, prevote: 170, precommit: 270} as const;
const KINDS = Object.keys(SIZES) as (keyof typeof SIZES)[];
const HEADER = 7;

const [file = "", count = "4"] = process.argv.slice(2);
const quorum = Math.floor((2 * Number(count)) / 3) + 1;
const log = openSync(file, "a");
const sockets: Socket[] = [];
const votes = new Map<string, number>();

const now = () => performance.timeOrigin + performance.now();
const sync = () => {
  writeSync(log, new Uint8Array(400));
  fdatasyncSync(log);
};

function send(kind: keyof typeof SIZES, round: number): void {
  const frame = Buffer.alloc(HEADER + SIZES[kind]);
  frame.writeUInt16BE(SIZES[kind], 0);
  frame.writeUInt8(KINDS.indexOf(kind), 2);
  frame.writeUInt32BE(round, 3);
  for (const socket of sockets) socket.write(frame);
}

function vote(kind: "prevote" | "precommit", round: number): void {
  sync();
  send(kind, round);
  take(kind, round);
}

function take(kind: keyof typeof SIZES, round: number): void {
  if (kind === "proposal") {
    vote("prevote", round);
    return;
  }
  const key = `${kind}/${round}`;
  const seen = (votes.get(key) ?? 0) + 1;
  votes.set(key, seen);
  if (seen !== quorum) return;
  if (kind === "prevote") vote("precommit", round);
  else process.send?.({done: round, at: now()});
}

function listen(socket: Socket): void {
  socket.setNoDelay(true);
  let rest = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER && rest.length >= HEADER + rest.readUInt16BE(0)) {
      const size = HEADER + rest.readUInt16BE(0);
      const kind = KINDS[rest.readUInt8(2)] as keyof typeof SIZES;
      const round = rest.readUInt32BE(3);
      rest = rest.subarray(size);
      take(kind, round);
    }
  });
  socket.on("error", () => {});
}

const server = createServer((socket) => {
  sockets.push(socket);
  listen(socket);
});
server.listen(0, "127.0.0.1", () => process.send?.({port: (server.address() as {port: number}).port}));

process.on("message", (message: {dial?: number[]; propose?: number}) => {
  for (const port of message.dial ?? []) {
    const socket = createConnection(port, "127.0.0.1");
    sockets.push(socket);
    listen(socket);
  }
  if (message.propose !== undefined) {
    process.send?.({proposed: message.propose, at: now()});
    send("proposal", message.propose);
    vote("prevote", message.propose);
  }
});
process.once("disconnect", () => {
  closeSync(log);
  process.exit(0);
});
