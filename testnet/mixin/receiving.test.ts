import {randomUUID} from "node:crypto";
import {hashMembers} from "@mixin.dev/mixin-node-sdk";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {balanceOf, createAsset, createDevnetUser, mint, pay, sdkOf} from "./client.ts";
import {Fixture} from "./fixture.ts";
import {groupKeys, groupOutputs, idsOf, signGroupPayment} from "./group.ts";

let net: Fixture;
beforeAll(async () => {
  net = await Fixture.start();
});
afterAll(() => net.stop());

const sdk = (place: number) => sdkOf(net.url, net.member(place));

describe("receiving", () => {
  test("a registered user has Safe, and one that is not cannot be paid", async () => {
    expect(await sdkOf(net.url, net.payer).safe.checkRegisteration()).toMatchObject({user_id: net.payer.app_id, has_safe: true});
    const bare = await (await fetch(`${net.url}/admin/users`, {method: "POST", body: '{"full_name":"bare"}'})).json();
    const {app_id} = (bare as {data: {app_id: string}}).data;
    const to = {members: [app_id], threshold: 1, asset: net.asset, amount: "1", memo: ""};
    await expect(pay(net.url, net.payer, to)).rejects.toMatchObject({code: 10_404});
  });

  test("a payment to four with threshold 3 is seen alike by each member, with its memo and its payer", async () => {
    const memo = Uint8Array.from({length: 256}, (_, i) => i);
    const {requestId, hash} = await net.fund("1.5", memo);
    const seen = await Promise.all(net.group.members.map((member) => groupOutputs(net.url, member, net.group)));
    expect(seen[0]).toMatchObject([
      {
        type: "kernel_output",
        amount: "1.5",
        asset_id: net.asset,
        request_id: requestId,
        transaction_hash: hash,
        output_index: 0,
        senders: [net.payer.app_id],
        senders_threshold: 1,
        extra: Buffer.from(memo).toString("hex"),
        receivers: idsOf(net.group),
        receivers_hash: hashMembers(idsOf(net.group)),
        receivers_threshold: 3,
        state: "unspent",
        signed_by: "",
      },
    ]);
    for (const others of seen) expect(others).toEqual(seen[0]);
    const [output] = seen[0] ?? [];
    expect(await sdk(2).utxo.fetchSafeOutputs({user_id: net.member(2).app_id, ids: [output?.utxo_id ?? "", randomUUID()]})).toEqual([
      output,
    ]);
    expect(await sdk(2).request({method: "get", url: `/safe/outputs/${output?.utxo_id}`})).toEqual(output);
    expect(await balanceOf(net.url, net.payer, net.asset)).toBe(99_850_000_000n);
  });

  test("pages by sequence, inclusive, in both orders; times and sequences only grow", async () => {
    for (const amount of ["0.1", "0.2", "0.3"]) await net.fund(amount);
    const all = await groupOutputs(net.url, net.member(0), net.group);
    const sequences = all.map((o) => o.sequence);
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
    expect(all.map((o) => o.created_at)).toEqual([...new Set(all.map((o) => o.created_at))].sort());
    for (const {created_at} of all) expect(created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    const second = sequences[1] as number;
    const page = (query: object) => groupOutputs(net.url, net.member(0), net.group, query).then((os) => os.map((o) => o.sequence));
    expect(await page({offset: second, limit: 2})).toEqual(sequences.slice(1, 3));
    expect(await page({offset: second + 1, limit: 2})).toEqual(sequences.slice(2, 4));
    expect(await page({offset: second, order: "DESC"})).toEqual(sequences.slice(0, 2).reverse());
    expect(await page({order: "DESC", limit: 2})).toEqual(sequences.slice(-2).reverse());
    expect(await page({offset: 1e9})).toEqual([]);
    expect(await page({state: "spent"})).toEqual([]);
    const other = await createAsset(net.url, {symbol: "ABC", name: "Other"});
    expect(await page({asset: other})).toEqual([]);
    expect(await page({asset: all[0]?.kernel_asset_id})).toEqual(sequences);
  });

  test.for([
    {limit: "501"},
    {limit: "0"},
    {offset: "-1"},
    {offset: "1.5"},
    {threshold: "0"},
    {threshold: "65"},
    {state: "gone"},
    {order: "UP"},
    {asset: "none"},
  ])("a query of %j is refused", async (query) => {
    await expect(sdk(0).request({method: "get", url: "/safe/outputs", params: query})).rejects.toMatchObject({
      code: "asset" in query ? 404 : 10_002,
    });
  });

  test("a stranger sees nothing of the group", async () => {
    const [output] = await groupOutputs(net.url, net.member(0), net.group);
    const {utxo} = sdkOf(net.url, net.payer);
    expect(await utxo.safeOutputs({members: idsOf(net.group), threshold: 3})).toEqual([]);
    expect(await utxo.fetchSafeOutputs({user_id: net.payer.app_id, ids: [output?.utxo_id ?? ""]})).toEqual([]);
  });
});

describe("keys of outputs", () => {
  test("a bare list gives each caller its own, with senders all get the same; asked again they are the same", async () => {
    const keys = [{receivers: [net.payer.app_id], index: 0, hint: randomUUID()}];
    const bare = (place: number) => sdk(place).request({method: "post", url: "/safe/keys", data: keys});
    const shared = (place: number) => groupKeys(net.url, net.member(place), idsOf(net.group), keys);
    expect(await bare(0)).not.toEqual(await bare(1));
    expect(await bare(0)).toEqual(await bare(0));
    expect(await shared(0)).toEqual(await shared(1));
    expect(await shared(0)).not.toEqual(await bare(0));
    expect(await groupKeys(net.url, net.member(2), idsOf(net.group).reverse(), keys)).toEqual(await shared(0));
    await expect(groupKeys(net.url, net.payer, idsOf(net.group), keys)).rejects.toMatchObject({code: 403});
  });

  test.for([{receivers: []}, {receivers: ["nobody"]}, {index: 256}, {index: -1}, {hint: "x"}, {hint: undefined}])(
    "a request with %j is refused",
    async (change) => {
      const key = {receivers: [net.payer.app_id], index: 0, hint: randomUUID(), ...change};
      const data = [JSON.parse(JSON.stringify(key)) as object]; // the SDK signs other bytes than it sends where a field is undefined
      await expect(sdk(0).request({method: "post", url: "/safe/keys", data})).rejects.toMatchObject({code: 10_002});
    },
  );
});

describe("other members and assets", () => {
  test("a group of one, and a group whose any member pays", async () => {
    const [a, b, c] = await Promise.all(["a", "b", "c"].map((name) => createDevnetUser(net.url, name)));
    if (a === undefined || b === undefined || c === undefined) throw new Error("no users");
    await pay(net.url, net.payer, {members: [a.app_id], threshold: 1, asset: net.asset, amount: "2", memo: ""});
    await pay(net.url, a, {members: [b.app_id], threshold: 1, asset: net.asset, amount: "0.00000001", memo: ""});
    expect([await balanceOf(net.url, a, net.asset), await balanceOf(net.url, b, net.asset)]).toEqual([199_999_999n, 1n]);
    const history = (await sdkOf(net.url, a).safe.fetchSafeSnapshots({})) as {amount: string; opponent_id: string; snapshot_id: string}[];
    expect(history).toMatchObject([
      {amount: "-0.00000001", opponent_id: b.app_id},
      {amount: "2", opponent_id: net.payer.app_id},
    ]);
    expect(await sdkOf(net.url, a).safe.fetchSafeSnapshot(history[1]?.snapshot_id ?? "")).toEqual(history[1]);
    expect(await sdkOf(net.url, c).safe.fetchSafeSnapshots({})).toEqual([]);
  });

  test("assets are known by both ids, users by theirs; what is unknown is left out of lists", async () => {
    const {safe, user} = sdkOf(net.url, net.payer);
    const asset = await safe.fetchAsset(net.asset);
    expect(asset).toMatchObject({asset_id: net.asset, symbol: "XIN", name: "Mixin"});
    expect(await safe.fetchAsset(asset.kernel_asset_id)).toEqual(asset);
    expect(await safe.fetchAssets([randomUUID(), net.asset])).toEqual([asset]);
    await expect(safe.fetchAsset(randomUUID())).rejects.toMatchObject({code: 404});
    expect(await user.fetchList([net.member(0).app_id, randomUUID()])).toMatchObject([{user_id: net.member(0).app_id, has_safe: true}]);
    expect(await user.profile()).toMatchObject({user_id: net.payer.app_id, full_name: "payer"});
  });

  test("a group of 64 with threshold 43 receives and pays", {timeout: 60_000}, async () => {
    const large = await Fixture.start({members: 64, threshold: 43});
    try {
      const built = await large.payout("3", "1");
      for (let place = 0; place < 43; place++) await signGroupPayment(large.url, large.member(place), large.group, built);
      expect(await sdkOf(large.url, large.member(63)).multisig.fetchSafeMultisigs(built.requestId)).toMatchObject({state: "spent"});
      expect((await groupOutputs(large.url, large.member(63), large.group, {state: "unspent"})).map((o) => o.amount)).toEqual(["2"]);
    } finally {
      await large.stop();
    }
  });

  test("money from nowhere has no sender, and can go to a group", async () => {
    await mint(net.url, {receivers: idsOf(net.group), threshold: 3, asset: net.asset, amount: "7", extra: "ff"});
    const [output] = await groupOutputs(net.url, net.member(0), net.group, {order: "DESC", limit: 1});
    expect(output).toMatchObject({amount: "7", senders: [], senders_hash: "", request_id: "", extra: "ff"});
  });
});
