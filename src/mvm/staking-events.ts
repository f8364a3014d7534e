import {type Hex, toHex} from "../base/bytes.ts";
import type {ChainLog} from "../types/facts.ts";
import {type Uuid, uuidFromHex} from "../types/ids.ts";
import {peerIdText} from "../types/peer-id.ts";
import {eventReader, formsOf} from "./log-forms.ts";

/** What a log of Staking says about an operator's stake. */
export type StakingEvent =
  | {
      readonly kind: "deposited";
      readonly operator: Hex;
      readonly consensusKey: Hex;
      readonly seats: number;
      readonly peerId: string;
      readonly encKey: Hex;
      readonly encKeyProof: Hex;
      readonly mixinUsers: readonly Uuid[];
    }
  | {readonly kind: "seatsAdded"; readonly operator: Hex; readonly seats: number; readonly mixinUsers: readonly Uuid[]}
  | {readonly kind: "seatsRemoved"; readonly operator: Hex; readonly mixinUsers: readonly Uuid[]}
  | {readonly kind: "exited" | "jailed" | "unjailed" | "slashed"; readonly operator: Hex};

const form = formsOf<StakingEvent>();

const read = eventReader<StakingEvent>([
  form(
    "Deposited(address,address,uint16,bytes,bytes,bytes,bytes16[])",
    ["address", "address"],
    ["uint16", "bytes", "bytes", "bytes", "bytes16[]"],
    ([operator, consensusKey], [seats, peerId, encKey, encKeyProof, mixinUsers]) => ({
      kind: "deposited",
      operator,
      consensusKey,
      seats: Number(seats),
      peerId: peerIdText(peerId),
      encKey: toHex(encKey),
      encKeyProof: toHex(encKeyProof),
      mixinUsers: mixinUsers.map(uuidFromHex),
    }),
  ),
  form("SeatsAdded(address,uint16,bytes16[])", ["address"], ["uint16", "bytes16[]"], ([operator], [seats, mixinUsers]) => ({
    kind: "seatsAdded",
    operator,
    seats: Number(seats),
    mixinUsers: mixinUsers.map(uuidFromHex),
  })),
  form("SeatsRemoved(address,uint32,bytes16[])", ["address"], ["uint32", "bytes16[]"], ([operator], [_entry, mixinUsers]) => ({
    kind: "seatsRemoved",
    operator,
    mixinUsers: mixinUsers.map(uuidFromHex),
  })),
  form("Exited(address,uint32,uint16)", ["address"], ["uint32", "uint16"], ([operator]) => ({kind: "exited", operator})),
  form("Jailed(address,uint48)", ["address"], ["uint48"], ([operator]) => ({kind: "jailed", operator})),
  form("Unjailed(address)", ["address"], [], ([operator]) => ({kind: "unjailed", operator})),
  form("Slashed(address,address,uint256,uint256)", ["address", "address"], ["uint256", "uint256"], ([operator]) => ({
    kind: "slashed",
    operator,
  })),
]);

/** The event that a log of Staking holds. Throws DecodeError for those that say nothing of a stake, as for any other. */
export function decodeStakingEvent(log: ChainLog): StakingEvent {
  return read(log);
}
