import {readFileSync} from "node:fs";
import {concat, dataLength, hexlify, id, randomBytes, Signature, TypedDataEncoder, Wallet} from "ethers";
import {afterAll, beforeAll, beforeEach, describe, expect, test} from "vitest";
import {accountAddress, assetAddress} from "../../src/types/account-address.ts";
import {ACCOUNTS, type Accounts, asUuid, callList, startAccounts} from "./support/accounts.ts";
import {type Chain, type Deployed, startChain} from "./support/chain.ts";
import {ALICE, BTC, uuid} from "./support/group.ts";

const BOB = uuid("bob");
const USD = uuid("usd");
const [GREEDY, REVERT, BURN_GAS, RETURN_BOMB, REENTER] = [1, 2, 3, 4, 5];

let chain: Chain;
let accounts: Accounts;
let shop: Deployed;
beforeAll(async () => {
  chain = await startChain();
});
beforeEach(async () => {
  accounts = await startAccounts(chain);
  shop = await chain.deploy("Shop", [accounts.hub.address, accounts.group.contract.address]);
});
afterAll(async () => {
  await chain.stop();
});

const text = (memo: string) =>
  Buffer.from(memo.slice(2), "hex")
    .toString("latin1")
    .replace(/[^A-Z].*/s, "");
const buy = async (amount: bigint, asset = BTC) => shop.abi.encodeFunctionData("buy", [(await accounts.token(asset)).address, amount]);
async function balanced(assets = [BTC]): Promise<void> {
  for (const asset of assets) {
    const {custody, supply} = await accounts.books(asset);
    expect(supply).toBe(custody);
  }
}

