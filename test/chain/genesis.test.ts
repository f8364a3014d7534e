import {Interface, type InterfaceAbi} from "ethers";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {artifactOf, compileContracts} from "../../scripts/compile.ts";
import {fromHex, type Hex, toHex, utf8} from "../../src/base/bytes.ts";
import {keccak256, keccakHex} from "../../src/base/hash.ts";
import {deployApp, deployGroup, deployStaking} from "../../src/chain/deploy.ts";
import {buildGenesis, checkGenesis} from "../../src/chain/genesis.ts";
import {openProvider} from "../../src/chain/provider.ts";
import {freeze, readEpochSet, readFrozenBlock, readStakingInfo, stakeDeposit, transact} from "../../src/chain/staking.ts";
import {sign} from "../../src/crypto/secp256k1.ts";
import {consensusKeyDigest, domainSeparator, networkIdOf, validatorsHashOf} from "../../src/types/digests.ts";
import {encodeGenesis, type Genesis, genesisHash, PARAMETERS_LAN} from "../../src/types/genesis.ts";
import {uuidBytes} from "../../src/types/ids.ts";
import type {ValidatorInfo} from "../../src/types/validators.ts";
import {CHAIN_ID, fundedAccount, mixinUserOf, peerIdOf, SALT, secretOf, startNetwork, type TestNetwork} from "./support/network.ts";

const FEE_ASSET = "43d61dcd-e413-450d-80b8-101d5e903357";
let network: TestNetwork;
let genesis: Genesis;

beforeAll(async () => {
  network = await startNetwork();
  genesis = await build();
});
afterAll(() => network.stop());

function build(change: Partial<Parameters<typeof buildGenesis>[0]> = {}): Promise<Genesis> {
  const {provider, staking, group} = network;
  const groups = [{provider, group, finality: 0}];
  return buildGenesis({provider, staking, salt: SALT, groups, feeAsset: FEE_ASSET, parameters: PARAMETERS_LAN, ...change});
}
const deployer = async (contract: string) => ({
  account: await fundedAccount(network.provider, "deployer"),
  provider: network.provider,
  artifact: artifactOf(compileContracts(), contract),
});

