import type {Hex} from "../../../src/base/bytes.ts";
import type {Peer, Verdict} from "../../../src/ports/network.ts";
import {encodeMessage, type Message, type VoteMessage} from "../../../src/types/messages.ts";
import type {SignedVote} from "../../../src/types/votes.ts";
import type {Prng} from "../prng.ts";
import {Forge} from "./forge.ts";
import {Life} from "./life.ts";
import type {Scene} from "./scene.ts";
import {syncAnswer} from "./sync-lies.ts";

/** How a liar treats the others; drawn once per run. A `favourite` alone gets the votes that complete a quorum: that is how locks get hidden. */
const MOODS = ["random", "favourite", "late", "almost-honest"] as const;
const SEEN_MAX = 200;

/**
 * A validator that signs whatever may hurt: two proposals in a round, different votes to different peers, both votes to one, votes for
 * rounds far away, blocks with facts that do not exist, polkas that are none, bad partial signatures, wrong certificates, and noise.
 * It knows what any honest validator knows. It cannot sign for others.
 */
export class Liar {
  readonly #scene: Scene;
  readonly #me: number;
  readonly #random: Prng;
  readonly #forge: Forge;
  readonly #mood: (typeof MOODS)[number];
  readonly #others: readonly number[];
  readonly #acted = new Set<string>();
  readonly #seen: Uint8Array[] = [];
  #favourite: number;

  constructor(scene: Scene, me: number) {
    this.#scene = scene;
    this.#me = me;
    this.#random = scene.world.chance("liar");
    this.#mood = this.#random.pick(MOODS);
    this.#others = scene.beginning.genesis.validators.map((_, i) => i).filter((i) => i !== me);
    this.#favourite = this.#random.pick(this.#others);
    this.#forge = new Forge(scene, me, this.#random);
  }

  start(): void {
    const {world, net} = this.#scene;
    world.note(`${this.#me} lies: ${this.#mood}`);
    const life = new Life(world);
    net.join(this.#me, {
      life,
      audience: null,
      handler: {
        receive: (message, from) => this.#hear(message, from),
        serveBlocks: (from, count) => syncAnswer(this.#scene, this.#random, from, count),
        serveSnapshot: async () => null,
        connected: () => {},
      },
    });
    for (const other of this.#others) world.after(this.#random.int(1, 30), () => net.connect(this.#me, other));
    this.#disturb();
  }

  #hear(message: Message, _: Peer): Verdict {
    if (this.#seen.length < SEEN_MAX || this.#random.chance(0.1)) {
      const at = this.#seen.length < SEEN_MAX ? this.#seen.length : this.#random.int(0, SEEN_MAX - 1);
      this.#seen[at] = encodeMessage(message);
    }
    if (message.kind === "vote") this.#forge.learnVote(message.vote);
    if (message.kind === "proposal") this.#forge.learnProposal(message);
    if (message.kind === "vote") this.#act(message.vote.height, message.vote.round);
    if (message.kind === "proposal") this.#act(message.proposal.height, message.proposal.round);
    if (message.kind === "status") this.#act(message.height + 1, 0);
    return "ignore";
  }

