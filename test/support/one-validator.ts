import {assemble, type NodeParts} from "../../src/node/assemble.ts";
import {serviceGroup} from "../../src/node/services.ts";
import {systemClock} from "../../src/node/system.ts";
import type {NetworkHandler} from "../../src/ports/network.ts";
import {type TestNetwork, testNetwork} from "./ledger.ts";
import {MemoryFeed, MemoryHub, MemoryPayouts, MemoryStore, MemoryWal, recordingLog} from "./memory.ts";

const STOP_MS = 2_000;

/** Validator 0 of four, on memory ports, with nobody else there. */
export interface OneValidator extends TestNetwork {
  readonly parts: NodeParts;
  /** What its network would hand messages to. */
  readonly handler: NetworkHandler;
  readonly hub: MemoryHub;
  /** Warnings and errors. */
  readonly problems: ReturnType<typeof recordingLog>["problems"];
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** @param records  what its log holds when it is put together */
export function oneValidator(records: readonly Uint8Array[] = []): OneValidator {
  const network = testNetwork([1, 1, 1, 1]);
  const [own] = network.keys;
  if (own === undefined) throw new Error("no keys");
  const hub = new MemoryHub();
  const {log, problems} = recordingLog();
  let handler: NetworkHandler | null = null;
  const parts = assemble({
    genesis: network.genesis,
    store: new MemoryStore(),
    wal: new MemoryWal(records),
    network: (given) => {
      handler = given;
      return hub.port(0, given);
    },
    observers: [],
    contracts: [],
    feed: new MemoryFeed(),
    payouts: new MemoryPayouts(),
    usersWithoutSafe: async () => [],
    clock: systemClock,
    log,
    secrets: {consensus: own.consensus, dealing: own.encSecret},
    shares: {
      dealerSeed: async () => new Uint8Array(32),
      forgetDealerSeed() {},
      readShares: async () => null,
      writeShares: async () => {},
      eraseAllBut() {},
    },
    random: () => new Uint8Array(32),
    fatal: (error) => log.error("fatal", {error: String(error)}),
  });
  if (handler === null) throw new Error("it asked for no network");
  const services = serviceGroup(parts.services, log, STOP_MS);
  return {...network, parts, handler, hub, problems, start: () => services.start(), stop: () => services.stop()};
}
