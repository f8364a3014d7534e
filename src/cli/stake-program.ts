import type {Command} from "commander";

export interface StakeOptions {
  dir: string;
  /** Absent: what genesis.json of the node names. */
  staking?: string;
}

/** What `mvm stake …` does. */
export interface StakeHandlers {
  deposit(options: StakeOptions): Promise<void>;
  add(options: StakeOptions & {mixinUsers: string}): Promise<void>;
  remove(options: StakeOptions & {user: string[]}): Promise<void>;
  exit(options: StakeOptions): Promise<void>;
  withdraw(options: StakeOptions): Promise<void>;
  unjail(options: StakeOptions): Promise<void>;
  slash(options: StakeOptions & {evidence: string}): Promise<void>;
  status(options: StakeOptions & {operator?: string; json: boolean}): Promise<void>;
}

/** Adds `stake` and its subcommands; without one it deposits. */
export function stakeCommands(cli: Command, handlers: StakeHandlers, dirHelp: string): void {
  const stake = cli.command("stake").description("The stake of this node's operator: put in, change, leave, take out");
  const command = (name: string, about: string, isDefault = false) =>
    stake
      .command(name, {isDefault})
      .description(about)
      .requiredOption("--dir <dir>", dirHelp)
      .option("--staking <address>", "the Staking contract; else the one that genesis.json names");

  command("deposit", "Deposit one seat for each Mixin user of the node", true).action((o: StakeOptions) => handlers.deposit(o));
  command("add", "More seats, one for each Mixin user in a file; the users become the node's")
    .requiredOption("--mixin-users <file>", "JSON list, as for init")
    .action((o: StakeOptions & {mixinUsers: string}) => handlers.add(o));
  command("remove", "Give up the seats of these Mixin users; the last seat leaves by exit")
    .requiredOption("--user <uuid>", "a Mixin user of one of the seats; repeat for more", collect, [])
    .action((o: StakeOptions & {user: string[]}) => handlers.remove(o));
  command("exit", "Leave with every seat. Keep the node running until the seats are released.").action((o: StakeOptions) =>
    handlers.exit(o),
  );
  command("withdraw", "Take out what has unbonded").action((o: StakeOptions) => handlers.withdraw(o));
  command("unjail", "Be counted again from the next epoch on").action((o: StakeOptions) => handlers.unjail(o));
  command("slash", "Report who signed two values for one place; pays the finder's fee")
    .requiredOption("--evidence <file>", "JSON: one piece of /v1/evidence, or the whole answer")
    .action((o: StakeOptions & {evidence: string}) => handlers.slash(o));
  command("status", "What Staking knows, and what every wait waits for")
    .option("--operator <address>", "somebody else's stake")
    .option("--json", "one JSON object", false)
    .action((o: StakeOptions & {operator?: string; json: boolean}) => handlers.status(o));
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}
