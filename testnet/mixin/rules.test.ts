import {randomUUID} from "node:crypto";
import {
  buildSafeTransaction,
  buildSafeTransactionRecipient,
  encodeSafeTransaction,
  type SafeTransaction,
  type SafeUtxoOutput,
  signSafeTransaction,
} from "@mixin.dev/mixin-node-sdk";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {createAsset, type DevnetUser, mint, pay, sdkOf, unspentOutputs} from "./client.ts";
import {Fixture} from "./fixture.ts";

/** What the ledger refuses of a single payer. All amounts are in XIN. */

let net: Fixture;
let inputs: readonly SafeUtxoOutput[];
let of: {payer: DevnetUser; friend: DevnetUser; asset: string; other: string};
beforeAll(async () => {
  net = await Fixture.start();
  const [payer, friend] = [net.member(0), net.member(1)];
  of = {payer, friend, asset: net.asset, other: await createAsset(net.url, {symbol: "ABC", name: "Other"})};
  for (const amount of ["1", "2"]) await mint(net.url, {receivers: [payer.app_id], asset: of.asset, amount});
  inputs = await unspentOutputs(net.url, payer, of.asset);
});
afterAll(() => net.stop());

/** A transaction of the payer to the friend; the keys are asked for under `trace`. */
async function build(utxos: readonly SafeUtxoOutput[], amounts: readonly string[], trace: string = randomUUID()): Promise<SafeTransaction> {
  const recipients = amounts.map((amount) => buildSafeTransactionRecipient([of.friend.app_id], 1, amount));
  const ghosts = await sdkOf(net.url, of.payer).utxo.ghostKey(recipients, trace, of.payer.spend_private_key);
  return buildSafeTransaction([...utxos], recipients, ghosts, Buffer.from(""));
}
const ask = async (tx: SafeTransaction, requestId: string = randomUUID(), user = of.payer) => {
  const [made] = await sdkOf(net.url, user).utxo.verifyTransaction([{raw: encodeSafeTransaction(tx), request_id: requestId}]);
  return made;
};
const send = async (tx: SafeTransaction, requestId: string, key = of.payer.spend_private_key) => {
  const views = (await ask(tx, requestId))?.views ?? [];
  const [sent] = await sdkOf(net.url, of.payer).utxo.sendTransactions([{raw: signSafeTransaction(tx, views, key), request_id: requestId}]);
  return sent;
};
const foreign = async (asset: string, to: DevnetUser) => {
  await mint(net.url, {receivers: [to.app_id], asset, amount: "3"});
  return (await unspentOutputs(net.url, to, asset)).slice(-1);
};

describe("a transaction", () => {
  const cases: readonly {readonly name: string; readonly make: () => Promise<SafeTransaction>; readonly code: number}[] = [
    {name: "that pays more than its inputs", make: () => build(inputs, ["3.00000001"]), code: 20_117},
    {name: "that pays less than its inputs", make: () => build(inputs, ["2.99999999"]), code: 2_000_001},
    {name: "with an output of 0", make: () => build(inputs, ["3", "0"]), code: 2_000_001},
    {name: "with one input twice", make: () => build([...inputs.slice(0, 1), ...inputs.slice(0, 1)], ["2"]), code: 2_000_001},
    {name: "with an input that is none", make: () => build([{...(inputs[0] as SafeUtxoOutput), output_index: 7}], ["1"]), code: 2_000_001},
    {name: "with an input of somebody else", make: async () => build(await foreign(of.asset, of.friend), ["3"]), code: 403},
    {
      name: "with inputs of two owners",
      make: async () => build([...inputs, ...(await foreign(of.asset, of.friend))], ["6"]),
      code: 2_000_001,
    },
    {
      name: "with inputs of two assets",
      make: async () =>
        build([...inputs, {...((await foreign(of.other, of.payer))[0] as SafeUtxoOutput), asset: inputs[0]?.asset ?? ""}], ["6"]),
      code: 2_000_001,
    },
    {name: "that names another asset", make: async () => ({...(await build(inputs, ["3"])), asset: "ab".repeat(32)}), code: 2_000_001},
    {
      name: "with a reference to nothing",
      make: async () => ({...(await build(inputs, ["3"])), references: ["ab".repeat(32)]}),
      code: 2_000_001,
    },
    {
      name: "with keys that nobody was given",
      make: async () => {
        const tx = await build(inputs, ["3"]);
        return {...tx, outputs: tx.outputs.map((output) => ({...output, keys: [inputs[0]?.keys[0] ?? ""]}))};
      },
      code: 2_000_001,
    },
    {
      name: "with keys of another place",
      make: async () => {
        const tx = await build(inputs, ["1", "2"]);
        return {...tx, outputs: tx.outputs.toReversed()};
      },
      code: 2_000_001,
    },
    {
      name: "with keys that were used before",
      make: async () => {
        const trace = randomUUID();
        const [input] = await foreign(of.asset, of.payer);
        await send(await build(input === undefined ? [] : [input], ["3"], trace), randomUUID());
        return build(inputs, ["3"], trace);
      },
      code: 2_000_001,
    },
  ];
  test.for(cases)("$name is refused with $code", async ({make, code}) => {
    await expect(ask(await make())).rejects.toMatchObject({code});
  });

  test("may refer to one that is there", async () => {
    const tx = {...(await build(inputs, ["3"])), references: [inputs[0]?.transaction_hash ?? ""]};
    expect(await ask(tx)).toMatchObject({state: "initial", views: [expect.any(String), expect.any(String)]});
  });

  test("of somebody else cannot be made, asked for under the same id, or sent; its views are its owner's", async () => {
    const id = randomUUID();
    const tx = await build(inputs, ["3"]);
    await expect(ask(tx, id, of.friend)).rejects.toMatchObject({code: 403});
    await ask(tx, id);
    await expect(ask(tx, id, of.friend)).rejects.toMatchObject({code: 403});
    const {utxo} = sdkOf(net.url, of.friend);
    expect(await utxo.fetchTransaction(id)).toMatchObject({state: "initial", views: []});
    await expect(utxo.sendTransactions([{raw: encodeSafeTransaction(tx), request_id: id}])).rejects.toMatchObject({code: 403});
    await expect(utxo.sendTransactions([{raw: encodeSafeTransaction(tx), request_id: randomUUID()}])).rejects.toMatchObject({code: 404});
  });
});

