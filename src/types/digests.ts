import {abiHash, address, array, bytes, fixedBytes, int, tagHash, typedDataDigest, uint} from "../base/abi.ts";
import type {Hex} from "../base/bytes.ts";
import {toHex} from "../base/bytes.ts";
import {keccak256} from "../base/hash.ts";
import {type Uuid, uuidBytes, uuidFromHex} from "./ids.ts";

/**
 * Every byte string that the network signs or hashes under a name, as fields: nobody signs 32 bytes that somebody hands
 * it. All return 32 bytes unless they say otherwise; all are recomputed by contracts, hence `keccak256(abi.encode(…))`.
 */

const hex32 = (value: Hex) => fixedBytes(value);

/** networkId of protocol "Names and digests". */
export function networkIdOf(chain: {homeChainId: number; staking: Hex; salt: Hex}): Hex {
  return toHex(abiHash(tagHash("mvm.network.v1"), uint(chain.homeChainId), address(chain.staking), hex32(chain.salt)));
}

/** The id of one group contract: what an outbox and a chain head are addressed to. */
export function platformOf(chainId: number, group: Hex): Hex {
  return toHex(abiHash(uint(chainId), address(group)));
}

/** What a partial signature of a precommit and the certificate sign. The round is inside: see ARCHITECTURE, "certificate". */
export function certificateDigest(of: {networkId: Hex; epoch: number; height: number; round: number; blockHash: Hex}): Uint8Array {
  return abiHash(tagHash("mvm.certificate.v1"), hex32(of.networkId), uint(of.epoch), uint(of.height), uint(of.round), hex32(of.blockHash));
}

/** What an ACK of the DKG signs, and so the proof of possession of the group key. `groupKey`: 128 bytes, EIP-2537. */
export function ackDigest(of: {networkId: Hex; sid: Hex; transcript: Hex; groupKey: Uint8Array}): Uint8Array {
  return abiHash(tagHash("mvm.ack.v1"), hex32(of.networkId), hex32(of.sid), hex32(of.transcript), fixedBytes(keccak256(of.groupKey)));
}

/** EIP-712 domain of votes and admin actions: ("MVM", "1", homeChainId, Staking, salt = networkId). */
export function domainSeparator(chain: {homeChainId: number; staking: Hex; networkId: Hex}): Uint8Array {
  return abiHash(
    tagHash("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"),
    tagHash("MVM"),
    tagHash("1"),
    uint(chain.homeChainId),
    address(chain.staking),
    hex32(chain.networkId),
  );
}

export interface VoteFields {
  readonly epoch: number;
  readonly height: number;
  readonly round: number;
  readonly type: "prevote" | "precommit";
  /** null: nil. */
  readonly blockHash: Hex | null;
}

export function voteDigest(domain: Uint8Array, vote: VoteFields): Uint8Array {
  return typedDataDigest(
    domain,
    "Vote(uint64 epoch,uint64 height,uint32 round,uint8 voteType,bytes32 blockHash)",
    uint(vote.epoch),
    uint(vote.height),
    uint(vote.round),
    uint(vote.type === "prevote" ? 1 : 2),
    vote.blockHash === null ? uint(0) : hex32(vote.blockHash),
  );
}

export interface ProposalFields {
  readonly epoch: number;
  readonly height: number;
  readonly round: number;
  /** -1: none. */
  readonly polRound: number;
  readonly blockHash: Hex;
}

export function proposalDigest(domain: Uint8Array, proposal: ProposalFields): Uint8Array {
  return typedDataDigest(
    domain,
    "Proposal(uint64 epoch,uint64 height,uint32 round,int32 polRound,bytes32 blockHash)",
    uint(proposal.epoch),
    uint(proposal.height),
    uint(proposal.round),
    int(proposal.polRound),
    hex32(proposal.blockHash),
  );
}

/** What a consensus key signs to prove itself to Staking: the operator that it works for. */
export function consensusKeyDigest(domain: Uint8Array, operator: Hex): Uint8Array {
  return typedDataDigest(domain, "ConsensusKey(address operator)", address(operator));
}

