import {Command, InvalidArgumentError, Option} from "commander";

/** What `npm run testnet` can be asked for. */
export interface TestnetOptions {
  /** Seats of each validator; null where nothing is said of them: four with one each, or what the directory holds. */
  readonly seats: readonly number[] | null;
  /** Where everything is kept; null: a fresh temporary directory. */
  readonly dir: string | null;
  readonly json: boolean;
  readonly once: boolean;
  /** Seconds between blocks of the chain; 0: a block for each transaction. */
  readonly blockTime: number;
  /** Least length of an epoch, s; 0: the validator set never changes. */
  readonly epochSeconds: number;
  readonly demo: boolean;
}

/** Reads the command line. Exits by commander's way on --help and on wrong usage. */
export function parseOptions(argv: readonly string[]): TestnetOptions {
  const cli = new Command("testnet")
    .description("A chain, a Mixin devnet and N validators on this machine, each a process of its own, and a payment there and back")
    .addOption(new Option("--validators <n>", "how many validators (default: 4)").argParser(count(1, 64)))
    .option("--seats <a,b,c…>", "seats of each validator; 1 each where absent")
    .option("--dir <dir>", "keep everything here, and resume what is here")
    .option("--json", "one JSON object per line instead of the picture", false)
    .option("--once", "the demo, then stop; exit code 0 only if payment and payout arrived", false)
    .addOption(new Option("--block-time <s>", "seconds between blocks of the chain; 0: at once").argParser(count(0, 60)).default(0))
    .addOption(
      new Option("--epoch-seconds <s>", "least length of an epoch; 0: the set never changes").argParser(count(0, 86_400)).default(0),
    )
    .option("--no-demo", "no demo payment");
  const given = cli.parse([...argv], {from: "user"}).opts<{
    validators?: number;
    seats?: string;
    dir?: string;
    json: boolean;
    once: boolean;
    blockTime: number;
    epochSeconds: number;
    demo: boolean;
  }>();
  if (given.once && !given.demo) cli.error("--once is the demo and then the end: it does not go with --no-demo");
  const {validators, seats: text, ...rest} = given;
  const even = validators === undefined ? null : Array.from({length: validators}, () => 1);
  const seats = text === undefined ? even : parseSeats(cli, text);
  if (even !== null && seats?.length !== even.length) cli.error(`--validators ${validators} does not fit --seats ${text}`);
  return {...rest, seats, dir: given.dir ?? null};
}

function parseSeats(cli: Command, text: string): number[] {
  const seats = text.split(",").map(Number);
  const total = seats.reduce((sum, s) => sum + s, 0);
  if (seats.some((s) => !Number.isInteger(s) || s < 1) || total > 64)
    cli.error(`--seats ${text}: want whole numbers of at least 1, 64 in all at most`);
  return seats;
}

function count(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min || value > max) throw new InvalidArgumentError(`want ${min} to ${max}`);
    return value;
  };
}
