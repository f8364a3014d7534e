import {existsSync, mkdirSync, readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {fromHex, type Hex} from "../base/bytes.ts";
import {describeError} from "../base/errors.ts";
import {readChainId} from "../chain/chain-id.ts";
import {buildGenesis} from "../chain/genesis.ts";
import {openProvider} from "../chain/provider.ts";
import {startNode} from "../node/compose.ts";
import {type ConfigInput, parseConfig} from "../node/config.ts";
import {createKeyring, parseSeatUsers, readPassword} from "../node/keyring.ts";
import {encodeGenesis, PARAMETERS_LAN} from "../types/genesis.ts";
import {parseAddress, parseUuid} from "../types/ids.ts";
import {askScreen, printScreen} from "./ask.ts";
import {configFields, configShow} from "./config.ts";
import {createApp, printApp} from "./create-app.ts";
import {doctor} from "./doctor/doctor.ts";
import {CommandError} from "./errors.ts";
import {keysList} from "./keys.ts";
import {showPayment} from "./payment.ts";
import type {DirOption, GenesisOptions, Handlers, InitOptions} from "./program.ts";
import {repair} from "./repair.ts";
import {stakeHandlers} from "./stake.ts";

const RPC_MS = 10_000;

const print = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);

export const handlers: Handlers = {
  init,
  stake: stakeHandlers,
  genesis,
  run,
  status: async (o) => printScreen(await askScreen(o.api), o.json),
  payment: showPayment,
  createApp: async (folder) => printApp(createApp(folder)),
  doctor,
  keysList,
  repair,
  configShow,
  configFields,
};

async function init(options: InitOptions): Promise<void> {
  const {dir, mixinUsers} = options;
  const file = join(dir, "config.json");
  if (existsSync(file)) throw new CommandError("FILE_EXISTS", {file, advice: "this directory has a node already; choose another"});
  const users = parseSeatUsers(readText(mixinUsers), mixinUsers);
  const config: ConfigInput = {
    rpc: options.rpc,
    mixin: options.mixin,
    ...(options.listen.length > 0 && {listen: options.listen}),
    peers: options.peer,
    api: {port: options.apiPort},
    log: {level: "info", ...(options.logFile !== undefined && {file: options.logFile})},
  };
  parseConfig(config, file);
  mkdirSync(dir, {recursive: true, mode: 0o700});
  const addresses = await createKeyring(dir, readPassword(), users);
  writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`);
  print({event: "created", dir, seats: users.length, ...addresses});
}

async function genesis(options: GenesisOptions): Promise<void> {
  fromHex(options.salt, "--salt", 32);
  const provider = openProvider({url: options.rpc, chainId: await readChainId(options.rpc, RPC_MS), timeoutMs: RPC_MS});
  const made = await buildGenesis({
    provider,
    staking: parseAddress(options.staking, "--staking"),
    salt: options.salt.toLowerCase() as Hex,
    groups: options.group.map((group) => ({provider, group: parseAddress(group, "--group"), finality: 0})),
    feeAsset: parseUuid(options.feeAsset, "--fee-asset"),
    parameters: {...PARAMETERS_LAN, epochSeconds: options.epochSeconds},
  }).finally(() => provider.destroy());
  writeFileSync(options.out, encodeGenesis(made));
  print({event: "genesis", networkId: made.networkId, validators: made.validators.length, out: options.out});
}

/** Runs until a signal, the end of the parent's channel, or a failure that the node cannot get over. */
async function run({dir}: DirOption): Promise<void> {
  const stopping = new Promise<{why: string; error?: unknown}>((resolve) => {
    process.once("SIGINT", () => resolve({why: "SIGINT"}));
    process.once("SIGTERM", () => resolve({why: "SIGTERM"}));
    process.once("disconnect", () => resolve({why: "the parent process is gone"}));
    const crash = (error: unknown) => resolve({why: "failed", error});
    process.once("uncaughtException", crash);
    process.once("unhandledRejection", crash);
    void startNode({dir, password: readPassword(), fatal: crash}).then((node) => {
      print({event: "ready", api: node.api, peerId: node.peerId, addresses: node.addresses, dir, pid: process.pid});
      void stopping.then(async ({why, error}) => {
        if (error !== undefined) node.log.error("the node cannot go on", describeError(error));
        node.log.info("stopping", {why});
        await node.stop();
        process.exit(error === undefined ? 0 : 1);
      });
    }, crash);
  });
  const {error} = await stopping;
  if (error === undefined) return;
  if (process.connected) process.disconnect(); // an open channel would keep a node that could not start
  throw error;
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new CommandError("NO_FILE", {file, advice: "this file cannot be read"});
  }
}
