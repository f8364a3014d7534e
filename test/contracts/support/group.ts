import {AbiCoder, id, keccak256, type Signature, TypedDataEncoder, Wallet} from "ethers";
import {type BlsKey, blsKey} from "./bls.ts";
import type {Chain, Deployed, Receipt} from "./chain.ts";
import {type EventFields, encodeEvent, rootOf, ZERO32} from "./events.ts";

const abi = AbiCoder.defaultAbiCoder();
const OUTBOX = "tuple(bytes32 platform, uint64 seq, bytes32 systemHash, bytes32 root, uint32 count)";

export interface Outbox {
  platform: string;
  seq: bigint;
  systemHash: string;
  root: string;
  count: number;
}
export interface Block {
  height: bigint;
  coreHash: string;
  outboxes: Outbox[];
  epoch: bigint;
  round: number;
}
export interface Contents {
  system: string[];
  events: string[];
}
export interface ValidatorKeys {
  readonly wallets: readonly Wallet[];
  readonly seats: readonly number[];
}

export function validatorKeys(seats: readonly number[]): ValidatorKeys {
  return {wallets: seats.map((_, i) => new Wallet(id(`validator ${i}`))), seats};
}

export function validatorsHash(epoch: bigint, keys: readonly string[], seats: readonly number[]): string {
  return keccak256(abi.encode(["uint64", "address[]", "uint16[]"], [epoch, keys, seats]));
}

export function networkIdOf(homeChainId: number, staking: string, salt: string): string {
  return keccak256(abi.encode(["bytes32", "uint256", "address", "bytes32"], [id("mvm.network.v1"), homeChainId, staking, salt]));
}

export function systemHash(system: readonly string[]): string {
  return system.length === 0 ? ZERO32 : keccak256(abi.encode(["bytes[]"], [system]));
}

/** A system event: its kind, and the types and values of its arguments. */
export function systemEvent(kind: number, types: readonly string[], values: readonly unknown[]): string {
  return abi.encode(["uint8", "bytes"], [kind, abi.encode(types, values)]);
}
export function register(process: string, app: string, policy = 0, gasLimit = 300_000, firstNonce = 0n): string {
  return systemEvent(1, ["bytes16", "address", "uint8", "uint32", "uint64"], [process, app, policy, gasLimit, firstNonce]);
}
export const move = (process: string, app: string) => systemEvent(2, ["bytes16", "address"], [process, app]);
export const close = (process: string) => systemEvent(3, ["bytes16"], [process]);
export const validatorSet = (epoch: bigint, hash: string) => systemEvent(4, ["uint64", "bytes32"], [epoch, hash]);
export const custody = (epoch: bigint, members: readonly string[], threshold: number) =>
  systemEvent(5, ["uint64", "bytes16[]", "uint16"], [epoch, members, threshold]);
export const assetInfo = (asset: string, symbol: string, name: string) =>
  systemEvent(6, ["bytes16", "string", "string"], [asset, symbol, name]);
export const credit = (process: string, asset: string, amount: bigint) =>
  systemEvent(7, ["bytes16", "bytes16", "uint256"], [process, asset, amount]);

export const uuid = (name: string): string => keccak256(id(name)).slice(0, 34);
export const BTC = uuid("BTC");
export const ALICE = uuid("alice");
export const STRICT = 0;
export const PARK = 1;

export interface Activation {
  groupKey: string;
  pop: string;
  sid: string;
  transcript: string;
  epoch: bigint;
  keys: string[];
  seats: number[];
  signatures: string[];
  deadline: bigint;
}

/** A group contract and the keys behind it: what a quorum of validators could do. */
export class Group {
  readonly contract: Deployed;
  readonly networkId: string;
  readonly platform: string;
  validators: ValidatorKeys;
  epoch = 0n;
  key: BlsKey;
  readonly staking: string;
  readonly homeChainId: number;
  #height = 0n;
  #seq = 0n;
  readonly #nonces = new Map<string, bigint>();

