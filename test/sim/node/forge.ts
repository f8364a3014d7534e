import {type Hex, toHex} from "../../../src/base/bytes.ts";
import {blsSign} from "../../../src/crypto/bls.ts";
import {chooseFacts} from "../../../src/mvm/choose.ts";
import {openPayouts} from "../../../src/mvm/queries.ts";
import {type ConsensusSigner, createSigner, digestsOf} from "../../../src/node/bft/signer.ts";
import {type Block, blockHash, encodeBlock} from "../../../src/types/block.ts";
import {certificateDigest} from "../../../src/types/digests.ts";
import type {Fact} from "../../../src/types/facts.ts";
import type {Message, ProposalMessage, VoteMessage} from "../../../src/types/messages.ts";
import type {SeatSignature, SignedVote} from "../../../src/types/votes.ts";
import {outboundLog} from "../../support/group-logs.ts";
import {APP, BTC, outputFact} from "../../support/ledger.ts";
import type {Prng} from "../prng.ts";
import {idOf} from "./mixin.ts";
import type {Scene} from "./scene.ts";
import type {SimValidator} from "./validator.ts";

const LIES = ["whole", "part", "invented-output", "wrong-root", "invented-receipt", "invented-log", "other-proposer"] as const;
type BlockKind = (typeof LIES)[number];

/** Makes what a liar sends: real signatures of its own keys under anything. */
export class Forge {
  readonly #scene: Scene;
  readonly #me: number;
  readonly #random: Prng;
  readonly #signer: ConsensusSigner;
  readonly #shares: readonly (readonly [number, Uint8Array])[];
  readonly #blocks = new Map<Hex, Uint8Array>();
  /** height → hashes of blocks for it, in the order in which they came. */
  readonly #byHeight = new Map<number, Hex[]>();
  /** `height/round/type/hash` → votes. */
  readonly #votes = new Map<string, Map<number, SignedVote>>();
  #invented = 0;

  constructor(scene: Scene, me: number, random: Prng) {
    this.#scene = scene;
    this.#me = me;
    this.#random = random;
    const {genesis, keys, disks} = scene.beginning;
    this.#signer = createSigner(keys[me]?.consensus ?? new Uint8Array(32), digestsOf(genesis));
    this.#shares = [...(disks[me]?.shares.values() ?? [])].flatMap((shares) => [...shares]);
  }

  learnVote(vote: SignedVote): void {
    if (vote.blockHash === null) return;
    const key = `${vote.height}/${vote.round}/${vote.type}/${vote.blockHash}`;
    const votes = this.#votes.get(key) ?? new Map<number, SignedVote>();
    this.#votes.set(key, votes.set(vote.from, vote));
  }

  learnProposal({proposal, block}: ProposalMessage): void {
    this.#keep(proposal.height, proposal.blockHash, block);
  }

  known(height: number): readonly Hex[] {
    return this.#byHeight.get(height) ?? [];
  }

