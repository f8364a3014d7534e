import {toHex, utf8} from "../../src/base/bytes.ts";
import {keccak256, sha256} from "../../src/base/hash.ts";
import {blsPublicKey, blsSign} from "../../src/crypto/bls.ts";
import {addressOf, sign} from "../../src/crypto/secp256k1.ts";
import {recoverSignature} from "../../src/crypto/threshold.ts";
import {encKeyProof} from "../../src/dkg/enc-key.ts";
import {openShares} from "../../src/dkg/open.ts";
import {makeAcks, makeDealing} from "../../src/dkg/participant.ts";
import {Draft} from "../../src/mvm/draft.ts";
import {epochsOf} from "../../src/mvm/epoch-queries.ts";
import {type Applied, buildBlock, genesisParent, genesisState, type LedgerState, type Parent} from "../../src/mvm/ledger.ts";
import {needsTicks} from "../../src/mvm/queries.ts";
import {MASKS, PAIRS} from "../../src/mvm/tables.ts";
import {blockHash} from "../../src/types/block.ts";
import {dkgMessageDigest, maskDigest, networkIdOf} from "../../src/types/digests.ts";
import {type DkgBody, encodeDkgBody} from "../../src/types/dkg.ts";
import type {DkgMessage, Fact, MixinOutput} from "../../src/types/facts.ts";
import {type Genesis, PARAMETERS_LAN} from "../../src/types/genesis.ts";
import {type Uuid, uuidFromHex} from "../../src/types/ids.ts";
import {type MaskFact, maskFromSignature, pairId} from "../../src/types/mask.ts";
import {encodeMemo, encodeRawMemo, PURPOSE} from "../../src/types/operation.ts";
import {quorumOf} from "../../src/types/validators.ts";

/** 32 bytes that depend on the text, and a valid BLS scalar and secp256k1 key. */
export function secretOf(text: string): Uint8Array {
  const bytes = sha256(utf8(text));
  bytes[0] = (bytes[0] as number) & 0x3f;
  return bytes;
}

/** A UUID that depends on the text. */
export function uuidOf(text: string): Uuid {
  return uuidFromHex(toHex(sha256(utf8(text)).subarray(0, 16)));
}

const hex32 = (text: string) => toHex(sha256(utf8(text)));

export interface TestNetwork {
  readonly genesis: Genesis;
  /** By validator index: consensus and dealing keys. */
  readonly keys: readonly {readonly consensus: Uint8Array; readonly encSecret: Uint8Array}[];
}

/** Reproducible: validator i has `seats[i]` seats; platforms on chains 31337 (home) and 31338. */
export function testNetwork(seats: readonly number[] = [1, 1, 1, 1]): TestNetwork {
  const staking = addressOf(secretOf("staking"));
  const salt = hex32("salt");
  const networkId = networkIdOf({homeChainId: 31_337, staking, salt});
  const people = seats
    .map((count, i) => ({
      operator: addressOf(secretOf(`operator ${i}`)),
      consensus: secretOf(`consensus ${i}`),
      encSecret: secretOf(`dealing ${i}`),
      seats: count,
    }))
    .sort((a, b) => (a.operator < b.operator ? -1 : 1));
  const validators = people.map(({operator, consensus, encSecret, seats: count}, i) => ({
    operator,
    consensusKey: addressOf(consensus),
    seats: count,
    peerId: `peer-${i}`,
    encKey: toHex(blsPublicKey(encSecret)),
    encKeyProof: toHex(encKeyProof(encSecret, {networkId, epoch: 2n ** 64n - 1n, operator})),
    mixinUsers: Array.from({length: count}, (_, j) => uuidOf(`seat ${i} ${j}`)),
  }));
  const platforms = [31_337, 31_338].map((chainId) => ({chainId, group: addressOf(secretOf(`group ${chainId}`)), finality: 0}));
  return {
    genesis: {
      networkId,
      homeChainId: 31_337,
      staking,
      salt,
      platforms,
      epoch0Block: 10,
      epoch0Time: 1_700_000_000,
      feeAsset: uuidOf("fee asset"),
      parameters: PARAMETERS_LAN,
      validators,
    },
    keys: people.map(({consensus, encSecret}) => ({consensus, encSecret})),
  };
}

/** A ledger that blocks are built on, one after the other. */
export class TestLedger {
  readonly network: TestNetwork;
  state: LedgerState;
  parent: Parent;

  constructor(network: TestNetwork = testNetwork()) {
    this.network = network;
    this.state = genesisState(network.genesis);
    this.parent = genesisParent(network.genesis);
  }

  /** Another ledger at the same place. */
  fork(): TestLedger {
    const copy = new TestLedger(this.network);
    copy.state = this.state;
    copy.parent = this.parent;
    return copy;
  }

  /** Decides a block of these facts. */
  decide(...facts: readonly Fact[]): Applied {
    const proposer = addressOf((this.network.keys[0] as {consensus: Uint8Array}).consensus);
    const {block, applied} = buildBlock(this.state, this.parent, {epoch: epochsOf(this.state).current, proposer, facts});
    this.state = applied.state;
    this.parent = {hash: blockHash(block), height: block.height, time: applied.time};
    return applied;
  }

