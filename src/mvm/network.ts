import type {Hex} from "../base/bytes.ts";
import {domainSeparator, platformOf} from "../types/digests.ts";
import type {Genesis} from "../types/genesis.ts";
import type {Uuid} from "../types/ids.ts";
import {type ProcessRules, rulesOf} from "../types/rules.ts";
import {multisigOf, totalSeats} from "../types/validators.ts";

/** What follows from genesis and never changes within it. */
export interface NetworkConstants {
  readonly genesis: Genesis;
  /** W. */
  readonly seats: number;
  /** In the order of genesis: the order of outboxes in a block. */
  readonly platforms: readonly Hex[];
  /** Staking as a platform: its logs are taken, and its head is the home head. */
  readonly staking: Hex;
  /** The group's multisig of epoch 0: sorted members and q. */
  readonly multisig: {readonly members: readonly Uuid[]; readonly threshold: number};
  readonly rules: ProcessRules;
  /** EIP-712 domain of votes and proposals. */
  readonly voteDomain: Uint8Array;
}

export function networkConstants(genesis: Genesis): NetworkConstants {
  return {
    genesis,
    seats: totalSeats(genesis.validators),
    platforms: genesis.platforms.map((p) => platformOf(p.chainId, p.group)),
    staking: platformOf(genesis.homeChainId, genesis.staking),
    multisig: multisigOf(genesis.validators),
    rules: rulesOf(genesis.rules),
    voteDomain: domainSeparator(genesis),
  };
}

/** The platform that an Operation names: "" or "quorum" is the first, `evm:<chainId>` the one on that chain. */
export function platformNamed(network: NetworkConstants, text: string): Hex | null {
  if (text === "" || text === "quorum") return network.platforms[0] ?? null;
  const at = network.genesis.platforms.findIndex((p) => text === `evm:${p.chainId}`);
  return network.platforms[at] ?? null;
}