  constructor(of: {contract: Deployed; chain: Chain; homeChainId: number; staking: string; salt: string; validators: ValidatorKeys}) {
    this.contract = of.contract;
    this.homeChainId = of.homeChainId;
    this.staking = of.staking;
    this.validators = of.validators;
    this.key = blsKey(BigInt(id("group key")) >> 3n);
    this.networkId = networkIdOf(of.homeChainId, of.staking, of.salt);
    this.platform = keccak256(abi.encode(["uint256", "address"], [of.chain.chainId, of.contract.address]));
  }

  ack(of: {groupKey: string; sid: string; transcript: string}): string {
    return keccak256(
      abi.encode(
        ["bytes32", "bytes32", "bytes32", "bytes32", "bytes32"],
        [id("mvm.ack.v1"), this.networkId, of.sid, of.transcript, keccak256(of.groupKey)],
      ),
    );
  }

  /** The arguments of a good activation; `signers` by index. */
  activation(signers: readonly number[], change: Partial<Activation> = {}): Activation {
    const sid = id("session");
    const transcript = id("transcript");
    const pop = this.key.sign(this.ack({groupKey: this.key.publicKey, sid, transcript}));
    const given = {groupKey: this.key.publicKey, pop, sid, transcript, epoch: 0n, deadline: 10n ** 11n, ...change};
    const {wallets, seats} = this.validators;
    const digest = this.adminDigest(given);
    return {
      keys: wallets.map((w) => w.address),
      seats: [...seats],
      signatures: wallets.map((w, i) => (signers.includes(i) ? w.signingKey.sign(digest).serialized : "0x")),
      ...given,
    };
  }

  adminDigest(of: Pick<Activation, "groupKey" | "pop" | "sid" | "transcript" | "epoch" | "deadline">, counter = 0n): string {
    return this.actionDigest("activate", counter, of.deadline, keyArgsHash(of));
  }

