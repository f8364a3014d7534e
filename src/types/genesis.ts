import {fromHex, type Hex, utf8} from "../base/bytes.ts";
import {DecodeError, MvmError} from "../base/errors.ts";
import {keccakHex} from "../base/hash.ts";
import {networkIdOf, platformOf} from "./digests.ts";
import {parseAddress, parseUuid, type Uuid} from "./ids.ts";
import {normaliseRules, type RulesText} from "./rules.ts";
import {quorumOf, totalSeats, type ValidatorInfo} from "./validators.ts";
import {SEATS_MAX} from "./votes.ts";

/** A chain with a group contract. */
export interface PlatformInfo {
  readonly chainId: number;
  readonly group: Hex;
  /** Blocks under the head that count as final; 0: what the chain itself calls finalized. */
  readonly finality: number;
}

/** Numbers that every node must agree on. */
export interface Parameters {
  /** Least time between two ticks, ms. */
  readonly paceMs: number;
  /** Time between two ranks of submitters, ms. */
  readonly stageMs: number;
  /** Round timeouts, ms: base and growth per round. */
  readonly proposeMs: number;
  readonly proposeDeltaMs: number;
  readonly voteMs: number;
  readonly voteDeltaMs: number;
  /** Least length of an epoch, s of the home chain's time; 0: the set never changes. */
  readonly epochSeconds: number;
}

/** What a network starts from. Equal bytes on every node: `encodeGenesis` has one output, and its hash is compared by peers. */
export interface Genesis {
  readonly networkId: Hex;
  readonly homeChainId: number;
  readonly staking: Hex;
  readonly salt: Hex;
  readonly platforms: readonly PlatformInfo[];
  /** Home block in which the set of epoch 0 was frozen, and its time in seconds since 1970. */
  readonly epoch0Block: number;
  readonly epoch0Time: number;
  readonly feeAsset: Uuid;
  readonly parameters: Parameters;
  /** What it costs; left out where everything is free. */
  readonly rules?: RulesText;
  /** The set of epoch 0 by operator address, as Staking froze it. */
  readonly validators: readonly ValidatorInfo[];
}

export const PARAMETERS_LAN: Parameters = {
  paceMs: 100,
  stageMs: 1_000,
  proposeMs: 200,
  proposeDeltaMs: 100,
  voteMs: 100,
  voteDeltaMs: 50,
  epochSeconds: 0,
};

/** genesis.json contradicts itself; `data` says where. */
export class GenesisError extends MvmError<
  "WRONG_NETWORK_ID" | "WRONG_ORDER" | "WRONG_SEATS" | "NO_PLATFORM",
  {field: string; want?: string; got?: string}
> {}

/** The text of genesis.json. */
export function encodeGenesis(genesis: Genesis): string {
  return `${JSON.stringify(normalise(genesis), null, 2)}\n`;
}

/** keccak256 of the text. */
export function genesisHash(genesis: Genesis): Hex {
  return keccakHex(utf8(encodeGenesis(genesis)));
}

/** Throws DecodeError for what has the wrong form, GenesisError for what does not fit together. */
export function decodeGenesis(text: string): Genesis {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    throw new DecodeError("BAD_TEXT", {field: "genesis", want: "JSON"}, {cause});
  }
  const genesis = normalise(raw);
  const id = networkIdOf(genesis);
  if (id !== genesis.networkId) throw new GenesisError("WRONG_NETWORK_ID", {field: "networkId", want: id, got: genesis.networkId});
  if (genesis.platforms.length === 0) throw new GenesisError("NO_PLATFORM", {field: "platforms"});
  genesis.validators.forEach((v, i) => {
    if (i > 0 && v.operator <= (genesis.validators[i - 1]?.operator ?? ""))
      throw new GenesisError("WRONG_ORDER", {field: `validators[${i}].operator`, got: v.operator});
    if (v.seats < 1 || v.mixinUsers.length !== v.seats)
      throw new GenesisError("WRONG_SEATS", {field: `validators[${i}].mixinUsers`, want: `${v.seats}`, got: `${v.mixinUsers.length}`});
  });
  const seats = totalSeats(genesis.validators);
  if (seats < 1 || seats > SEATS_MAX)
    throw new GenesisError("WRONG_SEATS", {field: "validators", want: `1 to ${SEATS_MAX}`, got: `${seats}`});
  return genesis;
}

