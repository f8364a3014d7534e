import {expect, test} from "vitest";
import {connectedAll, makeValidators, startAll, startNode, until, vote} from "./support.ts";

test("who is registered later is refused before, and hears and is heard by all after", async () => {
  const three = await makeValidators(3);
  const founders = {seeds: three.seeds.slice(0, 2), list: three.list.slice(0, 2)};
  const all = three.list.map(({peerId}) => peerId);
  const nodes = await startAll(founders);
  const [first, second] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
  const privateKey = three.seeds[2] as Uint8Array;
  const joiner = await startNode(founders, 0, {privateKey, own: "joining", peers: [first.address()]});
  await until(() => (first.network.stats().counts.refusedConnections ?? 0) > 0, "refused while it is not registered");
  expect(first.network.peers().map((p) => p.validator)).toEqual([1]);

  for (const {network} of [first, second]) network.extend(all);
  await connectedAll([first, second, joiner]);
  expect(first.connected.map((p) => p.validator)).toEqual([1, 2]);
  expect(joiner.network.peers().map((p) => p.validator)).toEqual(expect.arrayContaining([0, 1]));

  const hears = (node: typeof first, by: number) => node.received.some(({message}) => message.kind === "vote" && message.vote.from === by);
  joiner.network.broadcast(vote(2));
  await until(() => hears(first, 2) && hears(second, 2), "heard by the others");
  first.network.resend(vote(0));
  await until(() => hears(joiner, 0), "hears them by direct streams");
  first.handler.serveBlocks = async () => [new Uint8Array([7])];
  expect(await joiner.network.requestBlocks(0, 1, 1, new AbortController().signal)).toEqual([new Uint8Array([7])]);

  // it learns its own place later, and does not dial itself
  joiner.network.extend(all);
  await until(() => joiner.network.peers().length === 2, "still connected");
  expect(joiner.log.lines.filter(({level}) => level === "error")).toEqual([]);
}, 30_000);
