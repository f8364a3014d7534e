import {afterAll, beforeAll, expect, test} from "vitest";
import {artifactOf, compileContracts} from "../../scripts/compile.ts";
import {abiEncode, address, array, bytes, fixedBytes, uint} from "../../src/base/abi.ts";
import {type Hex, toHex, utf8} from "../../src/base/bytes.ts";
import {keccakHex} from "../../src/base/hash.ts";
import {deployApp} from "../../src/chain/deploy.ts";
import {createChainObserver} from "../../src/chain/observer.ts";
import {eventLeaf, merkleRoot} from "../../src/crypto/merkle.ts";
import {decodeGroupEvent} from "../../src/mvm/group-events.ts";
import {encodeEvent} from "../../src/types/event.ts";
import type {ChainHead, ChainLog} from "../../src/types/facts.ts";
import {uuidBytes} from "../../src/types/ids.ts";
import {CHAIN_ID, clock, fundedAccount, recordingLogger, startNetwork, type TestNetwork} from "./support/network.ts";

const PROCESS = "0f1e2d3c-4b5a-3697-8877-665544332211";
const SENDER = "11111111-2222-3333-8444-555555555555";
const ASSET = "43d61dcd-e413-450d-80b8-101d5e903357";
const EVENTS = 34;
let network: TestNetwork;

beforeAll(async () => {
  network = await startNetwork();
});
afterAll(() => network.stop());

/** A system event Register(process, app, policy, gasLimit, firstNonce). */
function register(app: Hex): Uint8Array {
  const args = abiEncode(fixedBytes(uuidBytes(PROCESS)), address(app), uint(0), uint(300_000), uint(0));
  return abiEncode(uint(1), bytes(args));
}

test("a registered app gets a full outbox in one transaction, and what it sends is seen as logs", async () => {
  const {provider, group} = network;
  const account = await fundedAccount(provider, "deployer");
  const app = await deployApp({account, provider, artifact: artifactOf(compileContracts(), "Echo")}, {group, process: PROCESS});
  const contract = await network.contract();
  await contract.activate(network.activation());
  const system = [register(app)];
  const events = Array.from({length: EVENTS}, (_, i) =>
    encodeEvent({
      process: PROCESS,
      nonce: BigInt(i),
      asset: ASSET,
      amount: 1_000n + BigInt(i),
      extra: utf8(`hello ${i}`),
      timestamp: 1_700_000_000_000_000_000n,
      members: [SENDER],
      threshold: 1,
      signature: new Uint8Array(0),
    }),
  );
  const args = network.blockOf([
    {
      contents: {system, events},
      outbox: {systemHash: keccakHex(abiEncode(array(system.map(bytes)))), root: toHex(merkleRoot(events.map(eventLeaf))), count: EVENTS},
    },
  ]);
  const result = await contract.deliver(args);
  expect(result.outcome).toBe("mined");
  expect(Number(result.gasUsed)).toBeLessThan(12_000_000);

  const observer = createChainObserver({
    url: network.url,
    chainId: CHAIN_ID,
    group,
    finality: 0,
    pollMs: 1_000,
    from: {number: 0, logs: 0},
    clock,
    log: recordingLogger().log,
  });
  await observer.start(AbortSignal.timeout(5_000));
  await observer.poll();
  const seen = observer.next({number: 0, logs: 0}, 1_000) as {head: ChainHead; logs: readonly ChainLog[]};
  const kinds = seen.logs.map((log) => decodeGroupEvent(log));
  expect(kinds.slice(0, 3).map((e) => e.kind)).toEqual(["activated", "registered", "delivered"]);
  const sends = kinds.filter((e) => e.kind === "outbound");
  expect(sends.map((e) => e.amount)).toEqual(events.map((_, i) => 1_000n + BigInt(i)));
  expect(sends[33]).toMatchObject({process: PROCESS, nonce: 33n, asset: ASSET, receiver: uuidBytes(SENDER), memo: utf8("hello 33")});
  await observer.stop();
});
