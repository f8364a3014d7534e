import {randomBytes} from "node:crypto";
import {describe, expect, onTestFinished, test} from "vitest";
import {FAMILIES} from "../../src/p2p/topics.ts";
import {encodeMessage} from "../../src/types/messages.ts";
import {TcpProxy} from "../support/tcp-proxy.ts";
import {NAMES, pushFrame, startAttacker} from "./attacker.ts";
import {connectedAll, fastClock, makeNode, makeValidators, startAll, startNode, until, vote} from "./support.ts";

describe("who may connect", () => {
  test("a peer that is not registered is refused by the listener, and the refusal is logged", async () => {
    const validators = await makeValidators(2);
    const node = await startNode(validators, 0);
    const stranger = await startAttacker();
    const connection = await stranger.connect(node.address()).catch(() => null);
    await until(() => (node.network.stats().counts.refusedConnections ?? 0) > 0, "refusal counted");
    await until(() => connection === null || connection.status !== "open", "connection closed");
    expect(node.network.stats().connections).toBe(0);
    expect(node.log.lines).toContainEqual({
      level: "warn",
      text: "connection refused",
      fields: expect.objectContaining({peer: stranger.host.peerId.toString(), reason: "not a registered validator"}),
    });
    expect(node.connected).toEqual([]);
  });

  test("observers have a bounded number of places, hear certificates and send nothing else", async () => {
    const validators = await makeValidators(2);
    const nodes = await startAll(validators, {observersMax: 1});
    const [first, second] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
    const observer = await startNode(validators, null, {peers: [first.address()]});
    await until(() => observer.network.peers().length > 0, "observer admitted");
    expect(observer.network.peers()[0]).toMatchObject({validator: 0});
    expect(first.network.peers()).toContainEqual({peerId: expect.any(String), validator: null});
    expect(first.connected.map((p) => p.validator)).toEqual([1]);

    const another = await startAttacker();
    await another.connect(first.address()).catch(() => null);
    await until(() => (first.network.stats().counts.refusedConnections ?? 0) > 0, "no place for another");

    const hash = `0x${"44".repeat(32)}` as const;
    const certificate = {epoch: 0, height: 5, round: 0, blockHash: hash, signature: new Uint8Array(96)};
    second.network.broadcast(vote(1));
    second.network.broadcast({kind: "certificate", certificate});
    await until(() => observer.received.length > 0, "certificate heard");
    expect(observer.received.map(({message}) => message.kind)).toEqual(["certificate"]);
    await expect(observer.network.requestBlocks(0, 1, 1, new AbortController().signal)).rejects.toMatchObject({code: "REFUSED"});
  });

  test("an observer that asks for more hears no more", async () => {
    const validators = await makeValidators(2);
    const [node] = (await startAll(validators, {observersMax: 1})) as [Awaited<ReturnType<typeof startNode>>];
    const observer = await startAttacker();
    await observer.join(node.address());
    const heard: string[] = [];
    observer.host.services.pubsub.addEventListener("message", ({detail}) => heard.push(detail.topic));
    for (const family of FAMILIES) observer.host.services.pubsub.subscribe(NAMES.topic(family));
    await until(() => observer.host.services.pubsub.getSubscribers(NAMES.topic("vote")).length > 0, "sees topics");
    const hash = `0x${"44".repeat(32)}` as const;
    for (let height = 1; heard.length < 3; height++) {
      node.network.broadcast(vote(0));
      node.network.broadcast({
        kind: "certificate",
        certificate: {epoch: 0, height, round: 0, blockHash: hash, signature: new Uint8Array(96)},
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(new Set(heard)).toEqual(new Set([NAMES.topic("certificate")]));
  });

  test("a key that is not the registered one stops the start", async () => {
    const validators = await makeValidators(2);
    const node = makeNode(validators, 0, {privateKey: new Uint8Array(randomBytes(32))});
    await expect(node.network.start(new AbortController().signal)).rejects.toMatchObject({
      code: "WRONG_IDENTITY",
      data: {want: validators.list[0]?.peerId},
    });
    const nobody = makeNode(validators, 7, {privateKey: new Uint8Array(32)});
    await expect(nobody.network.start(new AbortController().signal)).rejects.toMatchObject({code: "WRONG_IDENTITY"});
  });

  test("addresses that cannot be used stop the start; those of unknown peers are left out with a warning", async () => {
    const validators = await makeValidators(1);
    const bad = makeNode(validators, 0, {peers: ["10.0.0.1:4001"]});
    await expect(bad.network.start(new AbortController().signal)).rejects.toMatchObject({
      code: "BAD_ADDRESS",
      data: {got: "10.0.0.1:4001"},
    });
    const [other] = (await makeValidators(1)).list;
    const node = await startNode(validators, 0, {peers: [`/ip4/127.0.0.1/tcp/1/p2p/${other?.peerId}`]});
    expect(node.log.lines.map((line) => line.text)).toContain("configured address is no registered validator's");
  });
});

describe("hello", () => {
  test.for([
    ["genesis hash", {genesisHash: `0x${"ee".repeat(32)}`}],
    ["network id", {networkId: `0x${"dd".repeat(32)}`}],
  ] as const)("a peer with another %s is disconnected, and both say why", async ([what, change]) => {
    const validators = await makeValidators(2);
    const node = await startNode(validators, 0);
    const other = await startNode(validators, 1, {peers: [node.address()], ...change});
    const lineOf = (n: typeof node) => n.log.lines.find((line) => line.text === "peer is of another network, disconnecting");
    await until(() => [node, other].every((n) => lineOf(n) !== undefined), "both logged it");
    expect(lineOf(node)).toMatchObject({level: "warn", fields: {what, theirs: Object.values(change)[0]}});
    expect(lineOf(other)).toMatchObject({level: "warn", fields: {what, ours: Object.values(change)[0]}});
    await until(() => [node, other].every((n) => n.network.stats().connections === 0), "disconnected");
    expect([node.connected, other.connected]).toEqual([[], []]);
    expect([node.network.peers(), other.network.peers()]).toEqual([[], []]);
  });

  test("a registered peer that says nothing is let go, and nothing it sends before is heard", async () => {
    const validators = await makeValidators(2);
    const node = await startNode(validators, 0);
    const silent = await startAttacker(validators.seeds[1]);
    const connection = await silent.connect(node.address());
    pushFrame(await silent.open(connection, NAMES.direct), encodeMessage(vote(1)));
    await silent.host.services.pubsub.publish(NAMES.topic("vote"), encodeMessage(vote(1)));
    await until(() => connection.status !== "open", "let go", 8_000);
    expect([node.received, node.connected, node.network.stats().streams]).toEqual([[], [], 0]);
  });
});

describe("a peer that misbehaves", () => {
  test("is disconnected when it was found out later, and may come back after a while", async () => {
    const validators = await makeValidators(2);
    const nodes = await startAll(validators, {clock: fastClock});
    const [node, other] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
    for (let i = 0; i < 4; i++) node.network.punish(1, "invalid block");
    node.network.punish(0, "ourselves");
    node.network.punish(9, "nobody");
    expect(node.network.peers()).toHaveLength(1);
    node.network.punish(1, "invalid block");
    await until(() => node.network.peers().length === 0, "disconnected");
    await until(() => (node.network.stats().counts.refusedConnections ?? 0) > 0, "refused while banned");
    await connectedAll([node, other]);
    expect(node.log.lines).toContainEqual({
      level: "warn",
      text: "peer is disconnected",
      fields: expect.objectContaining({reason: "invalid block", banMs: 10_000}),
    });
  });
});

describe("finding each other", () => {
  test("one known address is enough to meet all", async () => {
    const validators = await makeValidators(5);
    const nodes = [await startNode(validators, 0)];
    for (let i = 1; i < 5; i++) nodes.push(await startNode(validators, i, {peers: [nodes[0]?.address() ?? ""]}));
    await connectedAll(nodes);
    for (const [i, node] of nodes.entries())
      expect(node.connected.map((p) => p.validator).sort()).toEqual([0, 1, 2, 3, 4].filter((v) => v !== i));
  });

  test("one behind a proxy is met where it says, not where it listens", async () => {
    const validators = await makeValidators(3);
    const proxy = await TcpProxy.listen();
    onTestFinished(() => proxy.close());
    const known = await startNode(validators, 0);
    const hidden = await startNode(validators, 2, {peers: [known.address()], announce: [`/ip4/127.0.0.1/tcp/${proxy.port}`]});
    proxy.target(Number(hidden.address().split("/")[4]));
    await connectedAll([known, hidden]);
    const other = await startNode(validators, 1, {peers: [known.address()]});
    // the higher index leaves the first dial to the lower one
    await connectedAll([known, other, hidden]);
    expect(proxy.connections).toBeGreaterThan(0);
    const bad = makeNode(validators, 0, {announce: ["10.0.0.1:4001"]});
    await expect(bad.network.start(new AbortController().signal)).rejects.toMatchObject({code: "BAD_ADDRESS"});
  });

  test("one that starts before the only address it knows keeps trying", async () => {
    const validators = await makeValidators(2);
    const early = await startNode(validators, 1);
    const port = Number(early.address().split("/")[4]);
    const address = early.address();
    await early.network.stop();
    const waiting = await startNode(validators, 0, {peers: [address]});
    await until(() => (waiting.network.stats().counts.failedDials ?? 0) >= 2, "dials fail");
    const late = await startNode(validators, 1, {listen: [`/ip4/127.0.0.1/tcp/${port}`]});
    await connectedAll([waiting, late]);
  });

  test("a peer that restarts on another port is found again by all, and heard", async () => {
    const validators = await makeValidators(4);
    const nodes = await startAll(validators);
    const address = nodes[0]?.address() ?? "";
    await nodes[3]?.network.stop();
    await until(() => nodes.slice(0, 3).every((n) => n.network.peers().length === 2), "the others saw it leave");
    const back = await startNode(validators, 3, {peers: [address]});
    nodes[3] = back;
    await connectedAll(nodes);
    expect(back.address()).not.toBe(address);
    for (const node of nodes.slice(0, 3)) expect(node.connected.filter((p) => p.validator === 3)).toHaveLength(2);
    back.network.broadcast(vote(3, 777_777));
    await until(() => nodes.slice(0, 3).every((n) => n.received.length === 1), "heard by all");
  });

  test("a peer that comes back while its old connection still seems open gets a new session", async () => {
    const validators = await makeValidators(2);
    const node = await startNode(validators, 0);
    const old = await startAttacker(validators.seeds[1]);
    await old.join(node.address());
    await until(() => node.connected.length === 1, "first session");
    const young = await startAttacker(validators.seeds[1]);
    const connection = await young.join(node.address());
    await until(() => node.connected.length === 2, "told of it again");
    await until(() => node.network.stats().connections === 1, "old connection cut");
    expect(connection.status).toBe("open");
    expect(node.log.lines.map((line) => line.text)).toContain("peer has restarted");
  });
});
