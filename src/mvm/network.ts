import type {Hex} from "../base/bytes.ts";
import {domainSeparator, platformOf} from "../types/digests.ts";
import type {Genesis} from "../types/genesis.ts";
import type {Uuid} from "../types/ids.ts";
import {type ProcessRules, rulesOf} from "../types/rules.ts";
import {multisigOf, totalSeats} from "../types/validators.ts";

/** The only epoch there is until the set can change. */
export const EPOCH = 0;

/** What follows from genesis and never changes within it. */
export interface NetworkConstants {
  readonly genesis: Genesis;
  /** W. */
  readonly seats: number;
  /** In the order of genesis: the order of outboxes in a block. */
  readonly platforms: readonly Hex[];
  /** The group's own multisig: sorted members and q. */
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

/** Whether sorted `members` and `threshold` are the group's own multisig. */
export function isGroup(network: NetworkConstants, members: readonly Uuid[], threshold: number): boolean {
  const own = network.multisig;
  return threshold === own.threshold && members.length === own.members.length && members.every((id, i) => id === own.members[i]);
}
