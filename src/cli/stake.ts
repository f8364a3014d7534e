import {existsSync, readFileSync} from "node:fs";
import {join} from "node:path";
import {type Hex, toHex} from "../base/bytes.ts";
import {Account, type MinedCall} from "../chain/account.ts";
import {readChainId} from "../chain/chain-id.ts";
import {openProvider} from "../chain/provider.ts";
import {readStakingInfo, stakeDeposit} from "../chain/staking.ts";
import {addSeats, exit, removeSeats, type StakingCaller, slash, unjail, withdraw} from "../chain/staking-calls.ts";
import {readStake, type StakeStatus} from "../chain/staking-status.ts";
import {blsPublicKey} from "../crypto/bls.ts";
import {addressOf, sign} from "../crypto/secp256k1.ts";
import {DEPOSIT_EPOCH, encKeyProof} from "../dkg/enc-key.ts";
import {readConfig} from "../node/config.ts";
import {addSeatUsers, openKey, openKeyring, parseSeatUsers, readPassword} from "../node/keyring.ts";
import {systemClock} from "../node/system.ts";
import {peerIdOf} from "../p2p/keys.ts";
import type {Logger} from "../ports/system.ts";
import {consensusKeyDigest, domainSeparator} from "../types/digests.ts";
import {parseEvidenceFile} from "../types/evidence-file.ts";
import {decodeGenesis} from "../types/genesis.ts";
import {parseAddress, parseUuid} from "../types/ids.ts";
import {CommandError} from "./errors.ts";
import type {StakeHandlers, StakeOptions} from "./stake-program.ts";

const RPC_MS = 10_000;
const silent: Logger = {debug() {}, info() {}, warn() {}, error() {}, child: () => silent};

const print = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);

/** What `mvm stake …` does: each sends one call with the node's operator key, and says what became of it. */
export const stakeHandlers: StakeHandlers = {
  deposit: (options) => asOperator(options, deposit),
  add: (options) =>
    asOperator(options, async (of) => {
      const users = parseSeatUsers(readText(options.mixinUsers), options.mixinUsers);
      // the node has to know them before the network counts them
      await addSeatUsers(options.dir, readPassword(), users);
      report(
        "seats added",
        of,
        await addSeats(
          of,
          users.map((user) => user.app_id),
        ),
        {seats: users.length},
      );
    }),
  remove: (options) =>
    asOperator(options, async (of) => {
      const users = options.user.map((user) => parseUuid(user, "--user"));
      report("seats removed", of, await removeSeats(of, users), {seats: users.length, ...(await waitOf(of))});
    }),
  exit: (options) => asOperator(options, async (of) => report("exited", of, await exit(of), await waitOf(of))),
  withdraw: (options) =>
    asOperator(options, async (of) => {
      const before = await readStake(of.provider, of.staking, of.account.address);
      const mined = await withdraw(of);
      const after = await readStake(of.provider, of.staking, of.account.address);
      report("withdrawn", of, mined, {seats: before.held - after.held});
    }),
  unjail: (options) => asOperator(options, async (of) => report("unjailed", of, await unjail(of))),
  slash: (options) =>
    asOperator(options, async (of) => {
      for (const evidence of parseEvidenceFile(readText(options.evidence))) {
        const {epoch, height, round, type} = evidence;
        report("slashed", of, await slash(of, evidence), {epoch, height, round, type});
      }
    }),
  status: (options) =>
    withProvider(options, async ({provider, staking}) => {
      const operator = options.operator ?? addressOf(await openKey(options.dir, "operator", readPassword()));
      const status = await readStake(provider, staking, parseAddress(operator, "--operator"));
      if (options.json) print({...status, seatStake: `${status.seatStake}`});
      else for (const line of describeStake(status, Date.now() / 1_000)) process.stdout.write(`${line}\n`);
    }),
};