/** Which contract, and which of its actions: counted by the contract, so that none is good twice. */
export interface AdminFields {
  readonly platform: Hex;
  readonly counter: bigint;
  /** Last second at which the contract takes it. */
  readonly deadline: bigint;
}

/** A group key as `activate`, `rotate` and `rekey` take it. */
export interface KeyFields {
  /** 128 bytes, EIP-2537. */
  readonly groupKey: Uint8Array;
  /** 256 bytes, EIP-2537: over `ackDigest`. */
  readonly pop: Uint8Array;
  readonly sid: Hex;
  readonly transcript: Hex;
  readonly epoch: number;
}

/** What consensus keys sign, and the group where it signs, for a group contract to pause or to go on. */
export function pauseDigest(domain: Uint8Array, action: "pause" | "unpause", of: AdminFields): Uint8Array {
  return adminDigest(domain, action, of, abiHash());
}

/** The same for a group key to be put in place: `rotate` is signed by the key in use as well. */
export function keyDigest(domain: Uint8Array, action: "activate" | "rotate" | "rekey", of: AdminFields & KeyFields): Uint8Array {
  return adminDigest(domain, action, of, abiHash(bytes(of.groupKey), bytes(of.pop), hex32(of.sid), hex32(of.transcript), uint(of.epoch)));
}

/** What a validator signs to activate a group contract with the key that its own ledger has finalised. */
export function activateDigest(domain: Uint8Array, of: AdminFields & KeyFields): Uint8Array {
  return keyDigest(domain, "activate", of);
}

/** EIP-712 `Admin`; `argsHash`: keccak256(abi.encode(the arguments that stand before `keys`)). */
function adminDigest(domain: Uint8Array, action: string, of: AdminFields, argsHash: Uint8Array): Uint8Array {
  return typedDataDigest(
    domain,
    "Admin(bytes32 action,bytes32 platform,uint64 counter,bytes32 argsHash,uint64 deadline)",
    tagHash(action),
    hex32(of.platform),
    uint(of.counter),
    fixedBytes(argsHash),
    uint(of.deadline),
  );
}

/** Names a set of validators, by operator address, in contracts: keccak256(abi.encode(epoch, keys, seats)). */
export function validatorsHashOf(epoch: number, validators: readonly {readonly consensusKey: Hex; readonly seats: number}[]): Hex {
  const keys = validators.map((v) => address(v.consensusKey));
  return toHex(abiHash(uint(epoch), array(keys), array(validators.map((v) => uint(v.seats)))));
}

/** What a validator's consensus key signs under a DKG message that travels to a block. */
export function dkgMessageDigest(networkId: Hex, body: Uint8Array): Uint8Array {
  return abiHash(tagHash("mvm.dkg.v1"), hex32(networkId), fixedBytes(keccak256(body)));
}

/** Kinds of Mixin transactions that the group makes. */
/** `void`: a build that gives the inputs of any of the others back to the group, under the id of what it gives up. */
export const TRACE_KIND = {payout: 1, refund: 2, merge: 3, void: 4, reward: 5} as const;

/** The trace id (Mixin request id) of a transaction of the group: a UUID of version 3 form that nobody chooses. */
export function traceId(of: {networkId: Hex; kind: number; id: Hex; buildIndex: number}): Uuid {
  const hash = abiHash(tagHash("mvm.trace.v1"), hex32(of.networkId), uint(of.kind), hex32(of.id), uint(of.buildIndex)).slice(0, 16);
  hash[6] = ((hash[6] as number) & 0x0f) | 0x30;
  hash[8] = ((hash[8] as number) & 0x3f) | 0x80;
  return uuidFromHex(toHex(hash));
}

/** What the group signs for a process to see a mask instead of its users: the senders in any order, and how many of them sign. */
export function maskDigest(of: {networkId: Hex; process: Uuid; senders: readonly Uuid[]; threshold: number}): Uint8Array {
  const senders = [...of.senders].sort().map((s) => fixedBytes(uuidBytes(s)));
  return abiHash(
    tagHash("mvm.mask.v1"),
    hex32(of.networkId),
    fixedBytes(uuidBytes(of.process)),
    {kind: "array", items: senders},
    uint(of.threshold),
  );
}
