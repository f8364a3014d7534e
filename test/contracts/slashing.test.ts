import {hexlify, id, Signature, Wallet} from "ethers";
import {afterAll, beforeAll, beforeEach, describe, expect, test} from "vitest";
import {type Chain, startChain} from "./support/chain.ts";
import {highS} from "./support/group.ts";
import {deployStakes, PREVOTE, type Proposal, pass, STAKE, type Stakes, TERMS, VOTE_TYPES, ZERO_ADDRESS} from "./support/stake.ts";

const PER_SEAT = STAKE / 20n; // 5 %

let chain: Chain;
let stakes: Stakes;
let operators: string[];
let reporter: string;
beforeAll(async () => {
  chain = await startChain(["--accounts", "10"]);
});
beforeEach(async () => {
  stakes = await deployStakes(chain);
  operators = [0, 1, 2, 3].map((i) => chain.accounts[i] ?? "");
  reporter = chain.accounts[9] ?? "";
});
afterAll(() => chain.stop());

const liar = () => operators[0] ?? "";
const liarKey = () => stakes.consensusOf(liar());
const refusal = async (fn: string, args: unknown[]) => (await stakes.contract.reverts(fn, args)).name;
function doubleProposal(key: Wallet, change: Partial<Proposal> = {}, other: Partial<Proposal> = {}): unknown[] {
  const first = {epoch: 0, height: 7, round: 0, polRound: -1, blockHash: id("one"), ...change};
  const second = {...first, blockHash: id("two"), ...other};
  const sign = (p: Proposal) => key.signingKey.sign(stakes.proposalDigest(p)).serialized;
  return [first, sign(first), second, sign(second)];
}

