import {artifactOf, compileContracts} from "../../../scripts/compile.ts";
import {abiHash, array, bytes} from "../../../src/base/abi.ts";
import {fromHex, type Hex, toHex, utf8} from "../../../src/base/bytes.ts";
import {keccak256, keccakHex} from "../../../src/base/hash.ts";
import {GROUP, readContract} from "../../../src/chain/abi.ts";
import {Account} from "../../../src/chain/account.ts";
import {deployGroup, deployStaking} from "../../../src/chain/deploy.ts";
import {createGroupContract, type GroupContractOptions, type RpcGroupContract} from "../../../src/chain/group.ts";
import {type ChainProvider, openProvider} from "../../../src/chain/provider.ts";
import {freeze, readValidatorsHash, stakeDeposit} from "../../../src/chain/staking.ts";
import {blsPublicKey, blsSign, g1ToEip2537, g2ToEip2537} from "../../../src/crypto/bls.ts";
import {addressOf, sign} from "../../../src/crypto/secp256k1.ts";
import type {ActivationArgs, DeliverArgs, SignedBySet} from "../../../src/ports/chain.ts";
import type {Clock, Logger} from "../../../src/ports/system.ts";
import {blockHashOf, type Outbox} from "../../../src/types/block.ts";
import {
  ackDigest,
  activateDigest,
  certificateDigest,
  consensusKeyDigest,
  domainSeparator,
  networkIdOf,
  platformOf,
} from "../../../src/types/digests.ts";
import {uuidFromHex, ZERO_HASH} from "../../../src/types/ids.ts";
import {peerIdText} from "../../../src/types/peer-id.ts";
import {type Anvil, startAnvil} from "../../../testnet/anvil.ts";

export const CHAIN_ID = 31_337;
export const SALT = keccakHex(utf8("salt"));
/** Deposited seats. Nobody may have a third, so the second is cut to one. */
export const SEATS = [1, 2, 1, 1];

export const clock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export interface LogLine {
  readonly level: string;
  readonly text: string;
  readonly fields: object;
}
/** Keeps what is logged. */
export function recordingLogger(): {log: Logger; lines: LogLine[]} {
  const lines: LogLine[] = [];
  const at =
    (level: string) =>
    (text: string, fields: object = {}) =>
      void lines.push({level, text, fields});
  const log: Logger = {debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), child: () => log};
  return {log, lines};
}

export const secretOf = (name: string): Uint8Array => keccak256(utf8(name));
/** Resolves when `check` holds; vitest's timeout ends it otherwise. */
export async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 10));
}

export function accountOf(provider: ChainProvider, secret: Uint8Array, log: Logger = recordingLogger().log): Account {
  return new Account({provider, secret, clock, log, replaceMs: 5_000, receiptMs: 20, finality: 0});
}
/** An account with 1000 coins. */
export async function fundedAccount(provider: ChainProvider, name: string): Promise<Account> {
  const secret = secretOf(name);
  await provider.request("anvil_setBalance", [addressOf(secret), `0x${(1_000n * 10n ** 18n).toString(16)}`]);
  return accountOf(provider, secret);
}

export interface OutboxContents {
  readonly contents: DeliverArgs["deliveries"][number];
  readonly outbox: Pick<Outbox, "systemHash" | "root" | "count">;
}

/** An anvil with the project's contracts, a frozen set of four validators, and keys that can do what a quorum of them could. */
export interface TestNetwork {
  readonly url: string;
  readonly anvil: Anvil;
  readonly provider: ChainProvider;
  readonly networkId: Hex;
  readonly staking: Hex;
  readonly group: Hex;
  readonly platform: Hex;
  readonly operators: readonly Hex[];
  /** Of all that consensus keys sign. */
  readonly domain: Uint8Array;
  /** Three of the four validators sign; 256 bytes of the group, or of another secret. */
  signedBySet(digest: Uint8Array): SignedBySet;
  groupSign(digest: Uint8Array, secret?: Uint8Array): Uint8Array;
  /** What activates the group contract. */
  activation(change?: Partial<ActivationArgs>): ActivationArgs;
  /** The next block, with one outbox for the contract per item: it holds so many system events, which the contract logs as unknown. */
  block(...systemEvents: number[]): DeliverArgs;
  /** The next block, with these outboxes for the contract. */
  blockOf(outboxes: readonly OutboxContents[]): DeliverArgs;
  /** A group contract adapter with an account of its own, started; the network's stop stops it. */
  contract(options?: Partial<GroupContractOptions>): Promise<RpcGroupContract>;
  mine(blocks?: number): Promise<void>;
  /** After a test that failed half-way: blocks are mined at once again, and the next one is the one that the contract wants. */
  resume(): Promise<void>;
  stop(): Promise<void>;
}

