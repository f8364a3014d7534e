import type {Hex} from "../../../src/base/bytes.ts";
import type {MixinOutput} from "../../../src/types/facts.ts";
import {encodeMessage, type Message} from "../../../src/types/messages.ts";
import {APP, messageMemo, outputFact, USER} from "../../support/ledger.ts";
import {noFaults, withKey} from "./beginning.ts";
import type {Faults} from "./faults.ts";
import {Forge} from "./forge.ts";
import {Scene} from "./scene.ts";
import type {SimValidator} from "./validator.ts";

/** How long a scenario waits for what it expects, virtual ms. */
const PATIENCE_MS = 60_000;

/** Three whole validators, and a fourth that a test plays by hand: it proposes round 0 of the height in progress, and is silent otherwise. */
export class Stage {
  readonly scene: Scene;
  readonly forge: Forge;
  /** The one that the test plays, and the others in the order in which they propose. */
  readonly liar: number;
  readonly honest: readonly number[];
  readonly height: number;
  readonly #proposed = new Map<number, Hex>();

  private constructor(scene: Scene, liar: number, honest: readonly number[], height: number) {
    this.scene = scene;
    this.liar = liar;
    this.honest = honest;
    this.height = height;
    this.forge = new Forge(scene, liar, scene.world.chance("stage"));
    scene.checks.onSent = (message) => {
      if (message.kind === "proposal" && message.proposal.height === height)
        this.#proposed.set(message.proposal.round, message.proposal.blockHash);
    };
  }

  /** @param change  what the faults are, given who lies and who proposes after it */
  static async make(change: (liar: number, honest: readonly number[]) => Partial<Faults> = () => ({})): Promise<Stage> {
    const beginning = await withKey([1, 1, 1, 1]);
    const height = beginning.applied.size + 1;
    const [liar, ...honest] = [0, 1, 2, 3].map((round) => (height + round) % 4) as [number, number, number, number];
    const faults: Faults = {...noFaults(4), villain: {validator: liar, kind: "silent"}, ...change(liar, honest)};
    return new Stage(new Scene({seed: 1, beginning, faults, isTraced: true, sendsBack: 0}), liar, honest, height);
  }

  node(index: number): SimValidator {
    const node = this.scene.honest.get(index);
    if (node === undefined) throw new Error(`${index} is not honest`);
    return node;
  }

  start(...validators: readonly number[]): void {
    for (const index of validators.length === 0 ? this.honest : validators) this.node(index).start();
  }

  pay(sequence = 2): void {
    this.scene.mixin.pay(this.payment(sequence));
  }

  payment(sequence: number): MixinOutput {
    const createdAt = BigInt(this.scene.world.nowMs) * 1_000_000n;
    return outputFact(sequence, {senders: [USER], extra: messageMemo(APP), createdAt});
  }

  /** The block that an honest validator has proposed in this round of the height in progress; null: none yet. */
  proposed(round: number): Hex | null {
    return this.#proposed.get(round) ?? null;
  }

  /** What the liar sends, to these. */
  tell(message: Message | null, ...to: readonly number[]): void {
    if (message === null) throw new Error("nothing to say");
    for (const one of to) this.scene.net.carry(this.liar, one, encodeMessage(message));
  }

  vote(type: "prevote" | "precommit", round: number, value: Hex | null, ...to: readonly number[]): void {
    this.tell(this.forge.vote({type, height: this.height, round, value}), ...to);
  }

  /** Goes on until `isSo`; throws with the run's last lines where it does not come to that, or where something unsafe happens. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    const {world, checks} = this.scene;
    const isOver = await world.run(() => isSo() || checks.violations.length > 0, world.nowMs + PATIENCE_MS);
    if (isOver && checks.violations.length === 0) return;
    throw new Error(`${what}: ${checks.violations[0] ?? "never"}\n${world.trace.slice(-40).join("\n")}`);
  }

  async pass(ms: number): Promise<void> {
    let isOver = false;
    this.scene.world.after(ms, () => {
      isOver = true;
    });
    await this.until("time passes", () => isOver);
  }

  /** Whether the trace has a line with all of these. */
  says(...parts: readonly string[]): boolean {
    return this.scene.world.trace.some((line) => parts.every((part) => line.includes(part)));
  }

  /** Lines of the trace with this. */
  count(part: string): number {
    return this.scene.world.trace.filter((line) => line.includes(part)).length;
  }

  round(index: number): number {
    return this.node(index).parts?.driver.round ?? -1;
  }
}