describe("a payment with calls", () => {
  test("goes through the account of its sender; what is left comes back", async () => {
    const account = await accounts.accountOf();
    const list = callList([{target: shop.address, allowance: 400n, input: await buy(400n)}]);
    const {hub, sent} = await accounts.pay(list);
    expect(hub["Ran"]).toEqual([0n, ALICE, account, 1n, "0x"]);
    expect(sent.map((s) => ({...s, memo: text(s.memo)}))).toEqual([{asset: BTC, amount: 600n, kind: 0n, memo: "LEFT"}]);
    expect((await shop.read("lastCaller"))[0]).toBe(account);
    expect([await accounts.balanceOf(shop.address), await accounts.balanceOf(account)]).toEqual([400n, 0n]);
    await balanced();
  });

  test("that is spent whole leaves nothing to pay back", async () => {
    const {hub, sent} = await accounts.pay(callList([{target: shop.address, allowance: 1_000n, input: await buy(1_000n)}]));
    expect([hub["Ran"]?.[4], hub["CallFailed"], sent]).toEqual(["0x", undefined, []]);
    expect([await accounts.balanceOf(shop.address), await accounts.balanceOf(await accounts.accountOf())]).toEqual([1_000n, 0n]);
    await balanced();
  });

  test("of nobody stays in the balance of the process, whatever it says", async () => {
    const {hub, sent} = await accounts.pay(callList([{target: shop.address, input: "0x"}]), {sender: `0x${"00".repeat(16)}`, amount: 70n});
    expect(hub["Unowned"]?.slice(1)).toEqual([BTC, 70n]);
    expect([hub["Ran"], sent]).toEqual([undefined, []]);
  });

  test("finds its account and its token where they were said to be", async () => {
    const hub = accounts.hub.address.toLowerCase() as `0x${string}`;
    expect(accountAddress(hub, asUuid(ALICE))).toBe((await accounts.accountOf()).toLowerCase());
    expect(assetAddress(hub, asUuid(BTC))).toBe((await accounts.token()).address.toLowerCase());
    const {hub: logs} = await accounts.pay(callList([], {keep: true}));
    expect(String(logs["Ran"]?.[2]).toLowerCase()).toBe(accountAddress(hub, asUuid(ALICE)));
    expect(await accounts.balanceOf(accountAddress(hub, asUuid(ALICE)))).toBe(1_000n);
    await accounts.hub.send("createAsset", [USD]); // anyone may, and again
    await accounts.hub.send("createAsset", [USD]);
    expect(await chain.rpc("eth_getCode", assetAddress(hub, asUuid(USD)), "latest")).not.toBe("0x");
  });

  test("may spend exactly what it allows, and only while the call runs", async () => {
    await shop.send("setMode", [GREEDY]);
    const account = await accounts.accountOf();
    const list = callList([{target: shop.address, allowance: 400n, input: await buy(400n)}], {keep: true});
    await accounts.pay(list);
    expect([await accounts.balanceOf(shop.address), (await shop.read("successes"))[0]]).toEqual([400n, 0n]);
    const token = await accounts.token();
    expect((await token.read("allowance", account, shop.address))[0]).toBe(0n);
    expect((await shop.attempt("rob", [token.address, account])).status).toBe(false);
    const unspent = callList([{target: shop.address, allowance: 300n, input: shop.abi.encodeFunctionData("lastCaller", [])}], {keep: true});
    await accounts.pay(unspent);
    const rob = shop.abi.encodeFunctionData("rob", [token.address, account]);
    const {hub} = await accounts.pay(
      callList(
        [
          {target: shop.address, allowance: 300n, input: "0x"},
          {target: shop.address, input: rob},
        ],
        {keep: true},
      ),
    );
    expect(hub["CallFailed"]?.[1]).toBe(1n); // the allowance of the first is not there for the second
    await balanced();
  });

  test("keeps what it is told to keep, and takes other assets out", async () => {
    await accounts.pay(callList([], {keep: true}));
    await accounts.pay(callList([], {keep: true}), {asset: USD, amount: 70n, sender: BOB});
    const usd = await accounts.token(USD);
    const bob = await accounts.accountOf(BOB);
    const fill = usd.abi.encodeFunctionData("transfer", [shop.address, 70n]);
    const free = await accounts.pay(callList([{target: usd.address, input: fill}], {keep: true}), {sender: BOB, amount: 0n});
    expect(free.sent).toEqual([]);
    const swap = shop.abi.encodeFunctionData("swap", [usd.address, (await accounts.token()).address, 70n]);
    const list = callList([{target: shop.address, allowance: "everything", input: swap}], {assets: [asUuid(USD), asUuid(uuid("unknown"))]});
    const {sent} = await accounts.pay(list, {amount: 5n});
    expect(sent.map(({asset, amount}) => [asset, amount])).toEqual([
      [BTC, 935n], // 1000 kept before, 5 now, 70 spent
      [USD, 70n],
    ]);
    expect(await accounts.balanceOf(bob, USD)).toBe(0n);
    await balanced([BTC, USD]);
  });
});

