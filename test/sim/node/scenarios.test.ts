import {describe, expect, test} from "vitest";
import {decodeWalRecord, encodeWalRecord} from "../../../src/node/bft/wal-records.ts";
import {encodeAppend, scanWal} from "../../../src/store/wal-format.ts";
import {Stage} from "./stage.ts";

/** Hazards of whole validators, played by hand: three are honest, the fourth says what the test wants. */

const NEVER_MS = 30_000;

/** `blind`: who sees no payment before the heal. */
const withBlind = (blind: (honest: readonly number[]) => readonly (number | undefined)[]) =>
  Stage.make((_, honest) => ({healMs: NEVER_MS, blind: [0, 1, 2, 3].map((i) => (blind(honest).includes(i) ? 1 : 0))}));

describe("rounds", () => {
  test("who is let into a round by a liar's vote shows it to the others, who would wait for ever", async () => {
    const stage = await withBlind(([first]) => [first]);
    const [ahead, ...others] = stage.honest as [number, number, number];
    let isCut = true;
    stage.scene.net.loses = (from, to) => isCut && (from === ahead || to === ahead);
    stage.start();
    stage.pay();
    // the liar does not propose; its prevote brings the two others to precommit nil, and they lack a third precommit
    await stage.until("nil prevotes", () => others.every((i) => stage.says(` ${i} sends prevote ${stage.height}/0 nil`)));
    stage.vote("prevote", 0, null, ...others);
    await stage.until("nil precommits", () => others.every((i) => stage.says(` ${i} sends precommit ${stage.height}/0 nil`)));
    isCut = false;
    const said = () => Math.min(...others.map((i) => stage.count(` ${i} sends precommit ${stage.height}/0 nil`)));
    const before = said();
    await stage.until("they say it again", () => said() > before);
    stage.vote("precommit", 0, null, ahead);
    await stage.until("one is let in", () => stage.round(ahead) === 1);
    expect(stage.says(` ${ahead} sends precommit ${stage.height}/0`), "without a vote of its own").toBe(false);
    await stage.until("the others follow", () => others.every((i) => stage.round(i) >= 1));
    await stage.until("all is done", () => stage.scene.missing() === null);
  });

  test("a lock that a liar's prevote made at one validator alone is opened by its own proposal, with the polka", async () => {
    const stage = await Stage.make();
    const [locked, second, third] = stage.honest as [number, number, number];
    stage.scene.net.loses = (_, to, m) => m.kind === "proposal" && m.proposal.round === 1 && to === third;
    stage.start();
    stage.pay();
    await stage.until("a proposal", () => stage.proposed(1) !== null);
    const value = stage.proposed(1);
    stage.vote("prevote", 1, value, locked);
    stage.vote("prevote", 1, null, second, third);
    stage.vote("precommit", 1, null, ...stage.honest);
    await stage.until("a lock", () => stage.says(` ${locked} sends precommit ${stage.height}/1 ${value?.slice(2, 8)}`));
    await stage.until("another proposal", () => stage.proposed(2) !== null);
    expect(stage.proposed(2)).not.toBe(value);
    await stage.until("a decision", () => stage.honest.every((i) => stage.says(` ${i} decides ${stage.height} ${value?.slice(2, 8)}`)));
    expect(stage.says(` ${locked} proposes ${stage.height}/5 ${value?.slice(2, 8)} of round 1`)).toBe(true);
    await stage.until("all is done", () => stage.scene.missing() === null);
  });

  test("a lock outlives its validator's death, and so do the timers that nobody else can replace", async () => {
    const stage = await Stage.make();
    const [locked, second, third] = stage.honest as [number, number, number];
    stage.scene.net.loses = (_, to, m) => m.kind === "proposal" && m.proposal.round === 1 && to === third;
    stage.start();
    stage.pay();
    await stage.until("a proposal", () => stage.proposed(1) !== null);
    const value = stage.proposed(1)?.slice(2, 8);
    stage.vote("prevote", 1, stage.proposed(1), locked);
    stage.vote("prevote", 1, null, second, third);
    await stage.until("a lock", () => stage.says(` ${locked} sends precommit ${stage.height}/1 ${value}`));
    stage.node(locked).crash();
    stage.start(locked);
    stage.vote("precommit", 1, null, ...stage.honest);
    await stage.until("a vote in the next round", () => stage.says(` ${locked} sends prevote ${stage.height}/2 `));
    expect(stage.says(` ${locked} sends prevote ${stage.height}/2 nil`), "of another value").toBe(true);
    await stage.until("a decision", () => stage.honest.every((i) => stage.says(` ${i} decides ${stage.height} ${value}`)));
  });

  test("both votes of an equivocator count, each for its own value", async () => {
    const stage = await Stage.make();
    const [first, second, third] = stage.honest as [number, number, number];
    stage.start();
    stage.pay();
    // nobody hears the third: the liar's vote is needed, and everybody has its vote for nothing first
    stage.scene.net.loses = (from, _, m) => from === third && m.kind === "vote" && m.vote.round > 0;
    await stage.until("a proposal", () => stage.proposed(1) !== null);
    stage.vote("prevote", 1, null, first, second);
    await stage.pass(20);
    stage.vote("prevote", 1, stage.proposed(1), first, second);
    stage.vote("precommit", 1, null, first, second);
    await stage.pass(20);
    stage.vote("precommit", 1, stage.proposed(1), first, second);
    await stage.until("a decision", () => [first, second].every((i) => stage.says(` ${i} decides ${stage.height} `)));
    stage.scene.net.loses = () => false;
    await stage.until("all is done", () => stage.scene.missing() === null);
  });
});

