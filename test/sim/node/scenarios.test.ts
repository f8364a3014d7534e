import {describe, expect, test} from "vitest";
import {Stage} from "./stage.ts";

/** Hazards of whole validators, played by hand: three are honest, the fourth says what the test wants. */

describe("rounds", () => {
  test("who is let into a round by a liar's vote shows it to the others, who would wait for ever", async () => {
    const stage = await Stage.make((_, [first]) => ({healMs: 30_000, blind: [0, 1, 2, 3].map((i) => (i === first ? 1 : 0))}));
    const [ahead, ...others] = stage.honest as [number, number, number];
    stage.scene.net.cut.add(ahead);
    stage.start();
    stage.pay();
    // the liar does not propose; its prevote brings the two others to precommit nil, and they lack a third precommit
    await stage.until("nil prevotes", () => others.every((i) => stage.says(` ${i} sends prevote ${stage.height}/0 nil`)));
    stage.vote("prevote", 0, null, ...others);
    await stage.until("nil precommits", () => others.every((i) => stage.says(` ${i} sends precommit ${stage.height}/0 nil`)));
    stage.scene.net.cut.delete(ahead);
    stage.vote("precommit", 0, null, ahead);
    await stage.until("one is let in", () => stage.round(ahead) === 1);
    expect(stage.says(` ${ahead} sends precommit ${stage.height}/0`), "without a vote of its own").toBe(false);
    await stage.until("the others follow", () => others.every((i) => stage.round(i) >= 1));
    await stage.until("all is done", () => stage.scene.missing() === null);
  });
});

describe("what a liar fills", () => {
  test("a flood of proposals does not take away the block that is being decided", async () => {
    const stage = await Stage.make();
    stage.start();
    stage.pay();
    const blocks = () => [stage.forge.block(stage.height, "wrong-root"), stage.forge.block(stage.height, "whole")];
    await stage.until("a proposal of an honest one", () => stage.says("proposes", `${stage.height}/1`));
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
    expect(Math.max(...sizes)).toBeLessThan(10_000);
  });
});