describe("a call that fails", () => {
  test.for([
    {name: "reverts", mode: REVERT},
    {name: "burns its gas", mode: BURN_GAS},
    {name: "returns a bomb", mode: RETURN_BOMB},
  ])("and $name is undone alone; the next one runs", async ({mode}) => {
    const good = await chain.deploy("Shop", [accounts.hub.address, accounts.group.contract.address]);
    await shop.send("setMode", [mode]);
    const input = await buy(400n);
    const list = callList([
      {target: shop.address, allowance: 400n, input},
      {target: good.address, allowance: 100n, input: await buy(100n)},
    ]);
    const {hub, sent} = await accounts.pay(list);
    // what one call burns is not there for the next: then none runs, and all comes back
    const spent = mode === BURN_GAS ? 0n : 100n;
    expect(hub["CallFailed"]?.slice(0, 2)).toEqual([0n, mode === BURN_GAS ? 1n : 0n]);
    expect(dataLength(String(hub["CallFailed"]?.[3]))).toBeLessThanOrEqual(132);
    expect(await accounts.balanceOf(good.address)).toBe(spent);
    expect(sent.map((s) => s.amount)).toEqual([1_000n - spent]);
    expect(await accounts.balanceOf(shop.address)).toBe(0n);
    await balanced();
  });

  test.for([
    {name: "reverts", mode: REVERT},
    {name: "burns its gas", mode: BURN_GAS},
    {name: "returns a bomb", mode: RETURN_BOMB},
  ])("and $name undoes an all-or-nothing list; the payment goes back", async ({mode}) => {
    const good = await chain.deploy("Shop", [accounts.hub.address, accounts.group.contract.address]);
    await shop.send("setMode", [mode]);
    const list = callList(
      [
        {target: good.address, allowance: 100n, input: await buy(100n)},
        {target: shop.address, allowance: 400n, input: await buy(400n)},
      ],
      {atomic: true, keep: true},
    );
    const {hub, sent} = await accounts.pay(list);
    expect(String(hub["Ran"]?.[4]).length).toBeGreaterThan(2);
    expect(sent.map((s) => [s.amount, text(s.memo)])).toEqual([[1_000n, "REFUND"]]);
    expect(await accounts.balanceOf(good.address)).toBe(0n);
    await balanced();
  });

  test("an all-or-nothing list that fails leaves what the account had before", async () => {
    await accounts.pay(callList([], {keep: true}));
    const list = callList([{target: shop.address, allowance: 5_000n, input: await buy(5_000n)}], {atomic: true});
    const {sent} = await accounts.pay(list, {amount: 30n});
    expect(sent.map((s) => s.amount)).toEqual([30n]);
    expect(await accounts.balanceOf(await accounts.accountOf())).toBe(1_000n);
    await balanced();
  });

  test("to nobody, or to an address without code, costs nothing", async () => {
    const list = callList([
      {target: `0x${"00".repeat(20)}`, allowance: 1n},
      {target: `0x${"77".repeat(20)}`, allowance: 1_000n, input: "0x12345678"},
    ]);
    const {hub, sent} = await accounts.pay(list);
    expect(hub["CallFailed"]?.[1]).toBe(0n);
    expect(sent[0]?.amount).toBe(1_000n);
    await balanced();
  });
});

describe("an attack", () => {
  test("by re-entering anything that is open gets nothing", async () => {
    await shop.send("setMode", [REENTER]);
    const {hub, sent} = await accounts.pay(callList([{target: shop.address, allowance: 10n, input: await buy(10n)}]));
    expect(hub["CallFailed"]).toBeUndefined();
    expect((await shop.read("successes"))[0]).toBe(0n);
    expect(sent[0]?.amount).toBe(990n);
    await balanced();
  });

  test("by strangers on what is the hub's alone is refused", async () => {
    await accounts.pay(callList([], {keep: true}));
    const token = await accounts.token();
    const account = chain.at("MixinAccount", await accounts.accountOf());
    const message = [0, 0, BTC, 5, "0x", 0, ALICE];
    const names = [
      (await token.reverts("mint", [shop.address, 1])).name,
      (await token.reverts("burn", [account.address, 1])).name,
      (await token.reverts("burnAll", [account.address])).name,
      (await account.reverts("run", [token.address, [], false])).name,
      (await accounts.hub.reverts("onMixinMessage", [message])).name,
      (await accounts.hub.reverts("runMixinMessage", [message])).name,
      (await accounts.hub.reverts("payOut", [BTC, 1, [1, ALICE], "0x", shop.address])).name,
    ];
    expect(names).toEqual(["OnlyHub", "OnlyHub", "OnlyHub", "OnlyHub", "OnlyGroup", "OnlySelf", "OnlyAsset"]);
    const implementation = chain.at("MixinAsset", (await accounts.hub.read("assetImplementation"))[0]);
    expect((await implementation.reverts("mint", [shop.address, 1])).name).toBe("OnlyHub");
  });

  test("by one account on another's money fails: no list reaches it", async () => {
    await accounts.pay(callList([], {keep: true}));
    const token = await accounts.token();
    const victim = await accounts.accountOf();
    const calls = [
      token.abi.encodeFunctionData("transferFrom", [victim, shop.address, 1n]),
      token.abi.encodeFunctionData("burn", [victim, 1n]),
      token.abi.encodeFunctionData("mint", [shop.address, 1n]),
    ].map((input) => ({target: token.address, input}));
    const {hub} = await accounts.pay(callList([...calls, {target: victim, input: "0x12345678"}]), {sender: BOB});
    expect(hub["CallFailed"]?.[1]).toBe(3n); // the last of four
    expect(await accounts.balanceOf(victim)).toBe(1_000n);
    await balanced();
  });

  test("by bytes that are no list gives the payment back", async () => {
    for (const extra of ["0x", "0x01", "0x0000", "0x02", hexlify(randomBytes(40)).replace(/^0x../, "0x07")]) {
      const {hub, sent} = await accounts.pay(extra);
      expect(hub["NoCalls"], extra).toBeDefined();
      expect(sent.map((s) => s.amount)).toEqual([1_000n]);
    }
    await balanced();
  });
});