describe("sources that show things late", () => {
  test("what one validator has not seen is decided by the others and a liar; it is certified once it has", async () => {
    const stage = await withBlind(([, , third]) => [third]);
    const [first, second, blind] = stage.honest as [number, number, number];
    stage.start();
    stage.pay();
    await stage.until("a proposal", () => stage.proposed(1) !== null);
    const value = stage.proposed(1);
    stage.vote("prevote", 1, value, ...stage.honest);
    await stage.until("precommits", () =>
      [first, second].every((i) => stage.says(` ${i} sends precommit ${stage.height}/1 ${value?.slice(2, 8)}`)),
    );
    const bare = stage.forge.vote({type: "precommit", height: stage.height, round: 1, value});
    stage.tell({...bare, partials: []}, ...stage.honest);
    await stage.until("a decision", () => stage.honest.every((i) => stage.says(` ${i} decides ${stage.height} `)));
    await stage.pass(5_000);
    expect(stage.honest.map((i) => stage.node(i).parts?.certifier.openCount)).toEqual([1, 1, 1]);
    await stage.until("all is done", () => stage.scene.missing() === null);
    expect(stage.says(`${blind} late review: the own sources confirm a decided block`)).toBe(true);
  });

  test("a restart does not make a validator sign what it has not seen", async () => {
    const stage = await withBlind(([, , third]) => [third]);
    const [first, second, blind] = stage.honest as [number, number, number];
    stage.start();
    stage.pay();
    await stage.until("a proposal", () => stage.proposed(1) !== null);
    const value = stage.proposed(1);
    stage.vote("prevote", 1, value, first, second);
    await stage.until("precommits", () =>
      [first, second].every((i) => stage.says(` ${i} sends precommit ${stage.height}/1 ${value?.slice(2, 8)}`)),
    );
    stage.tell({...stage.forge.vote({type: "precommit", height: stage.height, round: 1, value}), partials: []}, ...stage.honest);
    await stage.until("a decision", () => stage.honest.every((i) => stage.says(` ${i} decides ${stage.height} `)));
    stage.node(blind).crash();
    stage.start(blind);
    await stage.pass(5_000);
    expect(stage.node(blind).parts?.certifier.openCount).toBe(1);
    expect(stage.node(first).parts?.certifier.openCount).toBe(1);
    await stage.until("all is done", () => stage.scene.missing() === null);
  });

  test("who alone hears a liar's precommit, and cannot judge the block, decides it, and the others take it from there", async () => {
    const stage = await withBlind(([, , third]) => [third]);
    const [first, second, blind] = stage.honest as [number, number, number];
    let isHeld = true;
    stage.scene.net.loses = (_, to, m) => isHeld && to === blind && m.kind === "vote" && m.vote.type === "precommit";
    stage.start();
    stage.pay();
    await stage.until("a proposal", () => stage.proposed(1) !== null);
    const value = stage.proposed(1);
    stage.vote("prevote", 1, value, ...stage.honest);
    await stage.until("locks", () =>
      [first, second].every((i) => stage.says(` ${i} sends precommit ${stage.height}/1 ${value?.slice(2, 8)}`)),
    );
    // it precommits nil first: then what lets it into the next round, and what it shows the others, is without the liar's vote
    await stage.until("a precommit of the third", () => stage.says(` ${blind} sends precommit ${stage.height}/1 nil`));
    isHeld = false;
    await stage.until("the next round", () => stage.round(blind) === 2);
    stage.tell({...stage.forge.vote({type: "precommit", height: stage.height, round: 1, value}), partials: []}, blind);
    await stage.pass(5_000);
    // two are locked and the liar is silent: nobody else could decide this height before the third's source shows the payment
    for (const i of [blind, first, second])
      expect(stage.says(` ${i} decides ${stage.height} ${value?.slice(2, 8)}`), `${i} decides`).toBe(true);
    await stage.until("all is done", () => stage.scene.missing() === null);
  });
});

