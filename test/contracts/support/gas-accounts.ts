import {ACCOUNTS, callList, startAccounts} from "./accounts.ts";
import type {Chain} from "./chain.ts";
import type {Gas} from "./gas.ts";
import {uuid} from "./group.ts";
import {deployStakes} from "./stake.ts";

const BATCH = 32;

/** Whole transactions, and messages of a batch of 32 with their share of its certificate; what is called does nothing. */
export async function measureAccounts(chain: Chain): Promise<Gas[]> {
  return [...(await ofStaking(chain)), ...(await ofAccounts(chain))];
}

async function ofStaking(chain: Chain): Promise<Gas[]> {
  const stakes = await deployStakes(chain);
  for (const operator of chain.accounts.slice(0, 5)) await stakes.deposit(operator, 1);
  await stakes.contract.send("freeze", []);
  const checkpoint = await stakes.checkpoint({members: await stakes.members(0), participation: [1, 1, 1, 1, 1]});
  const exit = await stakes.contract.send("exit", [], {from: chain.accounts[4] ?? ""});
  return [
    {name: "checkpoint that brings a set of 5", gas: checkpoint.gasUsed, goal: null, original: null},
    {name: "exit", gas: exit.gasUsed, goal: null, original: null},
  ];
}

async function ofAccounts(chain: Chain): Promise<Gas[]> {
  const accounts = await startAccounts(chain);
  await accounts.pay(callList([], {keep: true}), {sender: uuid("first of all")}); // the token is in use
  const list = callList([{target: `0x${"77".repeat(20)}`, allowance: 400n, input: `0x${"ab".repeat(36)}`}]);
  const event = (user: string) => accounts.group.event(ACCOUNTS, {extra: list, amount: 1_000n, sender: uuid(user)});
  const batch = async () => {
    const events = Array.from({length: BATCH}, (_, i) => event(`user ${i}`));
    return Math.round((await accounts.group.deliver({events})).gasUsed / BATCH);
  };
  const alone = async () => (await accounts.group.deliver({events: [event("alone")]})).gasUsed;
  const [first, later] = [await batch(), await batch()];
  const token = await accounts.token();
  const holder = chain.accounts[4] ?? "";
  const input = token.abi.encodeFunctionData("transfer", [holder, 600n]);
  await accounts.pay(callList([{target: token.address, input}], {keep: true}));
  const withdraw = await token.send("withdraw", [uuid("user"), 100n, "0x"], {from: holder});
  const [firstAlone, laterAlone] = [await alone(), await alone()];
  return [
    {name: "first message of a user through MixinAccounts, batch of 32", gas: first, goal: 300_000, original: 930_000},
    {name: "later message through MixinAccounts, batch of 32", gas: later, goal: 120_000, original: 297_000},
    {name: "first message of a user through MixinAccounts, alone", gas: firstAlone, goal: null, original: 930_000},
    {name: "later message through MixinAccounts, alone", gas: laterAlone, goal: null, original: 297_000},
    {name: "withdraw a token to Mixin", gas: withdraw.gasUsed, goal: null, original: null},
  ];
}
