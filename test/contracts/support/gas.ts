import {type Chain, type Deployed, GAS_MAX, type Receipt} from "./chain.ts";
import {proofOf} from "./events.ts";
import {measureAccounts} from "./gas-accounts.ts";
import {
  ALICE,
  activateArgs,
  activeGroup,
  BTC,
  certificateArgs,
  deployGroup,
  type Group,
  PARK,
  register,
  uuid,
  validatorKeys,
} from "./group.ts";
import {argsOf, deployStakes, STAKE} from "./stake.ts";

/** What a transaction, or one message of a batch, takes. */
export interface Gas {
  readonly name: string;
  readonly gas: number;
  /** At most. */
  readonly goal: number | null;
  /** What the Go and Solidity MVM of 2021-2024 took for the same. */
  readonly original: number | null;
}

const DEADLINE = 10n ** 11n;
/** 64 bytes, and an amount. */
const MESSAGE = {extra: `0x${"ab".repeat(64)}`, amount: 12_345_678n};

/** Whole transactions on `chain`, which must be fresh: then the figures are the same every time. */
export async function measureGas(chain: Chain): Promise<Gas[]> {
  const list: Gas[] = [];
  const add: Add = (name, gas, {goal, original} = {}) =>
    void list.push({name, gas: Math.round(gas), goal: goal ?? null, original: original ?? null});

  const group = await activeGroup(chain);
  add("verify one certificate", await verification(group), {goal: 190_000, original: 157_474});
  const process = uuid("process");
  const noop = await chain.deploy("NoopReceiver", []);
  add("an outbox that registers a process", (await group.deliver({system: [register(process, noop.address)]})).gasUsed);
  const batch = (size: number) => Array.from({length: size}, () => group.event(process, MESSAGE));
  await group.deliver({events: batch(12)}); // later ones no longer pay for the lane's own slots
  for (const size of [1, 10, 32, 100]) {
    const receipt = await group.deliver({events: batch(size)}, {gas: GAS_MAX});
    const goal = size === 32 ? {goal: 45_000} : {};
    add(`one message of 64 bytes, batch of ${size}`, receipt.gasUsed / size, {...goal, ...(size === 1 && {original: 260_000})});
  }
  await committed(chain, group, process, batch(32), add);
  const event = batch(1);
  const {block, deliveries} = group.block({events: event});
  const votes = [...certificateArgs(block, "0x").slice(0, 5), ...group.signed(group.voteDigest(block)), deliveries];
  add("one message by the votes of 4 validators", (await group.contract.send("deliverByVotes", votes)).gasUsed);
  await apps(chain, group, add);
  await administration(chain, group, add);

  const stakes = await deployStakes(chain);
  for (let i = 1; i < 5; i++) await stakes.deposit(chain.accounts[i] ?? "", 1);
  const [operator = "", reporter = ""] = chain.accounts;
  const deposit = await stakes.contract.send("deposit", argsOf(stakes.depositOf(operator, 1)), {from: operator, value: STAKE});
  add("deposit of a seat", deposit.gasUsed, {goal: 450_000});
  await stakes.contract.send("freeze", []);
  const slash = await stakes.contract.send("slash", stakes.doubleVote(stakes.consensusOf(operator)), {from: reporter});
  add("slash", slash.gasUsed, {goal: 120_000});
  return [...list, ...(await measureAccounts(chain))];
}

type Add = (name: string, gas: number, of?: {goal?: number; original?: number}) => void;

async function verification(group: Group): Promise<number> {
  const {block} = group.block({events: [group.event(uuid("p"), {nonce: 0n})]});
  const receipt = await group.contract.send("verify", certificateArgs({...block, height: 12_345_678n}, group.certify(block)));
  group.skip(-1n);
  return receipt.gasUsed;
}

async function committed(chain: Chain, group: Group, process: string, events: string[], add: Add): Promise<void> {
  const {block} = group.block({events});
  const receipt = await group.contract.send("commit", [...certificateArgs(block, group.certify(block)), [[]]]);
  let executed = 0;
  for (const [i, event] of events.entries())
    executed += (await group.contract.send("execute", [block.outboxes[0]?.seq, event, proofOf(events, i)])).gasUsed;
  add("the same, committed and executed with proof, batch of 32", (receipt.gasUsed + executed) / events.length);
  if ((await group.statesOf(process)).at(-1) !== "delivered") throw new Error(`not delivered on ${chain.chainId}`);
}

/** What an app's own doings take. */
async function apps(chain: Chain, group: Group, add: Add): Promise<void> {
  const process = uuid("unruly");
  const app = await chain.deploy("UnrulyReceiver", [group.contract.address]);
  await group.deliver({system: [register(process, app.address, PARK)]});
  await group.deliver({events: [group.event(process, MESSAGE), group.event(process, MESSAGE)]});
  const send = () => app.send("pay", [BTC, 5n, [0, ALICE], "0x"]);
  await send();
  add("send", (await send()).gasUsed);
  await app.send("setMode", [1]);
  const events = [0, 1, 2].map(() => group.event(process, MESSAGE));
  const parked = await group.deliver({events});
  add("a message that is parked, batch of 3", parked.gasUsed / 3);
  await chain.rpc("evm_increaseTime", 10);
  const back = (at: number): Promise<Receipt> => group.contract.send("giveBack", [process, BigInt(2 + at), events[at]]);
  await back(0);
  add("give back", (await back(1)).gasUsed);
  await app.send("setMode", [0]);
  add("retry", (await group.contract.send("retry", [process, 4n, events[2]])).gasUsed);
  await refund(chain, group, add);
}

async function refund(chain: Chain, group: Group, add: Add): Promise<void> {
  const process = uuid("failing");
  const app = await chain.deploy("FailingApp", [group.contract.address, process]);
  await group.deliver({system: [register(process, app.address)]});
  const batch = () => Array.from({length: 32}, () => group.event(process, MESSAGE));
  await group.deliver({events: batch()}, {gas: GAS_MAX});
  add("a message that MixinApp takes, batch of 32", (await group.deliver({events: batch()}, {gas: GAS_MAX})).gasUsed / 32);
  await app.send("set", [true, false, false]);
  add("a message that MixinApp refunds, batch of 32", (await group.deliver({events: batch()}, {gas: GAS_MAX})).gasUsed / 32);
}

async function administration(chain: Chain, group: Group, add: Add): Promise<void> {
  add("activate by 4 validators", (await (await deployGroup(chain)).activate()).gasUsed);
  const many = await deployGroup(chain, validatorKeys(Array(64).fill(1)));
  const signers = Array.from({length: 43}, (_, i) => i);
  const activation = activateArgs(many.activation(signers));
  add("activate by 43 of 64 validators", (await many.contract.send("activate", activation)).gasUsed);
  const pause = async (of: Group, who: readonly number[]) => {
    const digest = of.actionDigest("pause", await of.counter(), DEADLINE);
    return (await of.contract.send("pause", [...of.signed(digest, who), DEADLINE, "0x"])).gasUsed;
  };
  add("pause by 4 validators", await pause(group, [0, 1, 2]));
  add("pause by 43 of 64 validators", await pause(many, signers));
  add("pause by the group", await pauseByGroup(group.contract, group));
}

async function pauseByGroup(contract: Deployed, group: Group): Promise<number> {
  const signature = group.key.sign(group.actionDigest("pause", await group.counter(), DEADLINE));
  return (await contract.send("pause", [[], [], [], DEADLINE, signature])).gasUsed;
}
