import {AbiCoder, hexlify, id, keccak256, randomBytes, TypedDataEncoder, Wallet} from "ethers";
import type {CallOptions, Chain, Deployed, Receipt} from "./chain.ts";
import {ZERO32} from "./events.ts";
import {networkIdOf, type Outbox, systemHash} from "./group.ts";

const abi = AbiCoder.defaultAbiCoder();
const OUTBOX = "tuple(bytes32 platform, uint64 seq, bytes32 systemHash, bytes32 root, uint32 count)";
const MEMBER = "tuple(address operator, address consensus, uint16 seats)";
const CHECKPOINT = `tuple(uint64 epoch, ${MEMBER}[] members, uint32[] participation, address[] jailed, tuple(address operator, uint32 entries)[] released, bytes32 rewardsRoot)`;

export const STAKE = 10n ** 18n;
export const STAKING_SALT = id("salt");
export const ZERO_ADDRESS = `0x${"00".repeat(20)}`;
export const PREVOTE = 1;
export const PRECOMMIT = 2;

/** Short times, so that a test can let them pass. */
export const TERMS = {
  seatStake: STAKE,
  minValidators: 4,
  genesisTime: 0,
  epochSeconds: 60,
  evidenceAge: 120,
  unbonding: 240,
  jailSeconds: 60,
  slashShare: 500,
  finderShare: 500,
  insurance: ZERO_ADDRESS,
};

export const VOTE_TYPES = {
  Vote: [
    {name: "epoch", type: "uint64"},
    {name: "height", type: "uint64"},
    {name: "round", type: "uint32"},
    {name: "voteType", type: "uint8"},
    {name: "blockHash", type: "bytes32"},
  ],
};

export interface Deposit {
  seats: number;
  keys: {consensus: string; peerId: string; dealingKey: string; mixinIds: string[]};
  proofs: string[];
}
export interface Vote {
  epoch: number;
  height: number;
  round: number;
  voteType: number;
  blockHash: string;
}
export interface Proposal {
  epoch: number;
  height: number;
  round: number;
  polRound: number;
  blockHash: string;
}
export interface Member {
  operator: string;
  consensus: string;
  seats: number;
}
export interface Checkpoint {
  epoch: number;
  members: readonly Member[];
  participation: readonly number[];
  jailed: readonly string[];
  released: readonly {operator: string; entries: number}[];
  rewardsRoot: string;
}
export interface Entry {
  seats: number;
  requestedAt: number;
  releasedAt: number;
  readyAt: number;
}

export function checkpointEvent(of: Partial<Checkpoint>): string {
  const args = abi.encode([CHECKPOINT], [{epoch: 0, members: [], participation: [], jailed: [], released: [], rewardsRoot: ZERO32, ...of}]);
  return abi.encode(["uint8", "bytes"], [8, args]);
}

export const argsOf = (d: Deposit): unknown[] => [d.seats, d.keys, d.proofs];
export const randomUsers = (count: number): string[] => Array.from({length: count}, () => hexlify(randomBytes(16)));

/** A Staking contract, and the keys of whoever deposited through it. */
export class Stakes {
  readonly contract: Deployed;
  readonly chain: Chain;
  readonly #consensus = new Map<string, Wallet>();
  #height = 100;

  constructor(chain: Chain, contract: Deployed) {
    this.chain = chain;
    this.contract = contract;
  }

  get domain() {
    const salt = networkIdOf(this.chain.chainId, this.contract.address, STAKING_SALT);
    return {name: "MVM", version: "1", chainId: this.chain.chainId, verifyingContract: this.contract.address, salt};
  }
  get platform(): string {
    return keccak256(abi.encode(["uint256", "address"], [this.chain.chainId, this.contract.address]));
  }

  consensusDigest(operator: string): string {
    return TypedDataEncoder.hash(this.domain, {ConsensusKey: [{name: "operator", type: "address"}]}, {operator});
  }
  voteDigest(vote: Vote): string {
    return TypedDataEncoder.hash(this.domain, VOTE_TYPES, vote);
  }
  proposalDigest(proposal: Proposal): string {
    const types = {
      Proposal: [
        {name: "epoch", type: "uint64"},
        {name: "height", type: "uint64"},
        {name: "round", type: "uint32"},
        {name: "polRound", type: "int32"},
        {name: "blockHash", type: "bytes32"},
      ],
    };
    return TypedDataEncoder.hash(this.domain, types, proposal);
  }

  consensusOf(operator: string): Wallet {
    const wallet = this.#consensus.get(operator.toLowerCase());
    if (wallet === undefined) throw new Error(`${operator} has not deposited here`);
    return wallet;
  }