  dkgFact(from: number, body: DkgBody): DkgMessage {
    const bytes = encodeDkgBody(body);
    const digest = dkgMessageDigest(this.network.genesis.networkId, bytes);
    return {kind: "dkgMessage", from, body: bytes, signature: sign((this.network.keys[from] as {consensus: Uint8Array}).consensus, digest)};
  }

  dealingFact(from: number): DkgMessage {
    return this.dkgFact(from, makeDealing({session: this.state.session, dealerIndex: from, dealerSeed: secretOf(`seed ${from}`)}));
  }

  ackFacts(from: number): DkgMessage[] {
    const {session} = this.state;
    const encSecret = (this.network.keys[from] as {encSecret: Uint8Array}).encSecret;
    const {shares} = openShares({session, validatorIndex: from, encSecret});
    return makeAcks({session, shares}).map((ack) => this.dkgFact(from, ack));
  }

  /** The group's signature on a pair, as any quorum of the validators makes it. */
  maskFact(of: {process?: Uuid; senders?: readonly Uuid[]; threshold?: number} = {}): MaskFact {
    const pair = {process: of.process ?? APP, senders: [...(of.senders ?? [USER])].sort(), threshold: of.threshold ?? 1};
    const digest = maskDigest({networkId: this.network.genesis.networkId, ...pair});
    const partials = [...this.#shares()].map(([seat, secret]) => ({seat, signature: blsSign(secret, digest)}));
    return {kind: "mask", ...pair, signature: recoverSignature(partials)};
  }

  /** The mask that a pair gets. */
  mask(of: {process?: Uuid; senders?: readonly Uuid[]; threshold?: number} = {}): Uuid {
    return maskFromSignature(this.maskFact(of).signature);
  }

  /** As if the pair had got its mask by an earlier payment. */
  introduce(of: {process?: Uuid; senders?: readonly Uuid[]; threshold?: number} = {}): this {
    const {process, senders, threshold, signature} = this.maskFact(of);
    const draft = new Draft(this.state.tree);
    const mask = maskFromSignature(signature);
    const pair = {process, senders, threshold};
    draft.put(PAIRS, pairId(this.network.genesis.networkId, pair), {...pair, mask});
    draft.put(MASKS, [process, mask], {senders, threshold});
    this.state = {...this.state, tree: draft.commit()};
    return this;
  }

  /** Seat → secret, of a quorum. */
  #shares(): Map<number, Uint8Array> {
    const {session} = this.state;
    const all = this.network.keys.flatMap(({encSecret}, validatorIndex) => [...openShares({session, validatorIndex, encSecret}).shares]);
    return new Map(all.slice(0, quorumOf(all.length)));
  }

  /** Runs the DKG through blocks until the key is there. */
  runDkg(): this {
    const indices = this.network.keys.map((_, i) => i);
    for (const i of indices) this.decide(this.dealingFact(i));
    while (this.state.session.phase === "complain") this.decide({kind: "tick"});
    for (const fact of indices.flatMap((i) => this.ackFacts(i))) if (needsTicks(this.state)) this.decide(fact);
    return this;
  }
}

export const BTC = uuidOf("BTC");
export const USER = uuidOf("user");
export const APP = uuidOf("app process");
export const APP_ADDRESS = addressOf(secretOf("app"));

/** An output that pays the group; ids and hashes follow from the sequence. */
export function outputFact(sequence: number | bigint, of: Partial<MixinOutput> = {}): MixinOutput {
  return {
    kind: "mixinOutput",
    outputId: uuidOf(`output ${sequence}`),
    sequence: BigInt(sequence),
    txHash: toHex(keccak256(utf8(`tx ${sequence}`))),
    index: 0,
    requestId: uuidOf(`request ${sequence}`),
    asset: BTC,
    amount: 100n,
    receiversHash: hex32("group"),
    senders: [USER],
    sendersThreshold: 1,
    extra: new Uint8Array(0),
    references: [],
    createdAt: 1_700_000_001_000_000_000n + BigInt(sequence),
    ...of,
  };
}

export function messageMemo(process: Uuid = APP, extra: Uint8Array = new Uint8Array(0)): Uint8Array {
  return encodeRawMemo({purpose: PURPOSE.message, process, platform: "", address: "", extra});
}

export function registerMemo(
  of: {process?: Uuid; platform?: string; address?: string; extra?: Uint8Array; purpose?: number} = {},
): Uint8Array {
  const base = {purpose: PURPOSE.register, process: APP, platform: "", address: APP_ADDRESS, extra: new Uint8Array(0)};
  return utf8(encodeMemo({...base, ...of}));
}

/** Registers `process` with a payment from itself. */
export function registrationFact(sequence: number | bigint, process: Uuid = APP): MixinOutput {
  return outputFact(sequence, {senders: [process], extra: registerMemo({process}), amount: 5n});
}
