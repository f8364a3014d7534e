import {beforeEach, describe, expect, test} from "vitest";
import {testGenesis} from "../../../test/support/cluster.ts";
import {type Author, blockNamed, evidenceBy, proposalBy, voteBy} from "../../../test/support/evidence.ts";
import {secretOf} from "../../../test/support/ledger.ts";
import {MemoryFeed, MemoryHub, MemoryPayouts, MemoryStore, recordingLog} from "../../../test/support/memory.ts";
import {chooseFacts} from "../../mvm/choose.ts";
import {EVIDENCE_PER_BLOCK_MAX} from "../../mvm/evidence.ts";
import type {Network} from "../../ports/network.ts";
import type {Clock} from "../../ports/system.ts";
import {blockHash, encodeBlock} from "../../types/block.ts";
import {type Evidence, evidenceFrom} from "../../types/evidence.ts";
import type {Fact} from "../../types/facts.ts";
import type {Message} from "../../types/messages.ts";
import type {SignedVote} from "../../types/votes.ts";
import {DecidedChain} from "../bft/decided-chain.ts";
import {Sources} from "../bft/sources.ts";
import {EvidencePool} from "./evidence-pool.ts";

const {genesis, keys} = testGenesis([1, 1, 1, 1]);
const authorOf = (from: number): Author => ({genesis, secret: keys[from]?.consensus as Uint8Array, from});
const liar = authorOf(1);

/** A pool on a real chain, with a clock that is wound by hand and a network that only writes down. */
function setUp() {
  const {log, problems} = recordingLog();
  const chain = new DecidedChain(genesis, new MemoryStore(), log);
  const broadcast: Message[] = [];
  const resent: Message[] = [];
  const network: Network = {
    ...new MemoryHub().port(0, {receive: () => "ignore", serveBlocks: async () => [], serveSnapshot: async () => null, connected() {}}),
    broadcast: (message) => broadcast.push(message),
    resend: (message) => resent.push(message),
  };
  const timers = new Set<() => void>();
  const clock: Clock = {
    now: () => 0,
    after: (_, run) => {
      timers.add(run);
      return () => timers.delete(run);
    },
  };
  const tick = () => {
    const due = [...timers];
    timers.clear();
    for (const run of due) run();
  };
  const pool = new EvidencePool({chain, network, clock, log});
  let news = 0;
  pool.onNew(() => news++);
  const decide = async (facts: readonly Fact[], votes: readonly SignedVote[] = []) => {
    const {block, applied} = chain.build(blockNamed(1).slice(0, 42) as `0x${string}`, facts);
    await chain.append({bytes: encodeBlock(block), block, hash: blockHash(block), applied, proof: {kind: "votes", votes}});
  };
  return {chain, pool, broadcast, resent, timers, tick, decide, problems, news: () => news};
}

let t: ReturnType<typeof setUp>;
beforeEach(() => {
  t = setUp();
});
const vote = (of: Partial<SignedVote> = {}, author = liar) => ({kind: "vote" as const, vote: voteBy(author, of), partials: []});
const other = blockNamed(0xbb);

describe("evidence of others", () => {
  const good = evidenceBy(liar);
  const cases: {name: string; evidence: Evidence; verdict: string}[] = [
    {name: "proven", evidence: good, verdict: "accept"},
    {name: "of a proposer", evidence: evidenceBy(liar, {type: "proposal"}), verdict: "accept"},
    {name: "forged", evidence: evidenceBy({...liar, secret: secretOf("stranger")}), verdict: "reject"},
    {name: "half forged", evidence: {...good, second: {...good.second, signature: good.first.signature}} as Evidence, verdict: "reject"},
    {name: "against nobody", evidence: evidenceBy({...liar, from: 4}), verdict: "reject"},
    {name: "of a height that is not yet here", evidence: evidenceBy(liar, {height: 2}), verdict: "ignore"},
    {name: "of another epoch", evidence: evidenceBy(liar, {epoch: 1}), verdict: "ignore"},
  ];
  test.for(cases)("$name: $verdict", ({evidence, verdict}) => {
    expect(t.pool.receive(evidence)).toBe(verdict);
    expect(t.pool.admissible()).toEqual(verdict === "accept" ? [evidence] : []);
    expect([t.news(), t.problems.length]).toEqual(verdict === "accept" ? [1, 1] : [0, 0]);
    expect([t.broadcast, t.pool.takeUnsaved(), t.pool.openOwn()]).toEqual([[], [], []]);
  });

  test("is kept once, also with other signatures, and never again after a block has it", async () => {
    expect(t.pool.receive(good)).toBe("accept");
    const again = evidenceFrom(voteBy(liar, {blockHash: blockNamed(1)}), voteBy(liar, {blockHash: blockNamed(2)})) as Evidence;
    expect([t.pool.receive(good), t.pool.receive(again)]).toEqual(["ignore", "ignore"]);
    await t.decide(t.pool.admissible());
    expect(t.pool.admissible()).toEqual([]);
    expect([t.pool.receive(good), t.pool.receive(again)]).toEqual(["ignore", "ignore"]);
  });

  test("against one validator crowds out none against another, and all that is offered can stand in one block", async () => {
    const against = (from: number) => Array.from({length: 40}, (_, round) => evidenceBy(authorOf(from), {round}));
    const verdicts = [1, 2, 3].flatMap((from) => against(from).map((evidence) => t.pool.receive(evidence)));
    expect(verdicts.filter((v) => v === "accept")).toHaveLength(48);
    const offered = t.pool.admissible();
    expect(offered).toHaveLength(EVIDENCE_PER_BLOCK_MAX);
    expect(chooseFacts(t.chain.state, offered)).toMatchObject({refused: []});
    await t.decide(offered);
    expect(t.pool.admissible()).toHaveLength(48 - EVIDENCE_PER_BLOCK_MAX);
    await t.decide(t.pool.admissible());
    expect(t.pool.admissible()).toEqual([]);
  });
});

