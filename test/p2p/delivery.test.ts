import {expect, test} from "vitest";
import {makeValidators, startAll, until, vote} from "./support.ts";

test("a message reaches all others exactly once by both paths together", async () => {
  const nodes = await startAll(await makeValidators(4));
  const sent = Array.from({length: 200}, (_, i) => vote(i % 4));
  for (const [i, message] of sent.entries()) nodes[i % 4]?.network.broadcast(message);
  await until(() => nodes.every((n) => n.received.length >= 150), "all votes delivered");
  await until(() => nodes.every((n) => (n.network.stats().counts.duplicate ?? 0) >= 150), "second copies came as well");
  nodes.forEach((node, i) => {
    const heights = node.received.map(({message}) => (message.kind === "vote" ? message.vote.height : -1));
    expect(heights.sort((a, b) => a - b)).toEqual(sent.filter((_, j) => j % 4 !== i).map((m) => m.vote.height));
  });
});