describe("a payment that one validator has seen for long, and the proposed block lacks", () => {
  async function afterTheOmission() {
    const stage = await Stage.make();
    const [first, second, third] = stage.honest as [number, number, number];
    const late = stage.payment(2);
    stage.scene.mixin.hides = (validator, id) => validator !== third && id === late.outputId;
    stage.start();
    stage.scene.mixin.pay(late);
    await stage.pass(3_000);
    stage.pay(3);
    await stage.until("a proposal", () => stage.proposed(1) !== null);
    const value = stage.proposed(1);
    const says = (i: number, what: string) => stage.says(` ${i} sends ${what} ${value?.slice(2, 8)}`);
    return {stage, first, second, third, value, says};
  }

  test("halts nobody where others are locked: it comes next", async () => {
    const {stage, first, second, third, value, says} = await afterTheOmission();
    stage.vote("prevote", 1, value, first, second);
    await stage.until("locks", () => [first, second].every((i) => says(i, `precommit ${stage.height}/1`)));
    await stage.until("no vote of the third", () => stage.says(` ${third} sends prevote ${stage.height}/1 nil`));
    await stage.until("a decision", () => stage.honest.every((i) => stage.says(` ${i} decides ${stage.height} ${value?.slice(2, 8)}`)));
    stage.scene.mixin.reveal();
    await stage.until("all is done", () => stage.scene.missing() === null);
  });

  test("costs no round where it hears a quorum's prevotes", async () => {
    const {stage, third, value, says} = await afterTheOmission();
    stage.vote("prevote", 1, value, ...stage.honest);
    await stage.until("a decision", () => stage.honest.every((i) => stage.says(` ${i} decides ${stage.height} ${value?.slice(2, 8)}`)));
    expect(says(third, `precommit ${stage.height}/1`), "it precommits what it would not have helped on").toBe(true);
    expect(stage.proposed(2), "a re-proposal").toBeNull();
    stage.scene.mixin.reveal();
    await stage.until("all is done", () => stage.scene.missing() === null);
  });

  test("halts nobody where it hears of the quorum by the re-proposal alone", async () => {
    const {stage, first, second, third, value, says} = await afterTheOmission();
    stage.scene.net.loses = (_, to, m) => to === third && m.kind === "vote" && m.vote.height === stage.height && m.vote.round === 1;
    stage.vote("prevote", 1, value, first, second);
    await stage.until("locks", () => [first, second].every((i) => says(i, `precommit ${stage.height}/1`)));
    stage.vote("precommit", 1, null, first, second);
    await stage.until("a re-proposal", () => stage.proposed(2) === value);
    await stage.pass(5_000);
    expect(says(third, `prevote ${stage.height}/2`), "it prevotes what comes again").toBe(true);
    for (const i of stage.honest) expect(stage.says(` ${i} decides ${stage.height} ${value?.slice(2, 8)}`), `${i} decides`).toBe(true);
    stage.scene.mixin.reveal();
    await stage.until("all is done", () => stage.scene.missing() === null);
  });
});

