import {DecodeError} from "../base/errors.ts";
import {parseUuid, type Uuid} from "./ids.ts";

/** What processes and messages cost, 1e-8 units, and how long things take. */
export interface ProcessRules {
  /** In the fee asset. */
  readonly registrationFee: bigint;
  readonly messageFee: bigint;
  /** Least payment of an asset: less is held, as giving it back would cost more. */
  readonly minPayments: ReadonlyMap<Uuid, bigint>;
  /** Between the request to move a process and the move, s of the payers' time: its users can leave meanwhile. */
  readonly moveDelaySeconds: number;
  /** Heights between two payments of what fees have gathered; 0: never. */
  readonly rewardHeights: number;
}

/** The same as genesis.json has it: amounts are decimal text. */
export interface RulesText {
  readonly registrationFee: string;
  readonly messageFee: string;
  readonly minPayments: readonly {readonly asset: Uuid; readonly amount: string}[];
  readonly moveDelaySeconds: number;
  readonly rewardHeights: number;
}

const FREE: RulesText = {registrationFee: "0", messageFee: "0", minPayments: [], moveDelaySeconds: 172_800, rewardHeights: 0};

/** The rules that genesis names; without any, everything is free and a move takes 48 hours. */
export function rulesOf(text: RulesText = FREE): ProcessRules {
  return {
    registrationFee: BigInt(text.registrationFee),
    messageFee: BigInt(text.messageFee),
    minPayments: new Map(text.minPayments.map(({asset, amount}) => [asset, BigInt(amount)])),
    moveDelaySeconds: text.moveDelaySeconds,
    rewardHeights: text.rewardHeights,
  };
}

/** Every field checked, in a fixed order: equal values are equal bytes. Throws DecodeError. */
export function normaliseRules(raw: unknown): RulesText {
  if (typeof raw !== "object" || raw === null) throw bad("rules", "object", raw);
  const r = raw as Record<string, unknown>;
  const minPayments = r["minPayments"] ?? [];
  if (!Array.isArray(minPayments) || minPayments.length > 1_000) throw bad("rules.minPayments", "list", minPayments);
  return {
    registrationFee: units(r["registrationFee"], "rules.registrationFee"),
    messageFee: units(r["messageFee"], "rules.messageFee"),
    minPayments: minPayments.map((item: {asset?: unknown; amount?: unknown} | null) => ({
      asset: parseUuid(String(item?.asset), "rules.minPayments.asset"),
      amount: units(item?.amount, "rules.minPayments.amount"),
    })),
    moveDelaySeconds: whole(r["moveDelaySeconds"], "rules.moveDelaySeconds"),
    rewardHeights: whole(r["rewardHeights"], "rules.rewardHeights"),
  };
}

function units(value: unknown, field: string): string {
  if (typeof value !== "string" || !/^(0|[1-9]\d{0,37})$/.test(value)) throw bad(field, "whole units of 1e-8, as decimal text", value);
  return value;
}
function whole(value: unknown, field: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw bad(field, "whole number", value);
  return value;
}
function bad(field: string, want: string, got: unknown): DecodeError {
  return new DecodeError("BAD_TEXT", {field, want, got: String(got).slice(0, 40)});
}