export async function startNetwork(args: readonly string[] = []): Promise<TestNetwork> {
  const anvil = await startAnvil(args, AbortSignal.timeout(20_000));
  const provider = openProvider({url: anvil.url, chainId: CHAIN_ID, timeoutMs: 5_000});
  const running: RpcGroupContract[] = [];
  const artifacts = compileContracts();
  const account = await fundedAccount(provider, "deployer");
  const staking = await deployStaking(
    {account, provider, artifact: artifactOf(artifacts, "Staking")},
    {salt: SALT, seatStake: 10n ** 18n, minValidators: SEATS.length, genesisTime: 0},
  );
  const networkId = networkIdOf({homeChainId: CHAIN_ID, staking, salt: SALT});
  const domain = domainSeparator({homeChainId: CHAIN_ID, staking, networkId});
  const validators = await depositAll({provider, staking, domain});
  await freeze({account, provider, staking});
  const validatorsHash = await readValidatorsHash(provider, staking, 0);
  if (validatorsHash === null) throw new Error("not frozen");
  const group = await deployGroup(
    {account, provider, artifact: artifactOf(artifacts, "MixinGroup")},
    {homeChainId: CHAIN_ID, staking, salt: SALT, validatorsHash},
  );
  const platform = platformOf(CHAIN_ID, group);
  const groupSecret = fromHex(`0x${"11".repeat(32)}`);
  const groupKey = g1ToEip2537(blsPublicKey(groupSecret));
  let height = 0;
  let seq = 0n;
  let contracts = 0;

  function activation(change: Partial<ActivationArgs> = {}): ActivationArgs {
    const sid = keccakHex(utf8("session"));
    const transcript = keccakHex(utf8("transcript"));
    const pop = g2ToEip2537(blsSign(groupSecret, ackDigest({networkId, sid, transcript, groupKey})));
    const given = {groupKey, pop, sid, transcript, epoch: 0, deadline: 10n ** 11n, ...change};
    return {...given, ...signedBySet(activateDigest(domain, {platform, counter: 0n, ...given})), ...change};
  }
  function signedBySet(digest: Uint8Array): SignedBySet {
    return {
      keys: validators.map((v) => v.consensusKey),
      seats: validators.map(() => 1),
      signatures: validators.map((v, i) => (i === 3 ? new Uint8Array(0) : sign(v.consensusSecret, digest))),
    };
  }
  function blockOf(of: readonly OutboxContents[]): DeliverArgs {
    height++;
    const outboxes = of.map(({outbox}): Outbox => ({platform, seq: seq++, ...outbox}));
    const coreHash = keccakHex(utf8(`core ${height}`));
    const digest = certificateDigest({networkId, epoch: 0, height, round: 1, blockHash: blockHashOf(height, coreHash, outboxes)});
    const signature = g2ToEip2537(blsSign(groupSecret, digest));
    return {height, coreHash, outboxes, epoch: 0, round: 1, signature, deliveries: of.map(({contents}) => contents)};
  }
  function block(...systemEvents: number[]): DeliverArgs {
    return blockOf(
      systemEvents.map((count) => {
        const system = Array.from({length: count}, (_, i) => utf8(`unknown ${height} ${i}`));
        const systemHash = count === 0 ? ZERO_HASH : toHex(abiHash(array(system.map(bytes))));
        return {contents: {system, events: []}, outbox: {systemHash, root: ZERO_HASH, count: 0}};
      }),
    );
  }

  return {
    url: anvil.url,
    anvil,
    provider,
    networkId,
    staking,
    group,
    platform,
    operators: validators.map((v) => v.operator),
    domain,
    signedBySet,
    groupSign: (digest, secret = groupSecret) => g2ToEip2537(blsSign(secret, digest)),
    activation,
    block,
    blockOf,
    async contract(options = {}) {
      const name = `submitter ${contracts++}`;
      await fundedAccount(provider, name);
      const given = {url: anvil.url, chainId: CHAIN_ID, group, submitter: secretOf(name), finality: 0, clock};
      const contract = createGroupContract({...given, log: recordingLogger().log, receiptMs: 20, ...options});
      await contract.start(AbortSignal.timeout(10_000));
      running.push(contract);
      return contract;
    },
    async mine(blocks = 1) {
      await provider.request("anvil_mine", [`0x${blocks.toString(16)}`]);
    },
    async resume() {
      await provider.request("evm_setAutomine", [true]);
      await provider.request("anvil_mine", ["0x1"]);
      seq = (await readContract({provider, address: group, abi: GROUP}, "nextSeq"))[0] as bigint;
    },
    async stop() {
      for (const contract of running) await contract.stop();
      provider.destroy();
      await anvil.stop();
    },
  };
}

export interface TestValidator {
  readonly operator: Hex;
  readonly consensusSecret: Uint8Array;
  readonly consensusKey: Hex;
}

/** Four deposits; the validators come back by operator address. */
async function depositAll(of: {provider: ChainProvider; staking: Hex; domain: Uint8Array}): Promise<TestValidator[]> {
  const {provider, staking, domain} = of;
  const validators: TestValidator[] = [];
  for (const [i, seats] of SEATS.entries()) {
    const account = await fundedAccount(provider, `operator ${i}`);
    const consensusSecret = secretOf(`consensus ${i}`);
    const consensusKey = addressOf(consensusSecret);
    const dealing = secretOf(`dealing ${i}`).map((byte, at) => (at === 0 ? 1 : byte));
    const encKey = blsPublicKey(dealing);
    await stakeDeposit({
      account,
      provider,
      staking,
      deposit: {
        consensusKey,
        consensusProof: sign(consensusSecret, consensusKeyDigest(domain, account.address)),
        peerId: peerIdOf(i),
        encKey: toHex(encKey),
        encKeyProof: toHex(blsSign(dealing, keccak256(encKey))),
        mixinUsers: Array.from({length: seats}, (_, seat) => mixinUserOf(i, seat)),
      },
    });
    validators.push({operator: account.address, consensusSecret, consensusKey});
  }
  return validators.sort((a, b) => (a.operator < b.operator ? -1 : 1));
}

/** The peer id of an ed25519 key: an identity multihash. */
export const peerIdOf = (i: number): string => peerIdText(Uint8Array.of(0, 36, 8, 1, 18, 32, ...secretOf(`peer ${i}`)));
export const mixinUserOf = (i: number, seat: number): string => uuidFromHex(toHex(keccak256(utf8(`user ${i} ${seat}`)).subarray(0, 16)));
