import {bytesToBig, type Hex} from "../../src/base/bytes.ts";
import {blsSign} from "../../src/crypto/bls.ts";
import {mod, scalarToBytes} from "../../src/crypto/scalar.ts";
import {addressOf, sign} from "../../src/crypto/secp256k1.ts";
import {openShares} from "../../src/dkg/open.ts";
import {buildBlock} from "../../src/mvm/ledger.ts";
import {groupKey, needsTicks} from "../../src/mvm/queries.ts";
import {type Block, blockHash, encodeBlock} from "../../src/types/block.ts";
import {certificateDigest, domainSeparator, voteDigest} from "../../src/types/digests.ts";
import type {Fact} from "../../src/types/facts.ts";
import {type DecidedBlock, encodeDecidedBlock} from "../../src/types/messages.ts";
import type {Proof} from "../../src/types/votes.ts";
import {outputFact, TestLedger} from "./ledger.ts";

/** A decided chain made without consensus: its DKG in the first blocks, then one payment a block, under the group's own key. */
export class LongChain {
  readonly ledger = new TestLedger();
  readonly blocks: DecidedBlock[] = [];
  #secret: Uint8Array | null = null;

  /** @param first  sequence of the first payment: chains with others fork after the DKG */
  constructor(length: number, first = 1) {
    this.#runDkg();
    for (let sequence = first; this.blocks.length < length; sequence++) this.#decide(outputFact(sequence));
  }

  /** K. */
  get keyHeight(): number {
    return groupKey(this.ledger.state)?.keyHeight ?? 0;
  }
  serve(from: number, count: number): Uint8Array[] {
    return this.blocks.slice(from - 1, from - 1 + count).map(encodeDecidedBlock);
  }

  #runDkg(): void {
    const {ledger} = this;
    const indices = ledger.network.keys.map((_, i) => i);
    for (const i of indices) this.#decide(ledger.dealingFact(i));
    while (ledger.state.session.phase === "complain") this.#decide({kind: "tick"});
    const {session} = ledger.state;
    const shares = indices.flatMap((i) => [
      ...openShares({session, validatorIndex: i, encSecret: (ledger.network.keys[i] as {encSecret: Uint8Array}).encSecret}).shares,
    ]);
    const acks = indices.flatMap((i) => ledger.ackFacts(i));
    for (const fact of acks) if (needsTicks(ledger.state)) this.#decide(fact);
    this.#secret = secretOf(shares);
  }

  #decide(...facts: Fact[]): void {
    const {ledger} = this;
    const proposer = addressOf((ledger.network.keys[0] as {consensus: Uint8Array}).consensus);
    const {block, applied} = buildBlock(ledger.state, ledger.parent, {epoch: 0, proposer, facts});
    const hash = blockHash(block);
    ledger.state = applied.state;
    ledger.parent = {hash, height: block.height, time: applied.time};
    this.blocks.push({block: encodeBlock(block), proof: this.#prove(block, hash)});
  }

  #prove({height}: Block, hash: Hex): Proof {
    const {genesis, keys} = this.ledger.network;
    const fields = {epoch: 0, height, round: 0, blockHash: hash};
    if (this.#secret !== null) {
      const signature = blsSign(this.#secret, certificateDigest({...fields, networkId: genesis.networkId}));
      return {kind: "certificate", certificate: {...fields, signature}};
    }
    const domain = domainSeparator(genesis);
    const vote = {...fields, type: "precommit" as const};
    return {kind: "votes", votes: keys.map(({consensus}, from) => ({...vote, from, signature: sign(consensus, voteDigest(domain, vote))}))};
  }
}

/** The secret that shares of all seats make, by Lagrange interpolation at 0. */
function secretOf(shares: readonly (readonly [number, Uint8Array])[]): Uint8Array {
  const r = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
  const power = (base: bigint, exponent: bigint): bigint => {
    let [result, square] = [1n, mod(base)];
    for (let e = exponent; e > 0n; e >>= 1n) {
      if (e & 1n) result = mod(result * square);
      square = mod(square * square);
    }
    return result;
  };
  let sum = 0n;
  for (const [seat, share] of shares) {
    let [top, bottom] = [1n, 1n];
    for (const [other] of shares) {
      if (other === seat) continue;
      top = mod(top * BigInt(other));
      bottom = mod(bottom * mod(BigInt(other - seat)));
    }
    sum = mod(sum + bytesToBig(share) * mod(top * power(bottom, r - 2n)));
  }
  return scalarToBytes(sum);
}
