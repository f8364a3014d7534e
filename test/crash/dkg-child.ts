import {writeSync} from "node:fs";
import {join} from "node:path";
import type {Hex} from "../../src/base/bytes.ts";
import {keccakHex} from "../../src/base/hash.ts";
import {dkgSession} from "../../src/mvm/queries.ts";
import {assemble} from "../../src/node/assemble.ts";
import {ShareFiles} from "../../src/node/dkg-files.ts";
import {serviceGroup} from "../../src/node/services.ts";
import {systemClock} from "../../src/node/system.ts";
import type {Network, NetworkHandler} from "../../src/ports/network.ts";
import type {Logger} from "../../src/ports/system.ts";
import {createBlockStore} from "../../src/store/blocks.ts";
import {createWal} from "../../src/store/wal.ts";
import {decodeDkgBody} from "../../src/types/dkg.ts";
import {PARAMETERS_LAN, platformIds} from "../../src/types/genesis.ts";
import {secretOf, testNetwork} from "../support/ledger.ts";
import {MemoryFeed, MemoryHub, MemoryObserver, MemoryPayouts} from "../support/memory.ts";

/**
 * Four validators that make the group key, each with its own log, blocks and key files under argv[2]. At the step argv[3] of
 * validator 0 the process kills itself; without one it goes on. One line for each thing that is to be known outside:
 * `step name`, `dealing validator sid hash`, `ready validator seats`, and all that is logged: `error validator text fields` and the
 * like of `debug`, `info`, `warn`.
 */
const [dir = ".", killAt = "", password = "password"] = process.argv.slice(2);
const {genesis: made, keys} = testNetwork([2, 1, 1, 1]);
const genesis = {...made, platforms: made.platforms.slice(0, 1), parameters: {...PARAMETERS_LAN, paceMs: 1}};
const hub = new MemoryHub();

function say(...words: readonly (string | number)[]): void {
  writeSync(1, `${words.join(" ")}\n`);
}

function step(validator: number, name: string): void {
  if (validator !== 0) return;
  say("step", name);
  if (name === killAt) process.kill(process.pid, "SIGKILL");
}

/** Key files as a validator has them; its steps are told. */
class ToldFiles extends ShareFiles {
  readonly #validator: number;

  constructor(validator: number) {
    super(join(dir, `${validator}`), password);
    this.#validator = validator;
  }
  override async dealerSeed(sid: Hex): Promise<Uint8Array> {
    const seed = await super.dealerSeed(sid);
    step(this.#validator, "seed");
    return seed;
  }
  override async writeShares(sid: Hex, shares: ReadonlyMap<number, Uint8Array>): Promise<void> {
    step(this.#validator, "writing");
    await super.writeShares(sid, shares);
    step(this.#validator, "written");
  }
}

function logger(validator: number): Logger {
  const told = (level: string) => (text: string, fields?: object) => {
    say(
      level,
      validator,
      text,
      JSON.stringify(fields ?? {}, (_, value) => (typeof value === "bigint" ? `${value}` : value)),
    );
    if (text === "group key is ready") say("ready", validator, Number((fields as {seats?: number} | undefined)?.seats));
  };
  const log: Logger = {debug: told("debug"), info: told("info"), warn: told("warn"), error: told("error"), child: () => log};
  return log;
}

function network(validator: number, handler: NetworkHandler): Network {
  const port = hub.port(validator, handler);
  return {
    ...port,
    broadcast: (message) => {
      if (message.kind === "dkg") {
        const body = decodeDkgBody(message.body);
        if (body.kind === "dealing") say("dealing", validator, body.sid, keccakHex(message.body));
      }
      port.broadcast(message);
      if (message.kind === "dkg") step(validator, `broadcast ${decodeDkgBody(message.body).kind}`);
    },
  };
}

for (const [validator, {consensus, encSecret}] of keys.entries()) {
  const own = join(dir, `${validator}`);
  const log = logger(validator);
  const parts = assemble({
    genesis,
    store: createBlockStore({dir: join(own, "db")}),
    wal: createWal({file: join(own, "wal", "consensus.wal")}),
    network: (handler) => network(validator, handler),
    observers: platformIds(genesis).map((platform) => new MemoryObserver(platform)),
    contracts: [],
    feed: new MemoryFeed(),
    payouts: new MemoryPayouts(),
    usersWithoutSafe: async () => [],
    clock: systemClock,
    log,
    secrets: {consensus, dealing: encSecret},
    shares: new ToldFiles(validator),
    random: () => secretOf(`random ${validator}`),
    fatal: (error) => {
      say("error", validator, String(error));
      process.exit(1);
    },
  });
  parts.chain.onDecided(({applied, replay}) => {
    if (!replay) step(validator, dkgSession(applied.state).phase);
  });
  await serviceGroup(parts.services, log, 1_000).start();
}