  /** A good deposit of fresh keys, but for what `change` says. */
  depositOf(operator: string, seats: number, change: Partial<Deposit["keys"]> = {}): Deposit {
    const consensus = new Wallet(hexlify(randomBytes(32)));
    const keys = {
      consensus: consensus.address,
      peerId: hexlify(randomBytes(38)),
      dealingKey: hexlify(randomBytes(48)),
      mixinIds: randomUsers(seats),
      ...change,
    };
    this.#consensus.set(operator.toLowerCase(), consensus);
    return {seats, keys, proofs: [consensus.signingKey.sign(this.consensusDigest(operator)).serialized, hexlify(randomBytes(96))]};
  }
  async deposit(operator: string, seats: number): Promise<Deposit> {
    const d = this.depositOf(operator, seats);
    await this.contract.send("deposit", argsOf(d), {from: operator, value: STAKE * BigInt(seats)});
    return d;
  }
  /** These operators deposit a seat each, and are the set of epoch 0. */
  async network(operators: readonly string[], seats = 1): Promise<void> {
    for (const operator of operators) await this.deposit(operator, seats);
    await this.contract.send("freeze", []);
  }

  /** Arguments of a slash by two votes of this key for `a` and `b`. */
  doubleVote(key: Wallet, change: Partial<Vote> = {}, other: Partial<Vote> = {}): unknown[] {
    const first = {epoch: 0, height: 7, round: 0, voteType: PRECOMMIT, blockHash: id("one"), ...change};
    const second = {...first, blockHash: id("two"), ...other};
    const sign = (vote: Vote) => key.signingKey.sign(this.voteDigest(vote)).serialized;
    return [first, sign(first), second, sign(second)];
  }

  async members(epoch: number): Promise<Member[]> {
    const [operators, keys, seats] = await this.contract.read("activeSet", epoch);
    return [...operators].map((operator: string, i: number) => ({operator, consensus: keys[i], seats: Number(seats[i])}));
  }

  /** Arguments of a call that brings an outbox with these system events, decided by the current set. */
  async decided(
    system: readonly string[],
    change: {epoch?: number; seq?: number; signers?: number; others?: Outbox[]} = {},
  ): Promise<unknown[]> {
    const epoch = change.epoch ?? Number((await this.contract.read("epoch"))[0]);
    const seq = BigInt(change.seq ?? Number((await this.contract.read("nextSeq"))[0]));
    const height = ++this.#height;
    const coreHash = id(`core ${height}`);
    const own = {platform: this.platform, seq, systemHash: systemHash(system), root: ZERO32, count: 0};
    const outboxes = [...(change.others ?? []), own];
    const blockHash = keccak256(
      abi.encode(["bytes32", "uint64", "bytes32", `${OUTBOX}[]`], [id("mvm.block.v1"), height, coreHash, outboxes]),
    );
    const members = await this.members(epoch);
    const digest = this.voteDigest({epoch, height, round: 3, voteType: PRECOMMIT, blockHash});
    const quorum = Math.floor((2 * members.reduce((sum, m) => sum + m.seats, 0)) / 3) + 1;
    const before = (count: number) => members.slice(0, count).reduce((sum, m) => sum + m.seats, 0);
    const signers = change.signers ?? members.filter((_, i) => before(i) < quorum).length;
    const signatures = members.map((m, i) => (i < signers ? this.consensusOf(m.operator).signingKey.sign(digest).serialized : "0x"));
    return [height, coreHash, outboxes, epoch, 3, signatures, system];
  }
  async checkpoint(of: Partial<Checkpoint>, options?: CallOptions): Promise<Receipt> {
    const epoch = Number((await this.contract.read("epoch"))[0]);
    const event = checkpointEvent({epoch: (of.members ?? []).length > 0 ? epoch + 1 : epoch, ...of});
    return this.contract.send("checkpointEpoch", await this.decided([event]), options);
  }

  async validator(operator: string): Promise<{seats: number; held: number; tombstoned: boolean; jailedUntil: number}> {
    const [v] = await this.contract.read("validatorOf", operator);
    return {seats: Number(v.seats), held: Number(v.held), tombstoned: v.tombstoned, jailedUntil: Number(v.jailedUntil)};
  }
  async entries(operator: string): Promise<Entry[]> {
    const [, entries, readyAt] = await this.contract.read("entriesOf", operator);
    return [...entries].map((e: Record<"seats" | "requestedAt" | "releasedAt", bigint>, i: number) => ({
      seats: Number(e.seats),
      requestedAt: Number(e.requestedAt),
      releasedAt: Number(e.releasedAt),
      readyAt: Number(readyAt[i]),
    }));
  }
  async balance(address = this.contract.address): Promise<bigint> {
    return BigInt(await this.chain.rpc<string>("eth_getBalance", address, "latest"));
  }
}

export async function deployStakes(chain: Chain, terms: Partial<typeof TERMS> = {}): Promise<Stakes> {
  return new Stakes(chain, await chain.deploy("Staking", [STAKING_SALT, {...TERMS, ...terms}]));
}

/** Seconds since 1970, of the newest block. */
export async function now(chain: Chain): Promise<number> {
  return Number((await chain.rpc<{timestamp: string}>("eth_getBlockByNumber", "latest", false)).timestamp);
}
/** The next block is so many seconds later. */
export async function pass(chain: Chain, seconds: number): Promise<void> {
  await chain.rpc("evm_increaseTime", seconds);
  await chain.rpc("evm_mine");
}