/** A stake in words, with what every wait waits for and until when. `now`: seconds since 1970. */
export function describeStake(status: StakeStatus, now: number): string[] {
  const {operator, state, seats, held, seatStake, epoch, seatsInEpoch, jailedUntil, mixinUsers, unbonding} = status;
  const when = (second: number) => `${new Date(second * 1_000).toISOString()}${second <= now ? " (now)" : ""}`;
  const inSet = epoch === null ? "no set is frozen yet" : `${seatsInEpoch} in the set of epoch ${epoch}`;
  return [
    `operator   ${operator}: ${state}`,
    `seats      ${seats} staked, ${inSet}`,
    `stake      ${held} × ${seatStake} wei`,
    ...(jailedUntil === null ? [] : [`jailed     may come back from ${when(jailedUntil)} on: mvm stake unjail`]),
    ...mixinUsers.map((user) => `seat user  ${user}`),
    ...unbonding.map((entry) => {
      const waits =
        entry.releasedAt === null ? "waits for the network to release it, or, if no checkpoint comes, for" : "released; waits for";
      return `unbonding  ${entry.seats} seats: ${entry.readyAt <= now ? "ready: mvm stake withdraw" : `${waits} ${when(entry.readyAt)}`}`;
    }),
  ];
}

async function deposit(of: StakingCaller, {dir}: StakeOptions): Promise<void> {
  const {account, provider, staking} = of;
  const keys = await openKeyring(dir, readPassword());
  const {networkId} = await readStakingInfo(provider, staking);
  const domain = domainSeparator({homeChainId: provider.chainId, staking, networkId});
  const terms = {
    consensusKey: addressOf(keys.consensus),
    consensusProof: sign(keys.consensus, consensusKeyDigest(domain, account.address)),
    peerId: await peerIdOf(keys.network),
    encKey: toHex(blsPublicKey(keys.dealing)),
    encKeyProof: toHex(encKeyProof(keys.dealing, {networkId, epoch: DEPOSIT_EPOCH, operator: account.address})),
    mixinUsers: keys.seatUsers.map((u) => u.app_id),
  };
  report("staked", of, await stakeDeposit({account, provider, staking, deposit: terms}), {seats: keys.seatUsers.length});
}

/** When the newest unbonding entry can be withdrawn, as things stand. */
async function waitOf({account, provider, staking}: StakingCaller): Promise<object> {
  const {unbonding} = await readStake(provider, staking, account.address);
  const last = unbonding.at(-1);
  return last === undefined ? {} : {entry: last.number, released: last.releasedAt !== null, readyAt: last.readyAt};
}

function report(event: string, {account}: StakingCaller, {txHash, gasUsed}: MinedCall, more: object = {}): void {
  print({event, operator: account.address, ...more, txHash, gasUsed: `${gasUsed}`});
}

async function asOperator(options: StakeOptions, run: (of: StakingCaller, options: StakeOptions) => Promise<void>): Promise<void> {
  const secret = await openKey(options.dir, "operator", readPassword());
  await withProvider(options, ({provider, staking}) => {
    const account = new Account({provider, secret, clock: systemClock, log: silent, replaceMs: 30_000, receiptMs: 100, finality: 0});
    return run({account, provider, staking}, options);
  });
}

async function withProvider(options: StakeOptions, run: (of: Pick<StakingCaller, "provider" | "staking">) => Promise<void>): Promise<void> {
  const {rpc} = readConfig(join(options.dir, "config.json"));
  const staking = options.staking === undefined ? stakingOf(options.dir) : parseAddress(options.staking, "--staking");
  const provider = openProvider({url: rpc, chainId: await readChainId(rpc, RPC_MS), timeoutMs: RPC_MS});
  await run({provider, staking}).finally(() => provider.destroy());
}

function stakingOf(dir: string): Hex {
  const file = join(dir, "genesis.json");
  if (!existsSync(file)) throw new CommandError("NO_FILE", {file, advice: "name the contract with --staking, or put genesis.json there"});
  return decodeGenesis(readText(file)).staking;
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new CommandError("NO_FILE", {file, advice: "this file cannot be read"});
  }
}