describe("sending", () => {
  test("wants the payer's signature; other data under the same trace is refused, before and after; the same is the same", async () => {
    const trace = randomUUID();
    const [spent] = await foreign(of.asset, of.payer);
    const tx = await build(spent === undefined ? [] : [spent], ["3"], trace);
    const other = await build(spent === undefined ? [] : [spent], ["1", "2"]);
    await expect(send(tx, trace, of.friend.spend_private_key)).rejects.toMatchObject({code: 2_000_003});
    await expect(ask(other, trace)).rejects.toMatchObject({code: 20_125});
    const views = (await ask(tx, trace))?.views ?? [];
    const signed = (of_: SafeTransaction) => signSafeTransaction(of_, views, of.payer.spend_private_key);
    const post = (raw: string, request_id: string) => sdkOf(net.url, of.payer).utxo.sendTransactions([{raw, request_id}]);
    await expect(post(signed(other), trace)).rejects.toMatchObject({code: 20_125});
    const [sent] = await post(signed(tx), trace);
    expect(sent).toMatchObject({state: "spent", request_id: trace, senders: [of.payer.app_id], snapshot_at: expect.any(String)});
    expect(await post(signed(tx), trace)).toEqual([sent]);
    expect(await ask(tx, trace)).toEqual(sent);
    await expect(ask(other, trace)).rejects.toMatchObject({code: 20_125});
    await expect(ask(other)).rejects.toMatchObject({code: 10_105});
  });

  test("of two transactions with the same one-time keys only the first is sent", async () => {
    const trace = randomUUID();
    const [a] = await foreign(of.asset, of.payer);
    const [b] = await foreign(of.asset, of.payer);
    if (a === undefined || b === undefined) throw new Error("no outputs");
    const [first, second] = [await build([a], ["3"], trace), await build([b], ["3"], trace)];
    const [one, two] = [randomUUID(), randomUUID()];
    await ask(first, one);
    const views = (await ask(second, two))?.views ?? [];
    expect(await send(first, one)).toMatchObject({state: "spent"});
    const raw = signSafeTransaction(second, views, of.payer.spend_private_key);
    await expect(sdkOf(net.url, of.payer).utxo.sendTransactions([{raw, request_id: two}])).rejects.toMatchObject({code: 2_000_001});
  });

  test("the same payment asked for again under its trace finds other inputs, and is refused", async () => {
    await foreign(of.asset, net.member(2));
    const requestId = randomUUID();
    const payment = {members: [of.friend.app_id], threshold: 1, asset: of.asset, amount: "1", memo: "", requestId};
    await pay(net.url, net.member(2), payment);
    await expect(pay(net.url, net.member(2), payment)).rejects.toMatchObject({code: 20_125});
  });

  test("amounts above 2^53 units are exact", async () => {
    const amount = "90071992547.40993001";
    await mint(net.url, {receivers: [net.member(3).app_id], asset: of.other, amount});
    const to = {members: [of.friend.app_id], threshold: 1, asset: of.other, amount: "90071992547.40992999", memo: ""};
    await pay(net.url, net.member(3), to);
    expect((await unspentOutputs(net.url, net.member(3), of.other)).map((o) => o.amount)).toEqual(["0.00000002"]);
    expect((await unspentOutputs(net.url, of.friend, of.other)).map((o) => o.amount)).toEqual(["90071992547.40992999"]);
  });
});