describe("certificates", () => {
  test("who has missed the certificate and all partial signatures still gets it", async () => {
    const stage = await Stage.make();
    const [first, second, third] = stage.honest as [number, number, number];
    let isLost = true;
    stage.scene.net.loses = (from, to, {kind}) =>
      isLost && to === third && from !== third && (kind === "certificate" || kind === "partials");
    stage.start();
    stage.pay();
    await stage.until("certificates", () =>
      [first, second].every((i) => stage.node(i).parts?.certifier.certificateOf(stage.height) != null),
    );
    await stage.pass(5_000);
    isLost = false;
    await stage.until("all is done", () => stage.scene.missing() === null);
  });

  test("one decides by the precommits of one round, two by those of the next: each is given what its round lacks", async () => {
    const stage = await Stage.make();
    const [first, second, third] = stage.honest as [number, number, number];
    let isOpen = true;
    // the others do not hear the first's precommit, nor the first the third's, nor anything late; nor does anybody catch up
    stage.scene.net.loses = (from, to, m) => {
      if (m.kind !== "vote") return m.kind === "status";
      const {height, round, type, blockHash} = m.vote;
      if (height !== stage.height || from === stage.liar) return false;
      const isPrecommit = type === "precommit" && round === 1 && blockHash !== null;
      return (to === first && !isOpen) || (isPrecommit && (from === first || (from === third && to === first)));
    };
    stage.start();
    stage.pay();
    await stage.until("a proposal", () => stage.proposed(1) !== null);
    const value = stage.proposed(1);
    const says = (round: number) => ({...stage.forge.vote({type: "precommit", height: stage.height, round, value}), partials: []});
    stage.vote("precommit", 1, null, second, third);
    stage.tell(says(1), first);
    await stage.until("one decides", () => stage.says(` ${first} decides ${stage.height} `));
    isOpen = false;
    await stage.until("the next round", () => stage.round(second) === 2 && stage.round(third) === 2);
    stage.vote("prevote", 2, value, second, third);
    stage.tell(says(2), second, third);
    await stage.until("all decide", () => stage.honest.every((i) => stage.says(` ${i} decides ${stage.height} `)));
    stage.scene.net.loses = () => false;
    await stage.until("all is done", () => stage.scene.missing() === null);
  });
});

describe("a log that is damaged where votes stand", () => {
  /** A validator prevotes, dies, and has lost every record of the height; what it hears next would make it vote otherwise. */
  async function afterTheLoss(added: readonly Uint8Array[]) {
    const stage = await Stage.make(() => ({villain: null}));
    const [, , third] = stage.honest as [number, number, number];
    const hold = {isOn: true};
    stage.scene.net.loses = (_, to, m) =>
      hold.isOn && ((m.kind === "vote" && m.vote.type === "precommit") || (to === third && isDead && m.kind === "proposal"));
    let isDead = false;
    stage.start(...stage.honest, stage.liar);
    stage.pay();
    await stage.until("its prevote", () => stage.says(` ${third} sends prevote ${stage.height}/0 `));
    isDead = true;
    const node = stage.node(third);
    node.crash();
    const records = scanWal(node.disk.wal).records.map((bytes) => decodeWalRecord(bytes));
    expect(records.some(({kind, height}) => kind === "own" && height === stage.height)).toBe(true);
    const kept = records.filter(({height}) => height < stage.height).map(encodeWalRecord);
    node.disk.wal = encodeAppend([...kept, ...added]);
    const before = stage.scene.world.trace.length;
    node.start();
    const said = () => stage.scene.world.trace.slice(before).filter((line) => line.includes(` ${third} sends prevote ${stage.height}/`));
    return {stage, third, hold, said};
  }

  test("cut and no more: it votes again, and contradicts itself", async () => {
    const {stage, said} = await afterTheLoss([]);
    await expect(stage.until("a second vote", () => said().length > 0)).rejects.toThrow("is signed twice");
  });

  test("repaired: it says nothing at that height, takes what the others decide, and votes at the next", async () => {
    const height = (await Stage.make()).height;
    const {stage, third, hold, said} = await afterTheLoss([encodeWalRecord({kind: "quarantine", height})]);
    await stage.pass(5_000);
    hold.isOn = false;
    await stage.until("a decision", () => stage.says(` ${third} decides ${height} `));
    expect(said()).toEqual([]);
    stage.pay(3);
    await stage.until("votes at the next height", () => stage.says(` ${third} sends prevote ${height + 1}/`));
    await stage.until("all is done", () => stage.scene.missing() === null);
  });
});

describe("what a liar fills", () => {
  test("a flood of proposals does not take away the block that is being decided", async () => {
    const stage = await Stage.make();
    stage.start();
    stage.pay();
    const blocks = () => [stage.forge.block(stage.height, "wrong-root"), stage.forge.block(stage.height, "whole")];
    await stage.until("a proposal of an honest one", () => stage.proposed(1) !== null);
    for (let n = 0; n < 40; n++)
      for (const block of blocks())
        if (block !== null) stage.tell(stage.forge.proposal({height: stage.height, round: 4, block, lies: false}), ...stage.honest);
    await stage.until("all is done", () => stage.scene.missing() === null);
  });

  test("what two validators say again and again, while the third is away, is logged once", async () => {
    const stage = await Stage.make();
    const [one, two, third] = stage.honest as [number, number, number];
    stage.start(one, two);
    stage.pay();
    await stage.pass(60_000);
    stage.start(third);
    await stage.until("all is done", () => stage.scene.missing() === null);
    const sizes = stage.honest.map((i) => stage.node(i).disk.wal.length);
    expect(Math.max(...sizes)).toBeLessThan(15_000);
  });
});
