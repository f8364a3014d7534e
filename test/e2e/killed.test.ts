import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {encodeMemo, PURPOSE} from "../../src/types/operation.ts";
import {runDemo} from "../../testnet/demo.ts";
import {hasBalance, payGroup, stageOf, startNetwork, type TestNetwork} from "./network.ts";
import {until} from "./processes.ts";

const FUNDS = 100n * 10n ** 8n;
let network: TestNetwork;
beforeAll(async () => {
  network = await startNetwork();
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

  test("it comes back with its directory, catches up and is ready", async () => {
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
  }, 60_000);

  test("it votes, signs and pays out: another is killed, and the next payment needs all three that are left", async () => {
    const {net} = network;
    net.nodes[1]?.kill("SIGKILL");
    await net.nodes[1]?.exited;
    const extra = new TextEncoder().encode("three are a quorum");
    const memo = encodeMemo({purpose: PURPOSE.message, process: net.developer.app_id, platform: "", address: "", extra});
    const id = await payGroup(net, net.user, "2", memo);
    await stageOf(network.client(3), id, "delivered", 30_000);
    await hasBalance(net, net.user, FUNDS, 30_000);
  }, 90_000);
});
