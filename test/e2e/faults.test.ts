import {afterAll, beforeAll, describe, expect, test} from "vitest";
import {runDemo} from "../../testnet/demo.ts";
import type {Links} from "../support/links.ts";
import {FAULTS, type Lengths, suffer} from "./faults.ts";
import {linkUp} from "./links.ts";
import {Load} from "./load.ts";
import {startNetwork, type TestNetwork} from "./network.ts";

/** As short as shows it; `npm run faults` takes a minute for each. */
const LENGTHS: Lengths = {faultMs: 2_000, payEveryMs: 400, resumeMs: 20_000, settleMs: 30_000};

let network: TestNetwork;
let links: Links;
let load: Load;
beforeAll(async () => {
  network = await startNetwork();
  await runDemo(network.net, network.tell, AbortSignal.timeout(90_000));
  links = await linkUp(network);
  load = new Load(network);
}, 180_000);
afterAll(async () => {
  await network?.stop();
  await links?.close();
}, 30_000);

describe.sequential("four validators, and what lies between them", () => {
  test("all that they say goes through the links", () => expect(links.connections).toBeGreaterThanOrEqual(6));

  test.for(FAULTS)("$name: every payment comes back once, soon after the end", {timeout: 90_000}, async (fault) => {
    const {payments} = await suffer(fault, {network, links, load, lengths: LENGTHS});
    expect(payments).toBeGreaterThan(1);
    expect(await load.strange()).toEqual([]);
  });
});
