import {concat, getBytes, hexlify, keccak256} from "ethers";
import fc from "fast-check";
import {afterAll, beforeAll, beforeEach, describe, expect, test} from "vitest";
import {type Chain, type Deployed, startChain} from "./support/chain.ts";
import {proofOf, rootOf, ZERO32} from "./support/events.ts";
import {activeGroup, type Block, certificateArgs, type Group, register, uuid} from "./support/group.ts";

let chain: Chain;
let group: Group;
let app: Deployed;
const process = uuid("process");
beforeAll(async () => {
  chain = await startChain();
});
beforeEach(async () => {
  group = await activeGroup(chain);
  app = await chain.deploy("NoopReceiver", []);
  await group.deliver({system: [register(process, app.address)]});
});
afterAll(() => chain.stop());

const args = (block: Block, signature: string, deliveries: readonly unknown[]) => [...certificateArgs(block, signature), deliveries];
const nextSeq = async (): Promise<bigint> => (await group.contract.read("nextSeq"))[0];
const events = (count: number) => Array.from({length: count}, (_, i) => group.event(process, {extra: `0x0${i % 10}`, amount: BigInt(i)}));

describe("commit, then execute", () => {
  test("records roots and runs nothing; then anyone runs each message in its lane's order", async () => {
    const list = events(5);
    const {block} = group.block({events: list});
    const committed = await group.contract.send("commit", args(block, group.certify(block), [[]]));
    expect(committed.logs.map((log) => log.name)).toEqual(["Committed"]);
    expect(await nextSeq()).toBe(2n);
    expect(await group.messageOf(process, 0n)).toEqual({state: "unknown", eventHash: ZERO32, height: 0n});
    const execute = (i: number) => [1n, list[i], proofOf(list, i)];
    const early = await group.contract.reverts("execute", execute(1));
    expect([early.name, ...early.args]).toEqual(["NonceOutOfOrder", process, 0n, 1n]);
    for (let i = 0; i < 5; i++) await group.contract.send("execute", execute(i), {from: chain.accounts[4] ?? ""});
    expect(await group.statesOf(process)).toEqual(Array(5).fill("delivered"));
    expect((await group.contract.reverts("execute", execute(2))).name).toBe("NonceOutOfOrder"); // replay
    expect((await group.messageOf(process, 4n)).height).toBe(block.height);
  });

  test("system events of a committed outbox apply at once, and are checked", async () => {
    const {block} = group.block({system: [register(uuid("b"), chain.accounts[5] ?? "")]});
    const signature = group.certify(block);
    expect((await group.contract.reverts("commit", args(block, signature, [[]]))).name).toBe("SystemMismatch");
    const receipt = await group.contract.send("commit", args(block, signature, [[register(uuid("b"), chain.accounts[5] ?? "")]]));
    expect(receipt.logs.map((log) => log.name)).toEqual(["Registered", "Committed"]);
    expect((await group.contract.send("commit", args(block, signature, [[]]))).logs).toEqual([]); // replay
  });

  test("root 0, unknown outboxes and delivered outboxes prove nothing", async () => {
    const empty = group.block({});
    await group.contract.send("commit", args(empty.block, group.certify(empty.block), [[]]));
    const event = group.event(process);
    for (const seq of [1n, 2n, 99n, 0n]) expect((await group.contract.reverts("execute", [seq, event, []])).name).toBe("NotProven");
  });

  test("mutated proofs are refused", async () => {
    const list = events(11);
    const {block} = group.block({events: list});
    await group.contract.send("commit", args(block, group.certify(block), [[]]));
    const event = list[0] ?? "";
    const proof = proofOf(list, 0);
    const refused = async (e: string, p: readonly string[]) => (await group.contract.reverts("execute", [1n, e, p])).name;
    expect(await refused(event, [])).toBe("NotProven");
    expect(await refused(event, proof.slice(1))).toBe("NotProven");
    expect(await refused(event, proof.slice(0, -1))).toBe("NotProven");
    expect(await refused(event, [...proof].reverse())).toBe("NotProven");
    expect(await refused(event, [...proof, proof[0] ?? ""])).toBe("NotProven");
    expect(await refused(event, Array(11).fill(ZERO32))).toBe("NotProven");
    expect(await refused(list[1] ?? "", proof)).toBe("NotProven");
    expect(await refused(rootOf(list), [])).toBe("NotProven"); // the root as an event
    expect(await refused(concat([keccak256(keccak256(event)), proof[0] ?? ""]), proof.slice(1))).toBe("NotProven"); // a node as a leaf
    await fc.assert(
      fc.asyncProperty(fc.nat(list.length - 1), fc.nat(3), fc.nat(31), fc.integer({min: 1, max: 255}), async (i, step, at, flip) => {
        const good = proofOf(list, i);
        const node = getBytes(good[step % good.length] ?? ZERO32);
        node[at] = (node[at] ?? 0) ^ flip;
        const bad = good.map((n, k) => (k === step % good.length ? hexlify(node) : n));
        expect(await refused(list[i] ?? "", bad)).toBe("NotProven");
      }),
      {numRuns: 60},
    );
    await group.contract.send("execute", [1n, event, proof]);
  });

  test("messages after a committed one wait for it to be executed", async () => {
    const [event = ""] = events(1);
    const {block} = group.block({events: [event]});
    await group.contract.send("commit", args(block, group.certify(block), [[]]));
    const next = group.block({events: events(1).map(() => group.event(process, {nonce: 1n}))});
    const call = args(next.block, group.certify(next.block), next.deliveries);
    expect((await group.contract.reverts("deliver", call)).name).toBe("NonceOutOfOrder");
    await group.contract.send("execute", [1n, event, []]);
    await group.contract.send("deliver", call);
    expect(await group.statesOf(process)).toEqual(["delivered", "delivered"]);
  });
});
