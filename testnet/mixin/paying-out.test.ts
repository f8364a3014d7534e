import {randomUUID} from "node:crypto";
import {signSafeTransaction} from "@mixin.dev/mixin-node-sdk";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {balanceOf, pay, sdkOf} from "./client.ts";
import {Fixture} from "./fixture.ts";
import {type BuiltPayment, groupOutputs, idsOf, mergeSignatures, requestGroupPayment, signedByMember, signGroupPayment} from "./group.ts";
import {decodeTransaction, withSignatures} from "./transaction.ts";

let net: Fixture;
beforeAll(async () => {
  net = await Fixture.start();
});
afterAll(() => net.stop());

const sdk = (place: number) => sdkOf(net.url, net.member(place));
const signs = (place: number, built: BuiltPayment) => signGroupPayment(net.url, net.member(place), net.group, built);
const stateOf = async (hash: string) => (await groupOutputs(net.url, net.member(1), net.group)).find((o) => o.transaction_hash === hash);

describe("paying out", () => {
  test("three members sign, each its own; the third sends, the change is the group's", async () => {
    const inputs = [await net.funded("1"), await net.funded("0.5")];
    const before = await balanceOf(net.url, net.payer, net.asset);
    const built = await net.payout("", "1.2", {inputs});
    expect(await requestGroupPayment(net.url, net.member(3), built)).toMatchObject({
      signers: [],
      state: "initial",
      views: [/./, /./].map(() => expect.stringMatching(/^[0-9a-f]{64}$/)),
    });
    expect(await signs(0, built)).toMatchObject({state: "signed", signers: [net.member(0).app_id], views: []});
    const locked = await stateOf(inputs[0]?.transaction_hash ?? "");
    expect(locked).toMatchObject({state: "signed", signed_by: decodeTransaction(built.raw).hash, signers: [net.member(0).app_id]});
    expect((await signs(2, built)).signers).toEqual([net.member(0).app_id, net.member(2).app_id]);
    const last = await signs(3, built);
    expect(last).toMatchObject({state: "spent", views: [], signers: [0, 2, 3].map((place) => net.member(place).app_id)});
    const sent = decodeTransaction(last.raw_transaction);
    expect(sent.hash).toBe(last.transaction_hash);
    expect(sent.signatures.map((map) => [...map.keys()])).toEqual([
      [0, 2, 3],
      [0, 2, 3],
    ]);
    for (const id of [built.requestId, last.transaction_hash])
      expect(await sdk(1).utxo.fetchTransaction(id)).toMatchObject({
        type: "kernel_transaction_request",
        state: "spent",
        snapshot_hash: last.transaction_hash,
      });
    expect((await balanceOf(net.url, net.payer, net.asset)) - before).toBe(120_000_000n);
    for (const input of inputs)
      expect(await stateOf(input.transaction_hash)).toMatchObject({state: "spent", signed_by: last.transaction_hash});
    expect(await stateOf(last.transaction_hash)).toMatchObject({
      amount: "0.3",
      output_index: 1,
      state: "unspent",
      senders: idsOf(net.group),
      senders_threshold: 3,
      request_id: built.requestId,
      extra: Buffer.from("back").toString("hex"),
    });
  });

  test("a repeated signature changes nothing, a late one is refused", async () => {
    const built = await net.payout("1", "1");
    await signs(0, built);
    const raw = (place: number) => signedByMember(net.url, net.member(place), net.group, built);
    const [second, third, fourth] = [await raw(1), await raw(2), await raw(3)];
    const sign = (place: number, of: string) => sdk(place).multisig.signSafeMultisigs(built.requestId, of);
    expect((await sign(1, second)).signers).toHaveLength(2);
    expect((await sign(1, second)).signers).toHaveLength(2);
    expect(await sign(2, third)).toMatchObject({state: "spent"});
    expect(await sign(2, third)).toMatchObject({state: "spent"});
    await expect(sign(3, fourth)).rejects.toMatchObject({code: 10_105});
    await expect(sdk(3).multisig.unlockSafeMultisigs(built.requestId)).rejects.toMatchObject({code: 10_105});
  });

  test("one call may bring the signatures of several, the caller's among them", async () => {
    const built = await net.payout("1", "0.9");
    const [a, b, c] = await Promise.all([0, 1, 3].map((place) => signedByMember(net.url, net.member(place), net.group, built)));
    const all = mergeSignatures(a as string, b as string, c as string);
    await expect(sdk(2).multisig.signSafeMultisigs(built.requestId, all)).rejects.toMatchObject({code: 2_000_003});
    await sdk(0).multisig.signSafeMultisigs(built.requestId, a as string);
    expect(await sdk(0).multisig.signSafeMultisigs(built.requestId, all)).toMatchObject({state: "spent"});
  });

  test("where that is switched off each must call itself", async () => {
    const strict = await Fixture.start({multiSign: false});
    try {
      const built = await strict.payout("1", "0.9");
      const [a, b, c] = (await Promise.all(
        [0, 1, 3].map((place) => signedByMember(strict.url, strict.member(place), strict.group, built)),
      )) as [string, string, string];
      const sign = (place: number, raw: string) => sdkOf(strict.url, strict.member(place)).multisig.signSafeMultisigs(built.requestId, raw);
      await expect(sign(0, mergeSignatures(a, b, c))).rejects.toMatchObject({code: 2_000_003});
      await sign(0, a);
      await sign(1, b);
      expect(await sign(3, c)).toMatchObject({state: "spent"});
    } finally {
      await strict.stop();
    }
  });

  test("a revoked request frees its inputs; its id is used up, its transaction is not", async () => {
    const input = await net.funded("1");
    const [built, rival] = [await net.payout("", "0.1", {inputs: [input]}), await net.payout("", "0.2", {inputs: [input]})];
    await requestGroupPayment(net.url, net.member(1), rival); // made before the lock: signing it comes too late
    await signs(0, built);
    await expect(signs(1, rival)).rejects.toMatchObject({code: 10_105});
    const third = await net.payout("", "0.3", {inputs: [input]});
    await expect(requestGroupPayment(net.url, net.member(1), third)).rejects.toMatchObject({code: 10_105});
    await expect(sdkOf(net.url, net.payer).multisig.unlockSafeMultisigs(built.requestId)).rejects.toMatchObject({code: 403});
    const revoked = await sdk(1).multisig.unlockSafeMultisigs(built.requestId);
    expect(revoked).toMatchObject({revoked_by: net.member(1).app_id, signers: [], views: []});
    expect(await stateOf(input.transaction_hash)).toMatchObject({state: "unspent", signed_by: "", signers: []});
    expect(await requestGroupPayment(net.url, net.member(0), built)).toMatchObject({revoked_by: net.member(1).app_id});
    await expect(sdk(0).multisig.signSafeMultisigs(built.requestId, built.raw)).rejects.toMatchObject({code: 10_105});
    const again = {...built, requestId: randomUUID()};
    for (const place of [0, 1, 2]) await signs(place, again);
    expect(await sdk(0).multisig.fetchSafeMultisigs(again.requestId)).toMatchObject({state: "spent"});
    await expect(signs(1, rival)).rejects.toMatchObject({code: 10_105});
  });

  test("to unlock a request that nobody has signed frees nothing that a rival has locked", async () => {
    const input = await net.funded("1");
    const [idle, active] = [await net.payout("", "0.1", {inputs: [input]}), await net.payout("", "0.2", {inputs: [input]})];
    await requestGroupPayment(net.url, net.member(1), idle);
    await signs(0, active);
    await sdk(1).multisig.unlockSafeMultisigs(idle.requestId);
    expect(await stateOf(input.transaction_hash)).toMatchObject({state: "signed", signed_by: decodeTransaction(active.raw).hash});
  });

  test("inputs of the same members with another threshold are another owner's", async () => {
    const three = await net.funded("1");
    const two = {members: idsOf(net.group), threshold: 2};
    const {hash} = await pay(net.url, net.payer, {...two, asset: net.asset, amount: "1", memo: ""});
    const found = await sdk(0).utxo.safeOutputs(two);
    const inputs = [three, ...found.filter((o) => o.transaction_hash === hash)];
    expect(inputs).toHaveLength(2);
    const built = await net.payout("", "2", {inputs});
    await expect(requestGroupPayment(net.url, net.member(0), built)).rejects.toMatchObject({code: 2_000_001});
  });

  test("outputs of one transaction to one group have times and sequences of their own, in their order", async () => {
    const built = await net.payout("3", "1", {receivers: idsOf(net.group), receiversThreshold: 3});
    for (const place of [0, 1, 2]) await signs(place, built);
    const made = (await groupOutputs(net.url, net.member(0), net.group)).filter((o) => o.request_id === built.requestId);
    expect(made.map((o) => [o.output_index, o.amount])).toEqual([
      [0, "1"],
      [1, "2"],
    ]);
    const [first, second] = made.map((o) => o.created_at) as [string, string];
    expect(first < second).toBe(true);
  });

  test("a request is the same by its id and by its transaction; other data under its id is refused", async () => {
    const input = await net.funded("1");
    const built = await net.payout("", "0.1", {inputs: [input]});
    const made = await requestGroupPayment(net.url, net.member(0), built);
    expect(await requestGroupPayment(net.url, net.member(0), {...built, requestId: randomUUID()})).toEqual(made);
    expect(await sdk(0).multisig.fetchSafeMultisigs(made.transaction_hash)).toEqual(made);
    const other = await net.payout("", "0.2", {inputs: [input], requestId: built.requestId});
    await expect(requestGroupPayment(net.url, net.member(0), other)).rejects.toMatchObject({code: 20_125});
    await expect(requestGroupPayment(net.url, net.payer, built)).rejects.toMatchObject({code: 403});
    await expect(sdkOf(net.url, net.payer).multisig.fetchSafeMultisigs(built.requestId)).rejects.toMatchObject({code: 403});
    await expect(sdk(0).utxo.sendTransactions([{request_id: built.requestId, raw: built.raw}])).rejects.toMatchObject({code: 10_002});
    await expect(sdk(0).utxo.verifyTransaction([{request_id: randomUUID(), raw: built.raw}])).rejects.toMatchObject({code: 20_125});
    await expect(sdk(0).utxo.verifyTransaction([{request_id: randomUUID(), raw: other.raw}])).rejects.toMatchObject({code: 10_002});
  });
});

