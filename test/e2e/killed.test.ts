import {randomBytes} from "node:crypto";
import {readFileSync, rmSync} from "node:fs";
import {join} from "node:path";
import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {utf8} from "../../src/base/bytes.ts";
import {openKey} from "../../src/node/keyring.ts";
import {FAMILIES} from "../../src/p2p/topics.ts";
import {decodeGenesis} from "../../src/types/genesis.ts";
import {encodeMemo, PURPOSE} from "../../src/types/operation.ts";
import {runDemo} from "../../testnet/demo.ts";
import {BadPeer} from "./bad-peer.ts";
import {hasBalance, payGroup, stageOf, startNetwork, type TestNetwork} from "./network.ts";
import {residentMb, until} from "./processes.ts";

const FUNDS = 100n * 10n ** 8n;
let network: TestNetwork;
beforeAll(async () => {
  process.env["MVM_SNAPSHOT_EVERY"] = "10";
  network = await startNetwork("--seats", "2,2,2,1");
}, 90_000);
afterAll(() => network?.stop(), 30_000);

describe.sequential("four validators, of which one is killed", () => {
  test("as soon as they run: the other three make the key and bring the payment there and back", async () => {
    const {net, told, tell} = network;
    net.nodes[3]?.kill("SIGKILL");
    await net.nodes[3]?.exited;
    await runDemo(net, tell, AbortSignal.timeout(90_000));
    const stages = told.flatMap((report) => (report.event === "stage" ? [`${report.payment} ${report.stage}`] : []));
    expect(stages).toContain("register registered");
    expect(stages.at(-1)).toBe("pay returned");
    expect(told.filter((report) => report.event === "node")).toEqual([
      {event: "node", validator: 3, text: expect.stringContaining("SIGKILL")},
    ]);
    await hasBalance(net, net.user, FUNDS, 5_000);
  }, 120_000);

  const isBack = async (): Promise<void> => {
    const before = Number((await network.client(0).status())["height"]);
    await network.restart(3);
    let seen: unknown = null;
    await until(
      async () => {
        const [own, other] = await Promise.all([network.client(3).status(), network.client(0).status()]);
        const ready = await network
          .client(3)
          .get("/readyz")
          .catch((error: Error) => error.message);
        seen = {own: own["height"], other: other["height"], ready};
        return Number(own["height"]) >= before && own["hash"] === other["hash"] && typeof ready === "object";
      },
      () => `caught up: ${JSON.stringify(seen)}`,
      30_000,
    );
  };

  test("it comes back with its directory, catches up and is ready", isBack, 60_000);

  test("it comes back once more, from a snapshot of its own", async () => {
    const {net} = network;
    await network.kill(3);
    await isBack();
    expect(readFileSync(join(net.dir, "validator-3", "node.log"), "utf8")).toContain("state read from a snapshot");
  }, 60_000);

  test("its database is lost while payments go on: it comes back with keys and log alone, and is ready", async () => {
    const {net} = network;
    await network.kill(3);
    rmSync(join(net.dir, "validator-3", "db"), {recursive: true});
    const memo = encodeMemo({purpose: PURPOSE.message, process: net.developer.app_id, platform: "", address: "", extra: utf8("meanwhile")});
    const [id] = await Promise.all([payGroup(net, net.user, "1", memo), isBack()]);
    await stageOf(network.client(3), id, "delivered", 30_000);
    await hasBalance(net, net.user, FUNDS, 30_000);
  }, 90_000);

  test("it votes, signs and pays out: another is killed, and the next payment needs all three that are left", async () => {
    const {net} = network;
    net.nodes[1]?.kill("SIGKILL");
    await net.nodes[1]?.exited;
    const extra = utf8("three are a quorum");
    const memo = encodeMemo({purpose: PURPOSE.message, process: net.developer.app_id, platform: "", address: "", extra});
    const id = await payGroup(net, net.user, "2", memo);
    await stageOf(network.client(3), id, "delivered", 30_000);
    await hasBalance(net, net.user, FUNDS, 30_000);
  }, 90_000);
});

/** Validator 1 is down: its key comes into bad hands. Each of the other three is needed for every block. */
describe.sequential("a network that has nobody to spare", () => {
  const honest = [0, 2, 3];
  const MEMORY_MB = 80;
  const genesisOf = () => decodeGenesis(readFileSync(join(network.net.dir, "genesis.json"), "utf8"));
  const stolenKey = () => openKey(join(network.net.dir, "validator-1"), "network", readFileSync(join(network.net.dir, "password"), "utf8"));
  const message = (extra: string) =>
    encodeMemo({purpose: PURPOSE.message, process: network.net.developer.app_id, platform: "", address: "", extra: utf8(extra)});

  /** Three payments, and more until `enough`, each there and back. Resolves with the most that a validator's memory grew by, MB. */
  async function paymentsWhile(enough: () => boolean): Promise<number> {
    const {net} = network;
    const pids = honest.map((i) => network.pid(i));
    const before = pids.map((pid) => residentMb(pid) ?? 0);
    let grownMb = 0;
    const watch = setInterval(() => {
      grownMb = Math.max(grownMb, ...pids.map((pid, i) => (residentMb(pid) ?? Number.POSITIVE_INFINITY) - (before[i] ?? 0)));
    }, 50);
    try {
      for (let payments = 0; payments < 3 || !enough(); payments++) {
        const id = await payGroup(net, net.user, "0.5", message(`payment ${payments}`));
        await stageOf(network.client(honest[payments % 3] ?? 0), id, "delivered", 30_000);
        await hasBalance(net, net.user, FUNDS, 30_000);
      }
      return grownMb;
    } finally {
      clearInterval(watch);
    }
  }

  test("a stranger is not let in", async () => {
    const stranger = await BadPeer.start(randomBytes(32), genesisOf());
    for (const i of honest) await expect(stranger.join(network.address(i)), `validator ${i}`).rejects.toThrow();
    const {peers} = await network.client(0).status();
    expect(peers).toHaveLength(2);
  }, 30_000);

  test("lies and garbage on every topic and stream from a staked peer: payments go on, memory stays", async () => {
    const bad = await BadPeer.start(await stolenKey(), genesisOf());
    const over = new AbortController();
    const floods = honest.map((i) => bad.flood(network.address(i), over.signal));
    const enough = () => (bad.tally["joined"] ?? 0) >= 2 * honest.length && (bad.tally["lies"] ?? 0) > 0;
    const grownMb = await paymentsWhile(enough).finally(() => over.abort());
    await Promise.all(floods);
    const names = ["lies", "stream direct", "stream blocks", "stream hello", "stream gossip", ...FAMILIES.map((f) => `topic ${f}`)];
    expect(Object.keys(bad.tally), "what it got out").toEqual(expect.arrayContaining(names));
    expect(bad.captured, "it has real messages to change").toBeGreaterThan(0);
    expect(bad.tally["refused"], "it is kept out in between").toBeGreaterThan(0);
    expect(grownMb).toBeLessThan(MEMORY_MB);
    for (const i of honest) expect(await network.client(i).get("/readyz")).toEqual({ready: true, reasons: []});
  }, 120_000);
});