describe("what this validator sees itself", () => {
  const evidence = evidenceFrom(voteBy(liar), voteBy(liar, {blockHash: other})) as Evidence;
  const contradict = () => {
    t.pool.watch(vote(), 0);
    t.pool.watch(vote({blockHash: other}), 0);
  };

  test("is told, offered, and handed out once to be written", () => {
    contradict();
    contradict();
    expect([t.broadcast, t.pool.admissible(), t.pool.openOwn()]).toEqual([[evidence], [evidence], [evidence]]);
    expect([t.pool.takeUnsaved(), t.pool.takeUnsaved()]).toEqual([[evidence], []]);
    expect(t.problems).toMatchObject([
      {text: "a validator contradicts itself", fields: {validator: 1, height: 1, round: 0, type: "prevote"}},
    ]);
  });

  test("is sent again until a block has it", async () => {
    await t.pool.start();
    contradict();
    t.tick();
    t.tick();
    expect(t.resent).toEqual([evidence, evidence]);
    await t.decide([evidence]);
    t.tick();
    expect(t.resent).toHaveLength(2);
    await t.pool.stop();
    expect(t.timers.size).toBe(0);
  });

  test("is a candidate for a block, and wakes who makes blocks", () => {
    const sources = new Sources({
      chain: t.chain,
      clock: {now: () => 0, after: () => () => {}},
      observers: [],
      feed: new MemoryFeed(),
      payouts: new MemoryPayouts(),
      dkg: {admissible: () => []},
      evidence: t.pool,
      masks: {admissible: () => [], onNew() {}},
      certificateLag: () => 0,
      unconfirmed: () => null,
    });
    let woken = 0;
    sources.onNew(() => woken++);
    contradict();
    expect(woken).toBe(1);
    expect(sources.candidates()).toContainEqual(evidence);
  });

  test("survives a stop: the log gives it back, unless a block has it by now", async () => {
    t.pool.restore(evidence);
    expect([t.pool.admissible(), t.pool.openOwn(), t.pool.takeUnsaved()]).toEqual([[evidence], [evidence], []]);
    await t.decide([evidence]);
    t.pool.restore(evidence);
    expect([t.pool.admissible(), t.pool.openOwn(), t.pool.takeUnsaved()]).toEqual([[], [], []]);
  });

  test("and finds again while the log is replayed is not written twice", () => {
    contradict();
    t.pool.restore(evidence);
    expect([t.pool.takeUnsaved(), t.pool.openOwn()]).toEqual([[], [evidence]]);
  });

  test("in the polka of a re-proposal counts too", () => {
    t.pool.watch(vote({blockHash: null}), 1);
    const proposal = proposalBy(authorOf(2), {round: 1, polRound: 0});
    t.pool.watch({kind: "proposal", proposal, block: new Uint8Array(0), polka: [voteBy(liar)]}, 1);
    expect(t.pool.admissible()).toEqual([evidenceFrom(voteBy(liar, {blockHash: null}), voteBy(liar))]);
  });

  test("in the proof of a decided block counts too", async () => {
    t.pool.watch(vote({type: "precommit"}), 0);
    const proven = voteBy(liar, {type: "precommit", blockHash: other});
    await t.decide([{kind: "tick"}], [proven, voteBy(authorOf(2), {type: "precommit", blockHash: other})]);
    expect(t.pool.admissible()).toEqual([evidenceFrom(voteBy(liar, {type: "precommit"}), proven)]);
  });

  test("against itself it does not hide", () => {
    t.pool.watch(vote({}, authorOf(0)), 0);
    t.pool.watch(vote({blockHash: other}, authorOf(0)), 0);
    expect(t.pool.admissible()).toHaveLength(1);
  });
});

describe("what comes for a decided height", () => {
  const late = voteBy(liar, {blockHash: other});
  const neverAsked = () => {
    throw new Error("asked for the signature");
  };
  beforeEach(async () => {
    t.pool.watch(vote(), 0);
    await t.decide([{kind: "tick"}]);
  });

  test("costs no signature unless it contradicts", () => {
    expect(t.pool.watchLate(voteBy(liar), neverAsked)).toBe("ignore");
    expect(t.pool.watchLate(voteBy(liar, {round: 1, blockHash: other}), neverAsked)).toBe("ignore");
    expect(t.pool.watchLate(voteBy(authorOf(3), {blockHash: other}), neverAsked)).toBe("ignore");
    expect(t.pool.watchLate(proposalBy(liar, {blockHash: other}), neverAsked)).toBe("ignore");
  });

  test("and contradicts what was signed in time is evidence, if it is signed", () => {
    expect(t.pool.watchLate(late, () => false)).toBe("reject");
    expect(t.pool.admissible()).toEqual([]);
    expect(t.pool.watchLate(late, () => true)).toBe("accept");
    expect(t.pool.admissible()).toEqual([evidenceFrom(voteBy(liar), late)]);
    expect(t.pool.watchLate(late, neverAsked)).toBe("ignore");
  });

  test("costs nothing once a block has the evidence", async () => {
    t.pool.watchLate(late, () => true);
    await t.decide(t.pool.admissible());
    expect(t.pool.watchLate(voteBy(liar, {blockHash: blockNamed(9)}), neverAsked)).toBe("ignore");
  });
});