describe("signatures", () => {
  let built: BuiltPayment;
  let own: string;
  beforeAll(async () => {
    built = await net.payout("", "1.5", {inputs: [await net.funded("1"), await net.funded("1")]});
    own = await signedByMember(net.url, net.member(1), net.group, built);
  });
  const sign = (raw: string) => sdk(1).multisig.signSafeMultisigs(built.requestId, raw);
  const maps = (change: (map: Map<number, string>, input: number) => Map<number, string>) => {
    const tx = decodeTransaction(own);
    const plain = tx.signatures.map((map) => new Map([...map].map(([place, s]) => [place, Buffer.from(s).toString("hex")])));
    return withSignatures(tx.payload, plain.map(change));
  };
  const flipped = (signature = "") => (signature.startsWith("0") ? "1" : "0") + signature.slice(1);

  test.for([
    {
      name: "of another key",
      raw: async () =>
        signSafeTransaction(
          built.transaction,
          (await requestGroupPayment(net.url, net.member(1), built)).views,
          net.payer.spend_private_key,
          1,
        ),
      code: 2_000_003,
    },
    {
      name: "with another member's views",
      raw: async () =>
        signSafeTransaction(
          built.transaction,
          (await requestGroupPayment(net.url, net.member(2), built)).views,
          net.member(1).spend_private_key,
          1,
        ),
      code: 2_000_003,
    },
    {name: "at another place", raw: async () => maps((map) => new Map([[2, map.get(1) ?? ""]])), code: 2_000_003},
    {name: "at a place that is none", raw: async () => maps((map) => new Map([...map, [4, map.get(1) ?? ""]])), code: 2_000_003},
    {name: "with a flipped bit", raw: async () => maps((map) => new Map([[1, flipped(map.get(1))]])), code: 2_000_003},
    {name: "on one input only", raw: async () => maps((map, i) => (i === 0 ? map : new Map())), code: 2_000_003},
    {
      name: "of the other input",
      raw: async () => {
        const swapped = decodeTransaction(own).signatures.toReversed();
        const maps = swapped.map((map) => new Map([[1, Buffer.from(map.get(1) ?? []).toString("hex")]]));
        return withSignatures(built.raw, maps);
      },
      code: 2_000_003,
    },
    {
      name: "with another member's on one input only",
      raw: async () => maps((map, i) => (i === 0 ? map : new Map([...map, [2, map.get(1) ?? ""]]))),
      code: 2_000_003,
    },
    {name: "missing", raw: async () => built.raw, code: 2_000_003},
    {
      name: "of another transaction",
      raw: async () => signedByMember(net.url, net.member(1), net.group, await net.payout("1", "1")),
      code: 2_000_001,
    },
    {name: "in bytes that are none", raw: async () => own.slice(0, -2), code: 2_000_001},
  ])("$name: refused, and nothing is locked", async ({raw, code}) => {
    await expect(sign(await raw())).rejects.toMatchObject({code});
    expect(await sdk(1).multisig.fetchSafeMultisigs(built.requestId)).toMatchObject({state: "initial", signers: []});
  });

  test("the right one is taken", async () => {
    expect((await sign(own)).signers).toEqual([net.member(1).app_id]);
  });
});