describe("Staking", () => {
  test("shows what the network is", async () => {
    const {provider, staking, networkId} = network;
    expect(await readStakingInfo(provider, staking)).toEqual({
      networkId,
      seatStake: 10n ** 18n,
      minValidators: 4,
      genesisTime: 0,
      operators: 4,
      validatorsHash: validatorsHashOf(0, genesis.validators),
    });
  });

  test("shows the validators by operator address, with the keys and users they deposited", async () => {
    const set = await readEpochSet(network.provider, network.staking, 0);
    expect(set.map((v) => v.operator)).toEqual(network.operators);
    expect(set.map((v) => v.seats)).toEqual([1, 1, 1, 1]); // one of them had deposited two
    expect(new Set(set.map((v) => v.peerId))).toEqual(new Set([0, 1, 2, 3].map(peerIdOf)));
    expect(new Set(set.flatMap((v) => v.mixinUsers))).toEqual(new Set([0, 1, 2, 3].map((i) => mixinUserOf(i, 0))));
    for (const v of set) {
      expect(v.peerId).toMatch(/^12D3KooW/);
      expect(fromHex(v.encKey).length).toBe(48);
      expect(fromHex(v.encKeyProof).length).toBe(96);
    }
  });

  test("an epoch that is not frozen is NOT_FROZEN", async () => {
    await expect(readEpochSet(network.provider, network.staking, 1)).rejects.toMatchObject({code: "NOT_FROZEN"});
    const fresh = await deployStaking(await deployer("Staking"), {salt: SALT, seatStake: 1n, minValidators: 1, genesisTime: 0});
    expect((await readStakingInfo(network.provider, fresh)).validatorsHash).toBeNull();
    await expect(readFrozenBlock(network.provider, fresh)).rejects.toMatchObject({code: "NOT_FROZEN"});
    await expect(build({staking: fresh})).rejects.toMatchObject({code: "NOT_FROZEN"});
  });

  test("what it refuses is named", async () => {
    const {provider, staking} = network;
    const account = await fundedAccount(provider, "operator 0");
    await expect(freeze({account, provider, staking})).rejects.toMatchObject({
      code: "REVERTED",
      data: {call: "freeze", error: "AlreadyFrozen"},
    });
    const key = {consensusKey: account.address, peerId: peerIdOf(9), mixinUsers: [mixinUserOf(9, 0)]};
    const dealing = {encKey: toHex(new Uint8Array(48)), encKeyProof: toHex(new Uint8Array(96))};
    const deposit = {...key, ...dealing, consensusProof: new Uint8Array(65)};
    await expect(stakeDeposit({account, provider, staking, deposit})).rejects.toMatchObject({data: {error: "AlreadyDeposited"}});
    const other = await fundedAccount(provider, "operator 9");
    await expect(stakeDeposit({account: other, provider, staking, deposit})).rejects.toMatchObject({data: {error: "WrongProof"}});
    await expect(readStakingInfo(provider, `0x${"77".repeat(20)}`)).rejects.toMatchObject({code: "NO_CONTRACT"});
  });

  test("more seats after the freeze change nothing in its set", async () => {
    const {provider} = network;
    const staking = await deployStaking(await deployer("Staking"), {salt: SALT, seatStake: 1n, minValidators: 1, genesisTime: 0});
    const networkId = networkIdOf({homeChainId: CHAIN_ID, staking, salt: SALT});
    const domain = domainSeparator({homeChainId: CHAIN_ID, staking, networkId});
    const account = await fundedAccount(provider, "operator x");
    const deposit = {
      consensusKey: (await fundedAccount(provider, "consensus x")).address,
      consensusProof: sign(secretOf("consensus x"), consensusKeyDigest(domain, account.address)),
      peerId: peerIdOf(7),
      encKey: toHex(new Uint8Array(48).fill(7)),
      encKeyProof: toHex(new Uint8Array(96).fill(8)),
      mixinUsers: [mixinUserOf(7, 0), mixinUserOf(7, 1)],
    };
    await stakeDeposit({account, provider, staking, deposit});
    await freeze({account, provider, staking});
    const abi = new Interface(artifactOf(compileContracts(), "Staking").abi as InterfaceAbi);
    const args = [1, [toHex(uuidBytes(mixinUserOf(7, 2)))]];
    await transact({account, target: {provider, address: staking, abi}, name: "addSeats", args, value: 1n});
    const [validator] = await readEpochSet(provider, staking, 0);
    const {consensusProof: _, ...registered} = deposit;
    expect(validator).toEqual({operator: account.address, seats: 2, ...registered});
  });
});