describe("a token", () => {
  test("is named as the validators decided, has 8 decimals, and permits", async () => {
    await accounts.pay(callList([], {keep: true}));
    const token = await accounts.token();
    expect([(await token.read("name"))[0], (await token.read("symbol"))[0], (await token.read("decimals"))[0]]).toEqual([
      "Mixin Asset",
      "MIXIN",
      8n,
    ]);
    expect((await token.read("mixinId"))[0]).toBe(BTC);
    const holder = new Wallet(id("holder"));
    const transfer = token.abi.encodeFunctionData("transfer", [holder.address, 9n]);
    await accounts.pay(callList([{target: token.address, input: transfer}], {keep: true}));
    const domain = {name: "Mixin Asset", version: "1", chainId: chain.chainId, verifyingContract: token.address};
    const types = {
      Permit: ["owner:address", "spender:address", "value:uint256", "nonce:uint256", "deadline:uint256"].map((f) => ({
        name: f.split(":")[0] ?? "",
        type: f.split(":")[1] ?? "",
      })),
    };
    const spender = chain.accounts[3] ?? "";
    const value = {owner: holder.address, spender, value: 5n, nonce: 0n, deadline: 10n ** 12n};
    expect((await token.read("DOMAIN_SEPARATOR"))[0]).toBe(TypedDataEncoder.hashDomain(domain));
    const {v, r, s} = Signature.from(await holder.signTypedData(domain, types, value));
    await token.send("permit", [holder.address, spender, 5n, value.deadline, v, r, s]);
    await token.send("transferFrom", [holder.address, spender, 5n], {from: spender});
    expect(await accounts.balanceOf(spender)).toBe(5n);
    expect((await token.reverts("permit", [holder.address, spender, 5n, value.deadline, v, r, s])).name).toBe("ERC2612InvalidSigner");
  });

  test("is paid out on Mixin in one step: to a user, a mask, a multisig", async () => {
    const account = await accounts.accountOf();
    await accounts.pay(callList([], {keep: true}));
    const token = await accounts.token();
    const holder = chain.accounts[4] ?? "";
    await accounts.pay(callList([{target: token.address, input: token.abi.encodeFunctionData("transfer", [holder, 600n])}], {keep: true}));
    const user = uuid("user");
    const outs = [
      await token.send("withdraw", [user, 100n, "0x6869"], {from: holder}),
      await token.send("withdrawToMask", [ALICE, 100n, "0x"], {from: holder}),
      await token.send("withdrawTo", [[2, concat(["0x0002", user, BOB, "0x0001"])], 100n, "0x"], {from: holder}),
    ];
    const abi = accounts.group.contract.abi;
    const sent = outs.flatMap(({raw}) => raw.flatMap((log) => abi.parseLog(log) ?? [])).filter((l) => l.name === "Outbound");
    expect(sent.map((l) => [l.args["receiverKind"], l.args["receiverData"], l.args["amount"]])).toEqual([
      [1n, user, 100n],
      [0n, ALICE, 100n],
      [2n, concat(["0x0002", user, BOB, "0x0001"]), 100n],
    ]);
    expect([await accounts.balanceOf(holder), await accounts.balanceOf(account)]).toEqual([300n, 1_400n]);
    expect((await token.reverts("withdraw", [user, 301n, "0x"], {from: holder})).name).toBe("ERC20InsufficientBalance");
    expect((await token.attempt("withdraw", [user, 0n, "0x"], {from: holder})).status).toBe(false);
    expect((await token.attempt("withdraw", [`0x${"00".repeat(16)}`, 1n, "0x"], {from: holder})).status).toBe(false);
    await balanced();
  });

  test("a payment that bounces gives its tokens to whoever asked for it, once", async () => {
    await accounts.pay(callList([], {keep: true}));
    const token = await accounts.token();
    const input = token.abi.encodeFunctionData("withdraw", [uuid("nobody"), 250n, "0x"]);
    await accounts.pay(callList([{target: token.address, input}], {keep: true}), {amount: 0n});
    const bounce = (outNonce: bigint) =>
      accounts.pay(concat([Buffer.from("BOUNCE"), `0x${outNonce.toString(16).padStart(16, "0")}`]), {
        sender: `0x${"00".repeat(16)}`,
        amount: 250n,
      });
    const {hub} = await bounce(0n);
    expect(hub["Bounced"]).toEqual([0n, await accounts.accountOf(), BTC, 250n]);
    expect(await accounts.balanceOf(await accounts.accountOf())).toBe(1_000n);
    await balanced();
    const left = await accounts.pay(callList([{target: shop.address, input: "0x"}]), {amount: 250n, asset: USD});
    expect(left.sent.map((s) => s.amount)).toEqual([250n]); // a fallback that is not there takes nothing
    expect((await bounce(1n)).hub["Bounced"]?.slice(0, 2)).toEqual([1n, await accounts.accountOf()]);
    const again = await bounce(0n);
    expect(again.hub["Unowned"]?.slice(1)).toEqual([BTC, 250n]);
    expect((await bounce(99n)).hub["Unowned"]).toBeDefined();
    expect(again.sent).toEqual([]);
  });
});