  /** The height that some honest validator works on. */
  height(): number {
    return (this.#honest()[0]?.parts?.chain.height ?? 0) + 1;
  }

  /** A hash of nothing. */
  random(): Hex {
    return this.#hash();
  }

  /** The block of this round with most votes: the one that a single vote more may bring over the quorum. */
  leading(type: SignedVote["type"], height: number, round: number): Hex | null {
    const of = this.known(height).map((hash) => ({hash, votes: this.#votes.get(`${height}/${round}/prevote/${hash}`)?.size ?? 0}));
    const first = of.sort((a, b) => b.votes - a.votes)[0];
    return first === undefined || (type === "precommit" && first.votes === 0) ? null : first.hash;
  }

  /** A block that follows the chain of some honest validator at this height, true or not; null where none stands there. */
  block(height: number, kind: BlockKind = this.#random.pick(LIES)): Hex | null {
    const at = this.#honest().filter(({parts}) => parts?.chain.height === height - 1);
    if (at.length === 0) return null;
    const parts = this.#random.pick(at).parts;
    if (parts === null) return null;
    const {chain, sources} = parts;
    const facts = this.#twist(kind, [...sources.candidates()], chain.state);
    const {facts: fitting} = chooseFacts(chain.state, facts);
    if (fitting.length === 0) return null;
    const {validators} = chain.epochSet;
    const proposer = validators[kind === "other-proposer" ? this.#random.int(0, validators.length - 1) : this.#me]?.consensusKey;
    const {block} = chain.build(proposer ?? this.#signer.address, fitting);
    const final: Block = kind === "wrong-root" ? {...block, header: {...block.header, stateRoot: this.#hash()}} : block;
    return this.#keep(height, blockHash(final), encodeBlock(final));
  }

  proposal(of: {height: number; round: number; block: Hex; lies: boolean}): ProposalMessage | null {
    const {height, round, block: hash} = of;
    const block = this.#blocks.get(hash);
    if (block === undefined) return null;
    const polkas = Array.from({length: round}, (_, r) => r).filter((r) => this.#polka(height, r, hash).length > 0);
    const isAgain = polkas.length > 0 && this.#random.chance(0.7);
    const polRound = isAgain ? this.#random.pick(polkas) : of.lies && this.#random.chance(0.2) ? this.#random.int(-1, round) : -1;
    const fields = {epoch: 0, height, round, polRound, blockHash: hash};
    const isWithheld = of.lies && this.#random.chance(0.1);
    const polka = polRound < 0 || isWithheld ? [] : this.#polka(height, polRound, hash);
    return {kind: "proposal", proposal: {...fields, from: this.#me, signature: this.#signer.proposal(fields)}, block, polka};
  }

  vote(of: {type: SignedVote["type"]; height: number; round: number; value: Hex | null}): VoteMessage {
    const {type, height, round, value: hash} = of;
    const fields = {epoch: 0, height, round, type, blockHash: hash};
    const partials = type === "precommit" && hash !== null ? this.#partials(height, round, hash) : [];
    return {kind: "vote", vote: {...fields, from: this.#me, signature: this.#signer.vote(fields)}, partials};
  }

  partials(height: number): Message | null {
    if (this.known(height).length === 0) return null;
    const blockHash = this.#random.pick(this.known(height));
    const round = this.#random.int(0, 2);
    return {kind: "partials", epoch: 0, height, round, blockHash, partials: this.#partials(height, round, blockHash)};
  }

  status(): Message {
    const random = this.#random;
    const honest = this.#honest()[0]?.parts?.chain.height ?? 0;
    const height = random.chance(0.3) ? Number.MAX_SAFE_INTEGER : Math.max(0, honest + random.int(-3, 5));
    return {kind: "status", height, round: random.int(0, 9), outputs: Array.from({length: random.int(0, 5)}, () => idOf(this.#hash()))};
  }

  certificate(): Message {
    const heights = [...this.#byHeight.keys()];
    const height = heights.length === 0 ? 1 : this.#random.pick(heights);
    const blockHash = this.known(height).at(-1) ?? this.#hash();
    const [share] = this.#shares;
    const signature = share === undefined ? new Uint8Array(96) : blsSign(share[1], new Uint8Array(32));
    return {kind: "certificate", certificate: {epoch: 0, height, round: this.#random.int(0, 3), blockHash, signature}};
  }

  noise(): Message {
    const body = Uint8Array.from({length: this.#random.int(0, 80)}, () => this.#random.int(0, 255));
    const platform = this.#scene.chain.platform;
    return this.#random.chance(0.5)
      ? {kind: "dkg", from: this.#me, body, signature: this.#signer.dkg(body)}
      : {kind: "activation", from: this.#me, platform, sid: this.#hash(), signature: this.#signer.dkg(body)};
  }

  /** The same bytes but for one, or cut. */
  mutated(bytes: Uint8Array): Uint8Array {
    if (this.#random.chance(0.3)) return bytes.slice(0, this.#random.int(0, bytes.length));
    const changed = bytes.slice();
    const at = this.#random.int(0, bytes.length - 1);
    changed[at] = ((changed[at] ?? 0) ^ (1 << this.#random.int(0, 7))) & 0xff;
    return changed;
  }

  #twist(kind: BlockKind, facts: Fact[], state: Parameters<typeof openPayouts>[0]): Fact[] {
    const random = this.#random;
    const {platform, ledger} = this.#scene.chain;
    switch (kind) {
      case "part":
        return facts.filter(({kind: of}) => of === "chainHead" || of === "chainLog" || random.chance(0.5));
      case "invented-output":
        return [...facts, outputFact(10_000 + this.#invented, {outputId: idOf(`invented ${this.#invented++}`), asset: BTC})];
      case "invented-receipt": {
        const open = openPayouts(state)[0];
        return open === undefined ? facts : [...facts, {kind: "payoutReceipt", traceId: open.traceId, txHash: this.#hash()}];
      }
      case "invented-log": {
        const number = (ledger.blocks.at(-1)?.number ?? 0) + 1;
        const log = outboundLog({
          process: APP,
          nonce: 99n,
          asset: BTC,
          amount: 1n,
          kind: 1,
          receiver: new Uint8Array(16).fill(7),
          memo: new Uint8Array(0),
        });
        const others = facts.filter(({kind: of}) => of !== "chainHead" && of !== "chainLog");
        const head: Fact = {kind: "chainHead", platform, number, hash: this.#hash(), timestamp: 1_700_000_000, logs: 1};
        return [...others, head, {kind: "chainLog", platform, block: number, index: 0, ...log}];
      }
      default:
        return facts;
    }
  }

  /** None, good ones, or bad ones. */
  #partials(height: number, round: number, hash: Hex): SeatSignature[] {
    const roll = this.#random.int(0, 2);
    const {networkId} = this.#scene.beginning.genesis;
    const digest = certificateDigest({networkId, epoch: 0, height, round: roll === 1 ? round : round + 1, blockHash: hash});
    return roll === 0 ? [] : this.#shares.map(([seat, secret]) => ({seat, signature: blsSign(secret, digest)}));
  }

  /** Prevotes of a quorum with the own one, if there are so many. */
  #polka(height: number, round: number, hash: Hex): SignedVote[] {
    const votes = new Map(this.#votes.get(`${height}/${round}/prevote/${hash}`));
    const own = this.vote({type: "prevote", height, round, value: hash}).vote;
    votes.set(this.#me, own);
    const {quorum, validators} = this.#scene.epochSet();
    const seats = [...votes.keys()].reduce((sum, i) => sum + (validators[i]?.seats ?? 0), 0);
    return seats >= quorum ? [...votes.values()].sort((a, b) => a.from - b.from) : [];
  }

  #keep(height: number, hash: Hex, bytes: Uint8Array): Hex {
    if (!this.#blocks.has(hash)) this.#byHeight.set(height, [...this.known(height), hash]);
    this.#blocks.set(hash, bytes);
    return hash;
  }

  #honest(): SimValidator[] {
    return [...this.#scene.honest.values()].filter((node) => node.isUp && node.isStarted);
  }

  #hash(): Hex {
    return toHex(Uint8Array.from({length: 32}, () => this.#random.int(0, 255)));
  }
}