  #act(height: number, round: number): void {
    const key = `${height}/${round}`;
    if (this.#acted.has(key)) return;
    this.#acted.add(key);
    const random = this.#random;
    if (random.chance(0.3)) this.#favourite = random.pick(this.#others);
    const {set} = this.#scene.epochSet();
    if (set.schedule[(height + round) % set.schedule.length] === this.#me)
      for (const ms of this.#mood === "almost-honest" ? [5] : [random.int(0, 100), random.int(0, 300)])
        this.#soon(ms, () => this.#propose(height, round));
    const lag = this.#mood === "late" ? random.int(100, 2_000) : 0;
    this.#soon(lag + random.int(0, 60), () => this.#vote("prevote", height, round));
    this.#soon(lag + random.int(20, 300), () => this.#vote("precommit", height, round));
    if (random.chance(0.3)) this.#soon(random.int(50, 1_000), () => this.#precommitPartials(height));
  }

  #propose(height: number, round: number): void {
    const random = this.#random;
    const honest = this.#mood === "almost-honest";
    const made = honest ? [this.#forge.block(height, "whole")] : [0, 1, 2].map(() => this.#forge.block(height));
    const blocks = [...made.flatMap((block) => block ?? []), ...this.#forge.known(height)];
    if (blocks.length === 0) return;
    for (const to of this.#others)
      for (let times = honest ? 1 : random.int(0, 3); times > 0; times--) {
        const block = honest ? (blocks[0] as Hex) : random.pick(blocks);
        this.#tell(to, this.#forge.proposal({height, round, block, lies: !honest}));
      }
  }

  #vote(type: SignedVote["type"], height: number, round: number): void {
    const random = this.#random;
    const best = this.#forge.leading(type, height, round);
    for (const to of this.#others) {
      const isFavoured = this.#mood === "favourite" && to === this.#favourite;
      if (this.#mood === "favourite" && !isFavoured) {
        if (random.chance(0.5)) this.#tell(to, this.#forge.vote({type, height, round, value: null}));
        continue;
      }
      const certain = isFavoured || this.#mood === "almost-honest";
      const choices = [null, best, ...this.#forge.known(height).slice(-4)];
      for (let times = certain ? 1 : random.int(0, 3); times > 0; times--)
        this.#tell(to, this.#forge.vote({type, height, round, value: certain ? best : random.pick(choices)}));
      // rounds to come, and rounds that are over
      for (const ahead of [1, 2, 5, 900, -1, -2])
        if (round + ahead >= 0 && random.chance(0.03))
          this.#tell(to, this.#forge.vote({type, height, round: round + ahead, value: random.pick(choices)}));
    }
  }

  /** Partial signatures after the decision, some of them bad. */
  #precommitPartials(height: number): void {
    const message = this.#forge.partials(height);
    if (message !== null) for (const to of this.#others) if (this.#random.chance(0.7)) this.#tell(to, message);
  }

  /** Every now and then: noise, old messages, wrong heights, invented outputs, certificates that are none. */
  #disturb(): void {
    const random = this.#random;
    const to = random.pick(this.#others);
    if (this.#mood !== "almost-honest" || random.chance(0.1)) {
      const old = this.#seen.length === 0 ? null : random.pick(this.#seen);
      const roll = random.int(0, 5);
      if (roll <= 1 && old !== null) this.#put(to, roll === 0 ? old : this.#forge.mutated(old));
      else if (roll === 2) this.#tell(to, this.#forge.status());
      else if (roll === 3) this.#tell(to, this.#forge.certificate());
      else if (roll === 4) this.#tell(to, this.#forge.noise());
      else if (random.chance(0.2)) this.#flood(to);
    }
    this.#soon(random.int(20, 400), () => this.#disturb());
  }

  /** Much of one thing: proposals for rounds to come, votes for far rounds, the next height. */
  #flood(to: number): void {
    const random = this.#random;
    const {schedule} = this.#scene.epochSet().set;
    const height = this.#forge.height() + random.int(0, 1);
    const round =
      Array.from({length: 12}, (_, r) => r + random.int(0, 3)).find((r) => schedule[(height + r) % schedule.length] === this.#me) ?? 0;
    const kind = random.int(0, 2);
    for (let n = random.int(20, 60); n > 0; n--) {
      const block = kind === 0 ? this.#forge.block(height, "wrong-root") : null;
      if (block !== null) this.#tell(to, this.#forge.proposal({height, round, block, lies: false}));
      else if (kind === 1)
        this.#tell(to, this.#forge.vote({type: "prevote", height, round: random.int(0, 990), value: this.#forge.random()}));
      else this.#tell(to, this.#forge.vote({type: "precommit", height: height + 1, round: random.int(0, 990), value: null}));
    }
  }

  #tell(to: number, message: Message | null): void {
    if (message === null) return;
    if (message.kind === "vote") this.#forge.learnVote((message satisfies VoteMessage).vote);
    this.#put(to, encodeMessage(message));
  }

  #put(to: number, bytes: Uint8Array): void {
    this.#scene.net.carry(this.#me, to, bytes);
  }

  #soon(ms: number, run: () => void): void {
    this.#scene.world.after(ms, run);
  }
}
