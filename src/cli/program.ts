import {Command, InvalidArgumentError} from "commander";
import {type StakeHandlers, stakeCommands} from "./stake-program.ts";

export interface DirOption {
  dir: string;
}
export interface InitOptions extends DirOption {
  rpc: string;
  mixin: string;
  mixinUsers: string;
  listen: string[];
  peer: string[];
  apiPort: number;
  logFile?: string;
}
export interface GenesisOptions {
  rpc: string;
  staking: string;
  salt: string;
  group: string[];
  feeAsset: string;
  epochSeconds: number;
  out: string;
}
export interface ApiOptions {
  api: string;
  json: boolean;
}

/** What each command does; the command line itself only parses. */
export interface Handlers {
  init(options: InitOptions): Promise<void>;
  stake: StakeHandlers;
  genesis(options: GenesisOptions): Promise<void>;
  run(options: DirOption): Promise<void>;
  status(options: ApiOptions): Promise<void>;
  payment(id: string, options: ApiOptions): Promise<void>;
  createApp(folder: string): Promise<void>;
  doctor(options: DirOption & {json: boolean}): Promise<void>;
  keysList(options: DirOption & {json: boolean; check: boolean}): Promise<void>;
  repair(options: DirOption & {yes: boolean; json: boolean}): Promise<void>;
  configShow(options: DirOption & {json: boolean}): Promise<void>;
  configFields(options: {json: boolean}): Promise<void>;
}

/** The whole command line, without a side effect. */
export function program(handlers: Handlers): Command {
  const cli = new Command("mvm").description("A validator node of the MVM network").showHelpAfterError().exitOverride();
  const dir = "directory of the node: config.json, genesis.json, keys/, db/, wal/";

  cli
    .command("init")
    .description("Make keys and config.json of a validator. The password comes from the file named by MVM_PASSWORD_FILE.")
    .requiredOption("--dir <dir>", dir)
    .requiredOption("--rpc <url>", "JSON-RPC of the home chain")
    .requiredOption(
      "--mixin-users <file>",
      "JSON list of Mixin users, one per seat: app_id, session_id, server_public_key, session_private_key, spend_private_key",
    )
    .option("--mixin <url>", "Mixin API", "https://api.mixin.one")
    .option("--listen <multiaddr>", "libp2p address to listen on; repeat for more", collect, [])
    .option("--peer <multiaddr>", "a validator to dial; repeat for more", collect, [])
    .option("--api-port <port>", "port of the HTTP API on 127.0.0.1; 0 takes a free one", port, 0)
    .option("--log-file <file>", "write the log there instead of standard error")
    .addHelpText(
      "after",
      "\nExample:\n  MVM_PASSWORD_FILE=~/mvm.pass mvm init --dir ~/mvm --rpc http://127.0.0.1:8545 --mixin-users seats.json",
    )
    .action((options: InitOptions) => handlers.init(options));

  stakeCommands(cli, handlers.stake, dir);

  cli
    .command("genesis")
    .description("Write genesis.json from what the chain says; equal bytes for everybody")
    .requiredOption("--rpc <url>", "JSON-RPC of the home chain")
    .requiredOption("--staking <address>", "the Staking contract, frozen")
    .requiredOption("--salt <hex32>", "the salt that Staking was made with")
    .requiredOption("--group <address>", "a group contract on the home chain; repeat for more, the first is the default", collect, [])
    .requiredOption("--fee-asset <uuid>", "Mixin asset of fees")
    .option("--epoch-seconds <s>", "least length of an epoch; 0: the validator set never changes", wholeNumber, 0)
    .requiredOption("--out <file>", "where to write it")
    .action((options: GenesisOptions) => handlers.genesis(options));

  cli
    .command("run")
    .description("Run the validator until SIGINT or SIGTERM")
    .requiredOption("--dir <dir>", dir)
    .action((options: DirOption) => handlers.run(options));

  cli
    .command("repair")
    .description(
      "Say what is wrong with the log of a stopped node, what mending it loses, and from which height it votes again; with --yes mend it",
    )
    .requiredOption("--dir <dir>", dir)
    .option("--yes", "do it", false)
    .option("--json", "print one JSON object", false)
    .action((options: DirOption & {yes: boolean; json: boolean}) => handlers.repair(options));

  cli
    .command("status")
    .description("Ask a running node how it is")
    .requiredOption("--api <url>", "HTTP API of the node")
    .option("--json", "print the answer as it came", false)
    .action((options: ApiOptions) => handlers.status(options));

  cli
    .command("payment")
    .description("What happened to a Mixin payment: by output id or by the payer's request id")
    .argument("<id>", "UUID")
    .requiredOption("--api <url>", "HTTP API of a node")
    .option("--json", "print the answer as it came", false)
    .action((id: string, options: ApiOptions) => handlers.payment(id, options));

  cli
    .command("create-app")
    .description("Make the folder of a new app: contract, tests, and scripts that publish and pay it on the local testnet")
    .argument("<folder>", "where; its name becomes the app's")
    .action((folder: string) => handlers.createApp(folder));

  cli
    .command("doctor")
    .description("Look at everything a node needs: files, keys, disk, clock, chain, Mixin, peers; says what is wrong and how to mend it")
    .requiredOption("--dir <dir>", dir)
    .option("--json", "one JSON array", false)
    .action((options: DirOption & {json: boolean}) => handlers.doctor(options));

  cli
    .command("keys")
    .description("The key files of a node")
    .command("list")
    .description("What each key file is for; with --check, whether the password of MVM_PASSWORD_FILE opens it. No secret is ever shown.")
    .requiredOption("--dir <dir>", dir)
    .option("--json", "one JSON array", false)
    .option("--check", "open each file", false)
    .action((options: DirOption & {json: boolean; check: boolean}) => handlers.keysList(options));

  const config = cli.command("config").description("The configuration of a node");
  config
    .command("show")
    .description(
      "Print what a node would run with: defaults, config.json, then variables MVM_… of the environment; keys in URLs are hidden",
    )
    .requiredOption("--dir <dir>", dir)
    .option("--json", "one JSON object", false)
    .action((options: DirOption & {json: boolean}) => handlers.configShow(options));
  config
    .command("fields")
    .description("List every field with its variable, default and meaning")
    .option("--json", "one JSON array", false)
    .action((options: {json: boolean}) => handlers.configFields(options));
  return cli;
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

function wholeNumber(value: string): number {
  const parsed = Number(value);
  if (!Number.isSafeInteger(parsed) || parsed < 0) throw new InvalidArgumentError("want a whole number");
  return parsed;
}

function port(value: string): number {
  const parsed = Number(value);
  if (!Number.isInteger(parsed) || parsed < 0 || parsed > 65_535) throw new InvalidArgumentError("want 0 to 65535");
  return parsed;
}