describe("genesis", () => {
  test("is equal bytes for everybody, also later and with short ranges", async () => {
    await network.mine(50);
    const other = openProvider({url: network.url, chainId: CHAIN_ID, timeoutMs: 5_000});
    const limited = {
      ...other,
      async request(method: string, params: readonly unknown[]) {
        const {fromBlock, toBlock} = (params[0] ?? {}) as {fromBlock?: Hex; toBlock?: Hex};
        if (method === "eth_getLogs" && Number(toBlock) - Number(fromBlock) > 9) return other.request("no_such_method", []);
        return other.request(method, params);
      },
    };
    const again = await build({provider: limited, groups: [{provider: limited, group: network.group, finality: 0}]});
    expect(encodeGenesis(again)).toBe(encodeGenesis(genesis));
    expect(genesisHash(again)).toBe(genesisHash(genesis));
    expect(genesis.networkId).toBe(network.networkId);
    const block = (await other.request("eth_getBlockByNumber", [`0x${genesis.epoch0Block.toString(16)}`, false])) as {timestamp: Hex};
    expect(genesis.epoch0Time).toBe(Number(block.timestamp));
    other.destroy();
  });

  test("needs a final freeze", async () => {
    const {provider, group} = network;
    const newest = Number(await provider.request("eth_blockNumber", []));
    const of = (finality: number) => build({groups: [{provider, group, finality}]});
    await expect(of(newest + 1)).rejects.toMatchObject({code: "NOT_FINAL"});
    await expect(of(newest - genesis.epoch0Block + 1)).rejects.toMatchObject({code: "NOT_FINAL", data: {final: genesis.epoch0Block - 1}});
    expect((await of(newest - genesis.epoch0Block)).epoch0Block).toBe(genesis.epoch0Block);
  });

  test("of another salt does not fit", async () => {
    await expect(build({salt: keccakHex(utf8("other"))})).rejects.toMatchObject({code: "GENESIS_MISMATCH", data: {field: "networkId"}});
  });

  test("is what the chain says", () => checkGenesis(genesis, network.provider));

  const changed = (change: Partial<ValidatorInfo>): Genesis => ({
    ...genesis,
    validators: genesis.validators.map((v, i) => (i === 2 ? {...v, ...change} : v)),
  });
  test.for<[string, () => Genesis]>([
    ["networkId", () => ({...genesis, networkId: `0x${"01".repeat(32)}`})],
    ["validators (hash)", () => changed({consensusKey: `0x${"01".repeat(20)}`})],
    ["validators (hash)", () => changed({seats: 2})],
    ["validators (hash)", () => ({...genesis, validators: genesis.validators.slice(1)})],
    ["validators[2].operator", () => changed({operator: `0x${"01".repeat(20)}`})],
    ["validators[2].peerId", () => changed({peerId: peerIdOf(9)})],
    ["validators[2].encKey", () => changed({encKey: `0x${"01".repeat(48)}`})],
    ["validators[2].encKeyProof", () => changed({encKeyProof: `0x${"01".repeat(96)}`})],
    ["validators[2].mixinUsers", () => changed({mixinUsers: [mixinUserOf(9, 0)]})],
  ])("a changed %s is named", async ([field, change]) => {
    await expect(checkGenesis(change(), network.provider)).rejects.toMatchObject({code: "GENESIS_MISMATCH", data: {field}});
  });

  test("a group contract of another network, or with other validators, is named", async () => {
    const {staking} = network;
    const {validatorsHash} = await readStakingInfo(network.provider, staking);
    const terms = {homeChainId: CHAIN_ID, staking, salt: SALT, validatorsHash: validatorsHash as Hex};
    const foreign = await deployGroup(await deployer("MixinGroup"), {...terms, salt: keccakHex(utf8("other"))});
    const empty = await deployGroup(await deployer("MixinGroup"), {...terms, validatorsHash: toHex(keccak256(utf8("nobody")))});
    const withGroup = (group: Hex): Genesis => ({...genesis, platforms: [{chainId: CHAIN_ID, group, finality: 0}]});
    await expect(checkGenesis(withGroup(foreign), network.provider)).rejects.toMatchObject({
      data: {field: "platforms[0].group (networkId)"},
    });
    await expect(checkGenesis(withGroup(empty), network.provider)).rejects.toMatchObject({
      data: {field: "platforms[0].group (validatorsHash)"},
    });
    await expect(checkGenesis(withGroup(staking), network.provider)).rejects.toMatchObject({code: "REVERTED"});
  });

  test("a provider of a chain that it does not name is WRONG_CHAIN", async () => {
    const other = openProvider({url: network.url, chainId: 5, timeoutMs: 5_000});
    await expect(checkGenesis(genesis, other)).rejects.toMatchObject({code: "WRONG_CHAIN"});
    await expect(checkGenesis({...genesis, homeChainId: 5}, other)).rejects.toMatchObject({
      code: "WRONG_CHAIN",
      data: {want: 5, got: CHAIN_ID},
    });
    other.destroy();
  });
});

test("a constructor that reverts is REVERTED by name", async () => {
  const of = await deployer("MixinGroup");
  const broken = {...of, artifact: {...of.artifact, bytecode: "0x60006000fd"}};
  await expect(
    deployGroup(broken, {homeChainId: 1, staking: network.staking, salt: SALT, validatorsHash: `0x${"00".repeat(32)}`}),
  ).rejects.toMatchObject({code: "REVERTED", data: {call: "constructor"}});
  const app = await deployApp(await deployer("Echo"), {group: network.group, process: FEE_ASSET});
  expect(await network.provider.request("eth_getCode", [app, "latest"])).not.toBe("0x");
});
