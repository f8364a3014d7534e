import {writeSync} from "node:fs";
import {join} from "node:path";
import {toHex} from "../../src/base/bytes.ts";
import {treeRoot} from "../../src/mvm/tree.ts";
import {assemble} from "../../src/node/assemble.ts";
import {serviceGroup} from "../../src/node/services.ts";
import {systemClock} from "../../src/node/system.ts";
import type {Network, NetworkHandler} from "../../src/ports/network.ts";
import type {Logger} from "../../src/ports/system.ts";
import {createBlockStore} from "../../src/store/blocks.ts";
import {createWal} from "../../src/store/wal.ts";
import {PARAMETERS_LAN, platformIds} from "../../src/types/genesis.ts";
import type {Message} from "../../src/types/messages.ts";
import {secretOf, testNetwork} from "../support/ledger.ts";
import {MemoryHub, MemoryObserver, MemoryPayouts} from "../support/memory.ts";
import {EndlessFeed} from "./endless-feed.ts";

/**
 * Four whole validators that decide block after block as fast as they can, each with its own log and blocks under argv[2], until
 * somebody kills them. One line on standard output for each thing that leaves a validator, written before it leaves:
 * `proposal|prevote|precommit validator height round hash`, `block validator height hash stateRoot`, `error validator text`, `ready`.
 * A part argv[3] of the messages is lost, so that there are rounds.
 */
const [dir = ".", loss = "0"] = process.argv.slice(2);
const {genesis: made, keys} = testNetwork([1, 1, 1, 1]);
const parameters = {...PARAMETERS_LAN, paceMs: 1, proposeMs: 60, proposeDeltaMs: 20, voteMs: 30, voteDeltaMs: 10};
const genesis = {...made, platforms: made.platforms.slice(0, 1), parameters};
const hub = new MemoryHub();

function say(...words: readonly (string | number)[]): void {
  writeSync(1, `${words.join(" ")}\n`);
}

function logger(validator: number): Logger {
  const error = (text: string, fields?: object) => say("error", validator, text, JSON.stringify(fields ?? {}));
  const log: Logger = {debug() {}, info() {}, warn() {}, error, child: () => log};
  return log;
}

/** The hub, but what leaves is told, and some of it is lost. */
function network(validator: number, handler: NetworkHandler): Network {
  const heard: NetworkHandler = {
    ...handler,
    receive: (message, from) => (Math.random() < Number(loss) ? "ignore" : handler.receive(message, from)),
  };
  const port = hub.port(validator, heard);
  return {
    ...port,
    broadcast: (message) => {
      tell(validator, message);
      port.broadcast(message);
    },
  };
}

function tell(validator: number, message: Message): void {
  if (message.kind === "vote") {
    const {type, height, round, blockHash} = message.vote;
    say(type, validator, height, round, blockHash ?? "nil");
  } else if (message.kind === "proposal") {
    const {height, round, blockHash} = message.proposal;
    say("proposal", validator, height, round, blockHash);
  }
}

for (const [validator, {consensus, encSecret}] of keys.entries()) {
  const own = join(dir, `${validator}`);
  const feed = new EndlessFeed();
  const log = logger(validator);
  const parts = assemble({
    genesis,
    store: createBlockStore({dir: join(own, "db")}),
    wal: createWal({file: join(own, "wal", "consensus.wal")}),
    network: (handler) => network(validator, handler),
    observers: platformIds(genesis).map((platform) => new MemoryObserver(platform)),
    contracts: [],
    feed,
    payouts: new MemoryPayouts(),
    usersWithoutSafe: async () => [],
    clock: systemClock,
    log,
    secrets: {consensus, dealing: encSecret},
    // the same seed at every start; shares follow from the blocks
    shares: {
      dealerSeed: async () => secretOf(`seed ${validator}`),
      forgetDealerSeed() {},
      readShares: async () => null,
      writeShares: async () => {},
      eraseAllBut() {},
    },
    random: () => secretOf(`random ${validator}`),
    fatal: (error) => {
      say("error", validator, String(error));
      process.exit(1);
    },
  });
  feed.state = () => parts.chain.state;
  parts.chain.onDecided(({height, hash, applied}) => {
    say("block", validator, height, hash, toHex(treeRoot(applied.state.tree)));
  });
  await serviceGroup(parts.services, log, 1_000).start();
}
say("ready");
