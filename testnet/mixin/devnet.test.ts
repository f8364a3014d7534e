import {randomUUID} from "node:crypto";
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {
  buildSafeTransaction,
  buildSafeTransactionRecipient,
  encodeSafeTransaction,
  hashMembers,
  signSafeTransaction,
} from "@mixin.dev/mixin-node-sdk";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {decimal, units} from "../../src/sdk/payment.ts";
import {balanceOf, createAsset, createDevnetUser, type DevnetUser, mint, pay, plantFault, sdkOf} from "./client.ts";
import {Devnet} from "./devnet.ts";
import {membersHash} from "./keys.ts";
import {DevnetServer} from "./server.ts";

const dir = mkdtempSync(join(tmpdir(), "devnet-"));
const file = join(dir, "journal");
let server = new DevnetServer(new Devnet({file, multiSign: true}));
let url = "";
let payer: DevnetUser;
let seats: DevnetUser[] = [];
let asset = "";
const group = () => ({members: seats.map((s) => s.app_id), threshold: 3});

beforeAll(async () => {
  url = await server.start(0);
  asset = await createAsset(url, {asset_id: "c94ac88f-4671-3976-b60a-09064f1811e8", symbol: "XIN", name: "Mixin"});
  payer = await createDevnetUser(url, "payer");
  seats = await Promise.all([0, 1, 2, 3].map((i) => createDevnetUser(url, `seat ${i}`)));
  seats.sort((a, b) => (a.app_id < b.app_id ? -1 : 1));
  await mint(url, {receivers: [payer.app_id], asset, amount: "10"});
});
afterAll(async () => {
  await server.stop();
  rmSync(dir, {recursive: true});
});

const groupOutputs = (seat: DevnetUser, state = "unspent") =>
  sdkOf(url, seat).utxo.safeOutputs({members: group().members, threshold: 3, state, limit: 500} as never);

/** A transaction from the group's newest output: `amount` to the payer, the rest back. */
async function payout(amount: string, requestId: string) {
  const input = (await groupOutputs(seats[0] as DevnetUser)).at(-1);
  if (input === undefined) throw new Error("the group has nothing");
  const change = units(input.amount) - units(amount);
  const recipients = [
    buildSafeTransactionRecipient([payer.app_id], 1, amount),
    buildSafeTransactionRecipient(group().members, 3, decimal(change)),
  ];
  const keys = recipients.map((r, index) => ({
    receivers: (r as {mixAddress: {uuidMembers: string[]}}).mixAddress.uuidMembers,
    index,
    hint: requestId,
  }));
  const data = {keys, senders: group().members};
  const ghosts = (await sdkOf(url, seats[0] as DevnetUser).request({method: "post", url: "/safe/keys", data})) as unknown as {
    mask: string;
    keys: string[];
  }[];
  const transaction = buildSafeTransaction([input], recipients, ghosts, Buffer.from("back"));
  return {transaction, raw: encodeSafeTransaction(transaction), requestId, change};
}

const signAs = async (seat: DevnetUser, tx: Awaited<ReturnType<typeof payout>>) => {
  const sdk = sdkOf(url, seat);
  const [made] = await sdk.multisig.createSafeMultisigs([{request_id: tx.requestId, raw: tx.raw}]);
  const signed = signSafeTransaction(tx.transaction, made?.views ?? [], seat.spend_private_key, seats.indexOf(seat));
  return sdk.multisig.signSafeMultisigs(tx.requestId, signed);
};