  /** What an action of the validators is signed as; `argsHash` of none by default. */
  actionDigest(action: string, counter: bigint, deadline: bigint, argsHash = keccak256("0x")): string {
    return this.#typed("Admin", "bytes32 action,bytes32 platform,uint64 counter,bytes32 argsHash,uint64 deadline", [
      id(action),
      this.platform,
      counter,
      argsHash,
      deadline,
    ]);
  }

  /** What validators sign to precommit a block (`voteType` 2). */
  voteDigest({epoch, height, round, ...rest}: Block, voteType = 2): string {
    return this.#typed("Vote", "uint64 epoch,uint64 height,uint32 round,uint8 voteType,bytes32 blockHash", [
      epoch,
      height,
      round,
      voteType,
      blockHash({height, ...rest}),
    ]);
  }

  #typed(type: string, fields: string, values: readonly unknown[]): string {
    const types = fields.split(",").map((field) => {
      const [of = "", name = ""] = field.split(" ");
      return {type: of, name};
    });
    const domain = {name: "MVM", version: "1", chainId: this.homeChainId, verifyingContract: this.staking, salt: this.networkId};
    return TypedDataEncoder.hash(domain, {[type]: types}, Object.fromEntries(types.map(({name}, i) => [name, values[i]])));
  }

  /** keys, seats and signatures of the validators, as every call that they sign takes them; `signers` by index. */
  signed(digest: string, signers: readonly number[] = [0, 1, 2]): [string[], number[], string[]] {
    const {wallets, seats} = this.validators;
    const signatures = wallets.map((w, i) => (signers.includes(i) ? w.signingKey.sign(digest).serialized : "0x"));
    return [wallets.map((w) => w.address), [...seats], signatures];
  }

  /** Moves the next block's first seq: for blocks that were made and never delivered. */
  skip(by: bigint): void {
    this.#seq += by;
  }

  async counter(): Promise<bigint> {
    return (await this.contract.read("adminCounter"))[0];
  }

  activate(): Promise<Receipt> {
    return this.contract.send("activate", activateArgs(this.activation([0, 1, 2])));
  }

  /** The next event of a process. */
  event(process: string, fields: Partial<EventFields> = {}): string {
    const nonce = fields.nonce ?? this.#nonces.get(process) ?? 0n;
    this.#nonces.set(process, nonce + 1n);
    return encodeEvent({
      process,
      asset: BTC,
      amount: 0n,
      extra: "0x",
      timestamp: 1_700_000_000_000_000_000n,
      sender: ALICE,
      ...fields,
      nonce,
    });
  }

  /** The next block, with one outbox for this contract per item. */
  block(...contents: readonly Partial<Contents>[]): {block: Block; deliveries: Contents[]} {
    const deliveries = contents.map(({system = [], events = []}) => ({system, events}));
    const outboxes = deliveries.map((d) => ({
      platform: this.platform,
      seq: this.#seq++,
      systemHash: systemHash(d.system),
      root: rootOf(d.events),
      count: d.events.length,
    }));
    this.#height += 1n;
    return {block: {height: this.#height, coreHash: id(`core ${this.#height}`), outboxes, epoch: this.epoch, round: 0}, deliveries};
  }

  certify(block: Block, networkId = this.networkId): string {
    const {height, epoch, round} = block;
    return this.key.sign(
      keccak256(
        abi.encode(
          ["bytes32", "bytes32", "uint64", "uint64", "uint32", "bytes32"],
          [id("mvm.certificate.v1"), networkId, epoch, height, round, blockHash(block)],
        ),
      ),
    );
  }

  /** Certifies and delivers one outbox. */
  async deliver(contents: Partial<Contents>, options?: {gas?: number}): Promise<Receipt> {
    const {block, deliveries} = this.block(contents);
    return this.contract.send("deliver", [...certificateArgs(block, this.certify(block)), deliveries], options);
  }

  /** [state, eventHash, height] of a message. */
  async messageOf(process: string, nonce: bigint): Promise<{state: string; eventHash: string; height: bigint}> {
    const [state, eventHash, height] = await this.contract.read("messageOf", process, nonce);
    return {state: STATES[Number(state)] ?? String(state), eventHash, height};
  }

  async statesOf(process: string): Promise<string[]> {
    const [records] = await this.contract.read("recent", process, 0n, 1_000n);
    return (records as {state: bigint}[]).map((r) => STATES[Number(r.state)] ?? String(r.state));
  }

  async balanceOf(process: string, asset = BTC): Promise<bigint> {
    return (await this.contract.read("balanceOf", process, asset))[0];
  }
}

export const STATES = ["unknown", "queued", "delivered", "parked", "returned", "credited"] as const;

export function blockHash({height, coreHash, outboxes}: Pick<Block, "height" | "coreHash" | "outboxes">): string {
  return keccak256(abi.encode(["bytes32", "uint64", "bytes32", `${OUTBOX}[]`], [id("mvm.block.v1"), height, coreHash, outboxes]));
}

export function keyArgsHash(of: Pick<Activation, "groupKey" | "pop" | "sid" | "transcript" | "epoch">): string {
  return keccak256(abi.encode(["bytes", "bytes", "bytes32", "bytes32", "uint64"], [of.groupKey, of.pop, of.sid, of.transcript, of.epoch]));
}

export function activateArgs(a: Activation): unknown[] {
  return [a.groupKey, a.pop, a.sid, a.transcript, a.epoch, a.keys, a.seats, a.signatures, a.deadline];
}

/** Arguments that verify, deliver and commit start with. */
export function certificateArgs(block: Block, signature: string): unknown[] {
  return [block.height, block.coreHash, block.outboxes, block.epoch, block.round, signature];
}

/** Deploys a group contract, not yet activated. */
export async function deployGroup(chain: Chain, validators = validatorKeys([1, 1, 1, 1]), homeChainId = chain.chainId): Promise<Group> {
  const staking = "0x5757575757575757575757575757575757575757";
  const salt = id("salt");
  const keys = validators.wallets.map((w) => w.address);
  const contract = await chain.deploy("MixinGroup", [homeChainId, staking, salt, validatorsHash(0n, keys, validators.seats)]);
  return new Group({contract, chain, homeChainId, staking, salt, validators});
}

export async function activeGroup(chain: Chain, validators = validatorKeys([1, 1, 1, 1])): Promise<Group> {
  const group = await deployGroup(chain, validators);
  await group.activate();
  return group;
}

/** r ‖ s ‖ v with the other s, which recovers to the same address. */
export function highS(signature: Signature): string {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const s = (order - BigInt(signature.s)).toString(16).padStart(64, "0");
  return `${signature.r}${s}${signature.v === 27 ? "1c" : "1b"}`;
}
