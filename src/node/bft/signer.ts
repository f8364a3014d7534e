import type {Hex} from "../../base/bytes.ts";
import {addressOf, recover, sign} from "../../crypto/secp256k1.ts";
import {
  activateDigest,
  dkgMessageDigest,
  domainSeparator,
  type ProposalFields,
  proposalDigest,
  type VoteFields,
  voteDigest,
} from "../../types/digests.ts";
import type {Genesis} from "../../types/genesis.ts";

/** What `MixinGroup.activate` is asked to accept; the signature covers all of it. */
export interface Activation {
  readonly platform: Hex;
  readonly groupKey: Uint8Array;
  readonly pop: Uint8Array;
  readonly sid: Hex;
  readonly transcript: Hex;
  readonly epoch: number;
}

/** An activation can succeed once, so its signature needs no end: 2^64 - 1 seconds. */
export const ACTIVATION_DEADLINE = (1n << 64n) - 1n;

/** Digests of this network, so that signing and checking agree on them. */
export interface Digests {
  vote(fields: VoteFields): Uint8Array;
  proposal(fields: ProposalFields): Uint8Array;
  dkg(body: Uint8Array): Uint8Array;
  activation(of: Activation): Uint8Array;
}

export function digestsOf(genesis: Genesis): Digests {
  const domain = domainSeparator(genesis);
  return {
    vote: (fields) => voteDigest(domain, fields),
    proposal: (fields) => proposalDigest(domain, fields),
    dkg: (body) => dkgMessageDigest(genesis.networkId, body),
    activation: (of) => activateDigest(domain, {...of, counter: 0n, deadline: ACTIVATION_DEADLINE}),
  };
}

/** The consensus key at work. It signs fields under their tag, never a digest that somebody hands it. */
export interface ConsensusSigner {
  readonly address: Hex;
  vote(fields: VoteFields): Uint8Array;
  proposal(fields: ProposalFields): Uint8Array;
  dkg(body: Uint8Array): Uint8Array;
  activation(of: Activation): Uint8Array;
}

/** @param secret  32 bytes, secp256k1; kept by reference for the life of the signer */
export function createSigner(secret: Uint8Array, digests: Digests): ConsensusSigner {
  return {
    address: addressOf(secret),
    vote: (fields) => sign(secret, digests.vote(fields)),
    proposal: (fields) => sign(secret, digests.proposal(fields)),
    dkg: (body) => sign(secret, digests.dkg(body)),
    activation: (of) => sign(secret, digests.activation(of)),
  };
}

/** Whether `signature` over `digest` is by the key whose address is `by`. Never throws. */
export function isSignedBy(by: Hex | undefined, digest: Uint8Array, signature: Uint8Array): boolean {
  return by !== undefined && recover(digest, signature) === by;
}