describe("the encoding of a call list", () => {
  interface Vectors {
    lists: {
      name: string;
      encoded: string;
      list: {atomic: boolean; keep: boolean; assets: string[]; calls: {target: string; allowance: string; input: string}[]};
    }[];
    refused: {name: string; encoded: string}[];
  }
  const {lists, refused} = JSON.parse(readFileSync("test/vectors/call-list.json", "utf8")) as Vectors;
  let harness: Deployed;
  beforeAll(async () => {
    harness = await chain.deploy("CallListHarness", []);
  });
  const EVERYTHING = (1n << 256n) - 1n;

  test.for(lists)("the vector $name", async ({encoded, list}) => {
    const [ok, parsed] = await harness.read("parse", encoded);
    expect(ok).toBe(true);
    expect([parsed.atomic, parsed.keep]).toEqual([list.atomic, list.keep]);
    expect([...parsed.assets].map(asUuid)).toEqual(list.assets);
    expect(
      [...parsed.calls].map((c) => ({
        target: c.target.toLowerCase(),
        allowance: c.allowance === EVERYTHING ? "everything" : `${c.allowance}`,
        input: c.input,
      })),
    ).toEqual(list.calls);
  });
  test.for(refused)("$name is none", async ({encoded}) => {
    expect((await harness.read("parse", encoded))[0]).toBe(false);
  });
});

test("gas: the first message of a user at most 300,000, later ones at most 120,000, of 32 in a batch", async () => {
  await accounts.pay(callList([], {keep: true}), {sender: BOB}); // the token is in use
  const list = callList([{target: `0x${"77".repeat(20)}`, allowance: 400n, input: `0x${"ab".repeat(36)}`}]);
  const batch = async (names: number) => {
    const events = Array.from({length: 32}, (_, i) =>
      accounts.group.event(ACCOUNTS, {extra: list, amount: 1_000n, sender: uuid(`user ${names + i}`)}),
    );
    const {gasUsed, raw} = await accounts.group.deliver({events});
    const ran = raw.filter((log) => log.topics[0] === accounts.hub.abi.getEvent("Ran")?.topicHash);
    expect(ran.length).toBe(32);
    return gasUsed / 32;
  };
  const [first, later] = [await batch(0), await batch(0)];
  expect(first).toBeLessThanOrEqual(300_000);
  expect(later).toBeLessThanOrEqual(120_000);
});
