import {concat, dataLength, keccak256, toBeArray, toBeHex} from "ethers";

/** An event as the contract gets it; ids are 16-byte hex. */
export interface EventFields {
  process: string;
  nonce: bigint;
  asset: string;
  amount: bigint;
  extra: string;
  timestamp: bigint;
  sender: string;
}

export function encodeEvent(e: EventFields): string {
  const amount = e.amount === 0n ? new Uint8Array() : toBeArray(e.amount);
  return concat([
    e.process,
    toBeHex(e.nonce, 8),
    e.asset,
    toBeHex(amount.length, 2),
    amount,
    toBeHex(dataLength(e.extra), 2),
    e.extra,
    toBeHex(e.timestamp, 8),
    "0x0001",
    e.sender,
    "0x0001",
    "0x0000",
  ]);
}

const parent = (a: string, b: string) => keccak256(BigInt(a) < BigInt(b) ? concat([a, b]) : concat([b, a]));
const leafOf = (event: string) => keccak256(keccak256(event));

function levels(events: readonly string[]): string[][] {
  let nodes = events.map(leafOf);
  const all = [nodes];
  while (nodes.length > 1) {
    const next: string[] = [];
    for (let i = 0; i < nodes.length; i += 2) {
      const [left, right] = [nodes[i] as string, nodes[i + 1]];
      next.push(right === undefined ? left : parent(left, right));
    }
    all.push(next);
    nodes = next;
  }
  return all;
}

export const ZERO32 = `0x${"00".repeat(32)}`;

export function rootOf(events: readonly string[]): string {
  return levels(events).at(-1)?.[0] ?? ZERO32;
}

/** Siblings from the leaf up; a node without one goes up unchanged. */
export function proofOf(events: readonly string[], index: number): string[] {
  return levels(events)
    .slice(0, -1)
    .flatMap((nodes, level) => nodes[(index >> level) ^ 1] ?? []);
}