describe("with the unmodified SDK", () => {
  test("a registered user has Safe", async () => {
    expect(await sdkOf(url, payer).safe.checkRegisteration()).toMatchObject({user_id: payer.app_id, has_safe: true});
  });

  test("a payment to a group of four is seen by each member, with its memo and its payer", async () => {
    const {requestId, hash} = await pay(url, payer, {...group(), asset, amount: "1.5", memo: "hello"});
    for (const seat of seats) {
      const [output, ...more] = await groupOutputs(seat);
      expect(more).toEqual([]);
      expect(output).toMatchObject({
        amount: "1.5",
        request_id: requestId,
        transaction_hash: hash,
        senders: [payer.app_id],
        extra: Buffer.from("hello").toString("hex"),
        receivers_hash: hashMembers(group().members),
      });
    }
    expect(await balanceOf(url, payer, asset)).toBe(850_000_000n);
  });

  test("three members pay out, each with its own signature; the third sends, and the change is the group's", async () => {
    const tx = await payout("0.4", randomUUID());
    expect(await signAs(seats[0] as DevnetUser, tx)).toMatchObject({state: "signed"});
    expect((await signAs(seats[2] as DevnetUser, tx)).signers).toHaveLength(2);
    const last = await signAs(seats[3] as DevnetUser, tx);
    expect(last).toMatchObject({state: "spent", views: []});
    expect(await sdkOf(url, seats[1] as DevnetUser).utxo.fetchTransaction(tx.requestId)).toMatchObject({
      state: "spent",
      transaction_hash: last.transaction_hash,
    });
    expect(await balanceOf(url, payer, asset)).toBe(890_000_000n);
    expect(await groupOutputs(seats[1] as DevnetUser)).toMatchObject([
      {amount: decimal(tx.change), output_index: 1, senders_threshold: 3, request_id: tx.requestId},
    ]);
  });

  test("a revoked request frees its inputs, and its id is used up", async () => {
    const tx = await payout("0.1", randomUUID());
    const other = await payout("0.2", randomUUID());
    await signAs(seats[0] as DevnetUser, tx);
    await expect(signAs(seats[1] as DevnetUser, other)).rejects.toMatchObject({code: 10_105});
    await sdkOf(url, seats[1] as DevnetUser).multisig.unlockSafeMultisigs(tx.requestId);
    expect((await signAs(seats[1] as DevnetUser, other)).signers).toHaveLength(1);
    const again = sdkOf(url, seats[0] as DevnetUser).multisig.signSafeMultisigs(tx.requestId, tx.raw);
    await expect(again).rejects.toMatchObject({code: 10_105});
    await sdkOf(url, seats[0] as DevnetUser).multisig.unlockSafeMultisigs(other.requestId);
  });

  test("a signature by the wrong key is refused, and so are other data under a used id", async () => {
    const tx = await payout("0.1", randomUUID());
    const thief = {...(seats[0] as DevnetUser), spend_private_key: payer.spend_private_key};
    await expect(
      (async () => {
        const sdk = sdkOf(url, seats[0] as DevnetUser);
        const [made] = await sdk.multisig.createSafeMultisigs([{request_id: tx.requestId, raw: tx.raw}]);
        return sdk.multisig.signSafeMultisigs(
          tx.requestId,
          signSafeTransaction(tx.transaction, made?.views ?? [], thief.spend_private_key, 0),
        );
      })(),
    ).rejects.toMatchObject({code: 2_000_003});
    const other = await payout("0.2", tx.requestId);
    await expect(
      sdkOf(url, seats[0] as DevnetUser).multisig.createSafeMultisigs([{request_id: tx.requestId, raw: other.raw}]),
    ).rejects.toMatchObject({code: 20_125});
  });

  test("a stranger sees nothing of the group, and spends nothing of it", async () => {
    expect(await groupOutputs(payer)).toEqual([]);
    const tx = await payout("0.1", randomUUID());
    await expect(sdkOf(url, payer).multisig.createSafeMultisigs([{request_id: tx.requestId, raw: tx.raw}])).rejects.toMatchObject({
      code: 403,
    });
  });

  test("the keys of a bare list are the caller's own, those with senders are the group's", async () => {
    const keys = [{receivers: [payer.app_id], index: 0, hint: randomUUID()}];
    const ask = (seat: DevnetUser, data: unknown) =>
      sdkOf(url, seat).request({method: "post", url: "/safe/keys", data} as never) as Promise<unknown>;
    const [a, b] = seats as [DevnetUser, DevnetUser];
    expect(await ask(a, keys)).not.toEqual(await ask(b, keys));
    expect(await ask(a, {keys, senders: group().members})).toEqual(await ask(b, {keys, senders: group().members}));
  });

  test("spending more than there is fails before anything is sent", async () => {
    await expect(pay(url, payer, {...group(), asset, amount: "100", memo: ""})).rejects.toThrow("insufficient");
  });
});

describe("tokens", () => {
  test.for([
    {name: "another session key", change: (u: DevnetUser) => ({...u, session_private_key: payer.spend_private_key})},
    {name: "an unknown user", change: (u: DevnetUser) => ({...u, app_id: randomUUID()})},
    {name: "another session", change: (u: DevnetUser) => ({...u, session_id: randomUUID()})},
  ])("$name is refused", async ({change}) => {
    await expect(sdkOf(url, change(payer)).safe.checkRegisteration()).rejects.toMatchObject({code: 401});
  });

  test("no token, and a token of another request, are refused with 202", async () => {
    const bare = await fetch(`${url}/safe/me`);
    expect(bare.status).toBe(202);
    expect(await bare.json()).toMatchObject({error: {code: 401}});
  });
});

test("faults can be planted", async () => {
  await plantFault(url, {path: "/safe/me", count: 1, code: 429});
  await expect(sdkOf(url, payer).safe.checkRegisteration()).rejects.toMatchObject({code: 429});
  expect(await sdkOf(url, payer).safe.checkRegisteration()).toMatchObject({user_id: payer.app_id});
});

test.for(["{", "[", "null", '"text"', "[1]", '{"request_id":1}'])("a body of %s is answered with an error", async (body) => {
  const response = await fetch(`${url}/admin/mint`, {method: "POST", body});
  expect(await response.json()).toMatchObject({error: {code: 10_002}});
});

test("a restart goes on where the journal ends", async () => {
  const before = await groupOutputs(seats[0] as DevnetUser);
  await server.stop();
  server = new DevnetServer(new Devnet({file, multiSign: true}));
  url = await server.start(0);
  expect(await groupOutputs(seats[0] as DevnetUser)).toEqual(before);
  expect(await balanceOf(url, payer, asset)).toBe(890_000_000n);
});

test("a set of members is named as Mixin names it", () => {
  const members = ["a15e0b6d-76ed-4443-b83f-ade9eca2681a", "b9126674-b07d-49b6-bf4f-48d965b2242b"];
  expect(membersHash(members)).toBe(hashMembers([...members]));
});
