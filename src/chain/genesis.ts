import type {Hex} from "../base/bytes.ts";
import {networkIdOf, validatorsHashOf} from "../types/digests.ts";
import {decodeGenesis, encodeGenesis, type Genesis, type Parameters} from "../types/genesis.ts";
import type {Uuid} from "../types/ids.ts";
import type {ValidatorInfo} from "../types/validators.ts";
import {GROUP, readContract} from "./abi.ts";
import {ChainError} from "./errors.ts";
import type {ChainProvider} from "./provider.ts";
import {readFinalHead} from "./replies.ts";
import {readEpochSet, readFrozenBlock, readStakingInfo, readValidatorsHash} from "./staking.ts";

/**
 * What a network starts from, read from its chain: equal bytes for everybody who asks with equal arguments.
 * @param of `groups` in the order of genesis, the first is the network's default; `fromBlock`: as in readFrozenBlock
 * @throws ChainError NOT_FROZEN, NOT_FINAL; GENESIS_MISMATCH where salt, Staking and the group contracts do not fit together
 */
export async function buildGenesis(of: {
  provider: ChainProvider;
  staking: Hex;
  salt: Hex;
  groups: readonly {provider: ChainProvider; group: Hex; finality: number}[];
  feeAsset: Uuid;
  parameters: Parameters;
  fromBlock?: number;
}): Promise<Genesis> {
  const {provider, staking, salt, groups, feeAsset, parameters} = of;
  const homeChainId = provider.chainId;
  const networkId = networkIdOf({homeChainId, staking, salt});
  const frozen = await readFrozenBlock(provider, staking, of.fromBlock);
  const finality = groups.find((g) => g.provider.chainId === homeChainId)?.finality ?? 0;
  const final = await readFinalHead(provider, finality);
  if (final === null || final.number < frozen.number)
    throw new ChainError("NOT_FINAL", {block: frozen.number, final: final?.number ?? null});
  const genesis: Genesis = {
    networkId,
    homeChainId,
    staking,
    salt,
    platforms: groups.map((g) => ({chainId: g.provider.chainId, group: g.group, finality: g.finality})),
    epoch0Block: frozen.number,
    epoch0Time: frozen.timestamp,
    feeAsset,
    parameters,
    validators: await readEpochSet(provider, staking, 0),
  };
  const parsed = decodeGenesis(encodeGenesis(genesis));
  for (const p of new Map([provider, ...groups.map((g) => g.provider)].map((q) => [q.chainId, q])).values()) await checkGenesis(parsed, p);
  return parsed;
}

/**
 * Whether the chain behind `provider` says what `genesis` says: network and validators in Staking, if it is the home chain, and
 * in the group contracts on it.
 * @throws ChainError GENESIS_MISMATCH with `field`, `want` (genesis) and `got` (chain); WRONG_CHAIN where genesis has nothing there
 */
export async function checkGenesis(genesis: Genesis, provider: ChainProvider): Promise<void> {
  const {chainId} = provider;
  const groups = genesis.platforms.flatMap((p, i) => (p.chainId === chainId ? [{...p, field: `platforms[${i}]`}] : []));
  if (chainId !== genesis.homeChainId && groups.length === 0)
    throw new ChainError("WRONG_CHAIN", {want: genesis.homeChainId, got: chainId});
  await provider.verify();
  if (chainId === genesis.homeChainId) await checkStaking(genesis, provider);
  for (const {group, field} of groups) await checkGroup(genesis, {provider, group, field});
}

async function checkStaking(genesis: Genesis, provider: ChainProvider): Promise<void> {
  const {staking} = genesis;
  expectEqual("networkId", genesis.networkId, (await readStakingInfo(provider, staking)).networkId);
  const hash = validatorsHashOf(0, genesis.validators);
  expectEqual("validators (hash)", hash, (await readValidatorsHash(provider, staking, 0)) ?? "not frozen");
  // the hash covers consensus keys and seats only
  const validators = await readEpochSet(provider, staking, 0);
  genesis.validators.forEach((own, i) => {
    for (const name of Object.keys(own) as (keyof ValidatorInfo)[])
      expectEqual(`validators[${i}].${name}`, String(own[name]), String(validators[i]?.[name]));
  });
}

async function checkGroup(genesis: Genesis, of: {provider: ChainProvider; group: Hex; field: string}): Promise<void> {
  const target = {provider: of.provider, address: of.group, abi: GROUP};
  const [[networkId], [epoch], [hash]] = await Promise.all([
    readContract(target, "networkId"),
    readContract(target, "epoch"),
    readContract(target, "validatorsHash"),
  ]);
  expectEqual(`${of.field}.group (networkId)`, genesis.networkId, networkId as string);
  if (epoch === 0n) expectEqual(`${of.field}.group (validatorsHash)`, validatorsHashOf(0, genesis.validators), hash as string);
}

function expectEqual(field: string, want: string, got: string): void {
  if (want !== got) throw new ChainError("GENESIS_MISMATCH", {field, want, got});
}