describe("two votes for one place", () => {
  test("cost a share of the stake, pay the reporter, and end the validator", async () => {
    await stakes.network(operators, 2);
    const before = await stakes.balance(reporter);
    const burnt = await stakes.balance(ZERO_ADDRESS);
    const receipt = await stakes.contract.send("slash", stakes.doubleVote(liarKey()), {from: reporter});
    const [cut, fee] = [2n * PER_SEAT, (2n * PER_SEAT) / 20n];
    expect(receipt.logs.map((l) => l.name)).toEqual(["Exited", "Slashed"]);
    expect([...(receipt.logs[1]?.args ?? [])].map(String)).toEqual(
      [liar(), reporter, cut, fee].map((v) => expect.stringMatching(new RegExp(`^${v}$`, "i"))),
    );
    expect(await stakes.balance(reporter)).toBeGreaterThan(before + fee - STAKE / 1_000n);
    expect(await stakes.balance(ZERO_ADDRESS)).toBeGreaterThanOrEqual(burnt + cut - fee);
    expect(await stakes.validator(liar())).toEqual({seats: 0, held: 2, tombstoned: true, jailedUntil: 0});
    expect(await stakes.balance()).toBe(8n * STAKE - cut);
    expect(await refusal("slash", stakes.doubleVote(liarKey(), {height: 8}))).toBe("AlreadySlashed");
    expect((await stakes.contract.reverts("addSeats", [1, [id("x").slice(0, 34)]], {from: liar(), value: STAKE})).name).toBe("Gone");
    await stakes.checkpoint({released: [{operator: liar(), entries: 1}]});
    await pass(chain, TERMS.unbonding + 1);
    await stakes.contract.send("withdraw", [], {from: liar()});
    expect(await stakes.balance()).toBe(6n * STAKE); // every wei of the others, and none of the liar's
  });

  test.for([
    {name: "prevotes", change: {voteType: PREVOTE}},
    {name: "a vote and a nil vote", change: {blockHash: `0x${"00".repeat(32)}`}},
    {name: "votes far away", change: {epoch: 2 ** 40, height: 2 ** 40, round: 2 ** 32 - 1}},
  ])("$name are as bad", async ({change}) => {
    await stakes.network(operators);
    await stakes.contract.send("slash", stakes.doubleVote(liarKey(), change));
    expect((await stakes.validator(liar())).tombstoned).toBe(true);
  });

  test.for([
    {name: "the same vote twice", other: {blockHash: id("one")}, want: "NoContradiction"},
    {name: "other epochs", other: {epoch: 1}, want: "NoContradiction"},
    {name: "other heights", other: {height: 8}, want: "NoContradiction"},
    {name: "other rounds: an honest unlock", other: {round: 1}, want: "NoContradiction"},
    {name: "a prevote and a precommit", other: {voteType: PREVOTE}, want: "NoContradiction"},
  ])("$name: nothing", async ({other, want}) => {
    await stakes.network(operators);
    expect(await refusal("slash", stakes.doubleVote(liarKey(), {}, other))).toBe(want);
    expect(await refusal("slash", stakes.doubleVote(liarKey(), {voteType: 3}))).toBe("NoContradiction");
  });

  test("what the validator did not sign itself is nothing", async () => {
    await stakes.network(operators);
    const good = stakes.doubleVote(liarKey());
    const [first, firstSignature, second, secondSignature] = good as [object, string, object, string];
    const other = stakes.doubleVote(stakes.consensusOf(operators[1] ?? ""));
    expect(await refusal("slash", stakes.doubleVote(Wallet.createRandom() as unknown as Wallet))).toBe("UnknownSigner");
    expect(await refusal("slash", [first, firstSignature, second, other[3]])).toBe("BadSignature");
    expect(await refusal("slash", [first, secondSignature, second, firstSignature])).toMatch(/BadSignature|UnknownSigner/);
    for (const bad of [
      "0x",
      `${firstSignature}00`,
      firstSignature.slice(0, -2),
      highS(Signature.from(firstSignature)),
      hexlify(new Uint8Array(65)),
    ])
      expect(await refusal("slash", [first, bad, second, secondSignature]), bad).toBe("BadSignature");
    const forged = {...first, blockHash: id("three")};
    expect(await refusal("slash", [forged, firstSignature, second, secondSignature])).toMatch(/BadSignature|UnknownSigner/);
    await stakes.contract.send("slash", good); // and as it is, it holds
  });

  test("signed for another network, contract or chain: nothing", async () => {
    await stakes.network(operators);
    const elsewhere = await deployStakes(chain);
    expect(await refusal("slash", elsewhere.doubleVote(liarKey()))).toMatch(/BadSignature|UnknownSigner/);
    const [vote, , other] = stakes.doubleVote(liarKey());
    for (const domain of [
      {...stakes.domain, chainId: 1},
      {...stakes.domain, salt: id("other")},
      {...stakes.domain, version: "2"},
    ]) {
      const sign = (value: unknown) => liarKey().signTypedData(domain, VOTE_TYPES, value as Record<string, unknown>);
      expect(await refusal("slash", [vote, await sign(vote), other, await sign(other)])).toMatch(/BadSignature|UnknownSigner/);
    }
  });

  test("reach stake that is unbonding, until it is withdrawn", async () => {
    await stakes.network(operators, 3);
    const users = [...(await stakes.contract.read("seatUsersOf", liar()))[0]] as string[];
    await stakes.contract.send("removeSeats", [[users[0]]], {from: liar()});
    await stakes.contract.send("exit", [], {from: liar()});
    await stakes.checkpoint({released: [{operator: liar(), entries: 2}]});
    const receipt = await stakes.contract.send("slash", stakes.doubleVote(liarKey()), {from: reporter});
    expect(receipt.logs.map((l) => [l.name, l.args[2]])).toEqual([["Slashed", 3n * PER_SEAT]]);
    await pass(chain, TERMS.unbonding + 1);
    expect((await stakes.contract.send("withdraw", [], {from: liar()})).logs[0]?.args[2]).toBe(3n * (STAKE - PER_SEAT));
    expect(await stakes.balance()).toBe(9n * STAKE);

    const honest = operators[1] ?? "";
    await stakes.contract.send("exit", [], {from: honest});
    await stakes.checkpoint({released: [{operator: honest, entries: 1}]});
    await pass(chain, TERMS.unbonding + 1);
    await stakes.contract.send("withdraw", [], {from: honest});
    expect(await refusal("slash", stakes.doubleVote(stakes.consensusOf(honest)))).toBe("NothingAtStake");
  });

  test("insurance gets the rest; one that fails stops nothing", async () => {
    const insurance = chain.accounts[8] ?? "";
    stakes = await deployStakes(chain, {insurance});
    await stakes.network(operators);
    const before = await stakes.balance(insurance);
    await stakes.contract.send("slash", stakes.doubleVote(liarKey()), {from: reporter});
    expect(await stakes.balance(insurance)).toBe(before + (PER_SEAT * 19n) / 20n);
    const broken = await chain.deploy("NoopReceiver", []); // takes no money
    stakes = await deployStakes(chain, {insurance: broken.address});
    await stakes.network(operators);
    await stakes.contract.send("slash", stakes.doubleVote(liarKey()), {from: reporter});
    expect(await stakes.balance()).toBe(4n * STAKE - PER_SEAT / 20n); // stays here, out of everybody's reach
  });
});

describe("two proposals for one place", () => {
  test("are slashed; a re-proposal of one block is not", async () => {
    await stakes.network(operators);
    expect(await refusal("slashProposals", doubleProposal(liarKey(), {}, {blockHash: id("one"), polRound: 0}))).toBe("NoContradiction");
    for (const other of [{epoch: 1}, {height: 8}, {round: 1}])
      expect(await refusal("slashProposals", doubleProposal(liarKey(), {}, other))).toBe("NoContradiction");
    const [first, firstSignature, second] = doubleProposal(liarKey());
    expect(
      await refusal("slashProposals", [first, firstSignature, second, doubleProposal(stakes.consensusOf(operators[1] ?? ""))[3]]),
    ).toBe("BadSignature");
    await stakes.contract.send("slashProposals", doubleProposal(liarKey(), {}, {polRound: 3}), {from: reporter});
    expect((await stakes.validator(liar())).tombstoned).toBe(true);
  });

  test("a proposal's signature is no vote's", async () => {
    await stakes.network(operators);
    const [, firstSignature, , secondSignature] = doubleProposal(liarKey());
    const [first, , second] = stakes.doubleVote(liarKey());
    expect(await refusal("slash", [first, firstSignature, second, secondSignature])).toMatch(/BadSignature|UnknownSigner/);
  });
});