/** Ids of the platforms, in order; the first is what an Operation means by "" or "quorum". */
export function platformIds(genesis: Genesis): Hex[] {
  return genesis.platforms.map((p) => platformOf(p.chainId, p.group));
}

/** Seats of epoch 0 and their quorum. */
export function genesisQuorum(genesis: Genesis): {seats: number; quorum: number} {
  const seats = totalSeats(genesis.validators);
  return {seats, quorum: quorumOf(seats)};
}

/** Rebuilds the value with every field checked and in a fixed order, so that equal values are equal bytes. */
function normalise(raw: unknown): Genesis {
  const g = record(raw, "genesis");
  const p = record(g["parameters"], "parameters");
  return {
    networkId: hex(g["networkId"], 32, "networkId"),
    homeChainId: whole(g["homeChainId"], "homeChainId"),
    staking: parseAddress(string(g["staking"], "staking"), "staking"),
    salt: hex(g["salt"], 32, "salt"),
    platforms: list(g["platforms"], "platforms", (item, field) => ({
      chainId: whole(item["chainId"], `${field}.chainId`),
      group: parseAddress(string(item["group"], `${field}.group`), `${field}.group`),
      finality: whole(item["finality"], `${field}.finality`),
    })),
    epoch0Block: whole(g["epoch0Block"], "epoch0Block"),
    epoch0Time: whole(g["epoch0Time"], "epoch0Time"),
    feeAsset: parseUuid(string(g["feeAsset"], "feeAsset"), "feeAsset"),
    parameters: {
      paceMs: whole(p["paceMs"], "parameters.paceMs"),
      stageMs: whole(p["stageMs"], "parameters.stageMs"),
      proposeMs: whole(p["proposeMs"], "parameters.proposeMs"),
      proposeDeltaMs: whole(p["proposeDeltaMs"], "parameters.proposeDeltaMs"),
      voteMs: whole(p["voteMs"], "parameters.voteMs"),
      voteDeltaMs: whole(p["voteDeltaMs"], "parameters.voteDeltaMs"),
      epochSeconds: whole(p["epochSeconds"], "parameters.epochSeconds"),
    },
    ...(g["rules"] !== undefined && {rules: normaliseRules(g["rules"])}),
    validators: list(g["validators"], "validators", (item, field) => ({
      operator: parseAddress(string(item["operator"], `${field}.operator`), `${field}.operator`),
      consensusKey: parseAddress(string(item["consensusKey"], `${field}.consensusKey`), `${field}.consensusKey`),
      seats: whole(item["seats"], `${field}.seats`),
      peerId: string(item["peerId"], `${field}.peerId`),
      encKey: hex(item["encKey"], 48, `${field}.encKey`),
      encKeyProof: hex(item["encKeyProof"], 96, `${field}.encKeyProof`),
      mixinUsers: array(item["mixinUsers"], `${field}.mixinUsers`).map((u, j) =>
        parseUuid(string(u, `${field}.mixinUsers[${j}]`), `${field}.mixinUsers[${j}]`),
      ),
    })),
  };
}

function record(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new DecodeError("BAD_TEXT", {field, want: "object", got: typeof value});
  return value as Record<string, unknown>;
}
function array(value: unknown, field: string): unknown[] {
  if (!Array.isArray(value) || value.length > 1_000)
    throw new DecodeError("BAD_TEXT", {field, want: "array of at most 1,000", got: typeof value});
  return value;
}
function list<T>(value: unknown, field: string, item: (value: Record<string, unknown>, field: string) => T): T[] {
  return array(value, field).map((v, i) => item(record(v, `${field}[${i}]`), `${field}[${i}]`));
}
function string(value: unknown, field: string): string {
  if (typeof value !== "string" || value === "") throw new DecodeError("BAD_TEXT", {field, want: "text", got: typeof value});
  return value;
}
function whole(value: unknown, field: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw new DecodeError("BAD_TEXT", {field, want: "whole number", got: String(value).slice(0, 40)});
  return value;
}
function hex(value: unknown, size: number, field: string): Hex {
  const text = string(value, field);
  fromHex(text, field, size);
  return text.toLowerCase() as Hex;
}
