import {beforeAll, describe, expect, test} from "vitest";
import {APP, messageMemo, outputFact, registrationFact, TestLedger, USER, uuidOf} from "../../../test/support/ledger.ts";
import {toHex} from "../../base/bytes.ts";
import {blsSign} from "../../crypto/bls.ts";
import {openShares} from "../../dkg/open.ts";
import {groupKey} from "../../mvm/queries.ts";
import type {Network, Peer} from "../../ports/network.ts";
import {maskDigest} from "../../types/digests.ts";
import type {MaskPair} from "../../types/mask.ts";
import type {MaskPartialsMessage, Message} from "../../types/messages.ts";
import {quorumOf} from "../../types/validators.ts";
import type {DecidedChain} from "../bft/decided-chain.ts";
import type {OwnPartials} from "../bft/own-partials.ts";
import {MaskHost} from "./mask-host.ts";

let started: TestLedger;
beforeAll(() => {
  started = new TestLedger().runDkg();
  started.decide(registrationFact(1));
});

const PAIR: MaskPair = {process: APP, senders: [USER], threshold: 1};
const peer = (validator: number | null): Peer => ({peerId: `peer ${validator}`, validator});

/** The host of validator 0, on a ledger that the test moves on. */
class Rig {
  readonly ledger = started.fork();
  readonly sent: Message[] = [];
  readonly host: MaskHost;
  ready = 0;
  #decided: ((decision: {replay: boolean}) => void)[] = [];

  constructor() {
    const {ledger} = this;
    const publicShares = groupKey(ledger.state)?.publicShares ?? [];
    const epochSet = {epoch: 0, from: null, quorum: quorumOf(4), shares: {publicShares}};
    const chain = {
      genesis: ledger.network.genesis,
      epochSet,
      get height() {
        return ledger.parent.height;
      },
      get state() {
        return ledger.state;
      },
      onDecided: (listener: (decision: {replay: boolean}) => void) => this.#decided.push(listener),
    };
    const own = {ofMask: (pair: MaskPair) => this.partials(0, pair).partials};
    const log = {debug() {}, info() {}, warn() {}, error() {}, child: () => log};
    this.host = new MaskHost({
      chain: chain as unknown as DecidedChain,
      network: {resend: (message: Message) => this.sent.push(message)} as unknown as Network,
      own: own as unknown as OwnPartials,
      seatsOf: (validator) => [validator + 1],
      clock: {now: () => 0, after: () => () => {}},
      log,
    });
    this.host.onNew(() => this.ready++);
  }

  /** Payments from these senders are decided. */
  pay(...senders: string[]): this {
    const at = this.ledger.parent.height * 100;
    this.ledger.decide(...senders.map((sender, i) => outputFact(at + i, {senders: [sender], extra: messageMemo()})));
    for (const listener of this.#decided) listener({replay: false});
    return this;
  }

  partials(validator: number, pair: MaskPair = PAIR, break_ = false): MaskPartialsMessage {
    const {network, state} = this.ledger;
    const encSecret = (network.keys[validator] as {encSecret: Uint8Array}).encSecret;
    const digest = maskDigest({networkId: network.genesis.networkId, ...pair});
    const {shares} = openShares({session: state.session, validatorIndex: validator, encSecret});
    const signed = break_ ? digest.slice().reverse() : digest;
    return {
      kind: "maskPartials",
      digest: toHex(digest),
      partials: [...shares].map(([seat, secret]) => ({seat, signature: blsSign(secret, signed)})),
    };
  }
}

describe("a pair that a decided payment wants a mask for", () => {
  test("is signed, gathered from a quorum, and offered until a block has it", () => {
    const rig = new Rig().pay(USER);
    expect(rig.sent).toEqual([rig.partials(0)]);
    expect(rig.host.receive(rig.partials(1), peer(1))).toBe("accept");
    expect([rig.host.admissible(), rig.ready]).toEqual([[], 0]);
    expect(rig.host.receive(rig.partials(2), peer(2))).toBe("accept");
    expect(rig.host.admissible()).toEqual([rig.ledger.maskFact()]);
    expect(rig.ready).toBe(1);
    expect(rig.host.receive(rig.partials(2), peer(2)), "again").toBe("ignore");
    rig.ledger.decide(...rig.host.admissible());
    expect(rig.host.admissible()).toEqual([]);
  });

  test("is completed also by what came before the own ledger wanted it", () => {
    const rig = new Rig();
    for (const validator of [1, 2]) rig.host.receive(rig.partials(validator), peer(validator));
    expect(rig.host.admissible()).toEqual([]);
    rig.pay(USER);
    expect(rig.host.admissible()).toHaveLength(1);
  });

  test("is completed without those who sign badly, who are told apart", () => {
    const rig = new Rig().pay(USER);
    rig.host.receive(rig.partials(1, PAIR, true), peer(1));
    rig.host.receive(rig.partials(2), peer(2));
    expect(rig.host.admissible()).toEqual([]);
    expect(rig.host.receive(rig.partials(1, PAIR, true), peer(1)), "in time to spoil it again").toBe("reject");
    rig.host.receive(rig.partials(3), peer(3));
    expect(rig.host.admissible()).toEqual([rig.ledger.maskFact()]);
  });
});

describe("nobody gets a signature", () => {
  test("on a pair that no decided payment names, whatever is sent", () => {
    const rig = new Rig();
    for (const validator of [1, 2, 3]) rig.host.receive(rig.partials(validator), peer(validator));
    expect(rig.sent).toEqual([]);
    expect(rig.host.admissible()).toEqual([]);
  });

  test("or a hearing as an observer, or for another's seats", () => {
    const rig = new Rig().pay(USER);
    expect(rig.host.receive(rig.partials(1), peer(null))).toBe("reject");
    expect(rig.host.receive(rig.partials(1), peer(2))).toBe("reject");
  });

  test("before those who paid earlier: the window is the oldest 64 pairs", () => {
    const senders = Array.from({length: 70}, (_, i) => uuidOf(`sender ${i}`));
    const rig = new Rig().pay(...senders);
    expect(rig.sent).toHaveLength(64);
  });
});
