import {Interface} from "ethers";
import {fromHex, type Hex, toHex} from "../../src/base/bytes.ts";
import {blsPublicKey} from "../../src/crypto/bls.ts";
import {addressOf, sign} from "../../src/crypto/secp256k1.ts";
import {DEPOSIT_EPOCH, encKeyProof} from "../../src/dkg/enc-key.ts";
import {openShares} from "../../src/dkg/open.ts";
import {makeAcks, makeDealing, makeReshareDealings} from "../../src/dkg/participant.ts";
import {epochOf} from "../../src/mvm/epoch-queries.ts";
import {chainCursor} from "../../src/mvm/queries.ts";
import {dkgMessageDigest} from "../../src/types/digests.ts";
import {type DkgBody, encodeDkgBody} from "../../src/types/dkg.ts";
import type {ChainHead, DkgMessage, MixinOutput} from "../../src/types/facts.ts";
import {type Uuid, uuidBytes} from "../../src/types/ids.ts";
import {encodeRawMemo, PURPOSE} from "../../src/types/operation.ts";
import {peerIdBytes} from "../../src/types/peer-id.ts";
import {chainFacts, type RawLog} from "./group-logs.ts";
import {outputFact, secretOf, type TestLedger, uuidOf} from "./ledger.ts";

/** Epochs on a TestLedger: deposits, boundaries, and whole resharings by people whose secrets are known here. */

const STAKING = new Interface([
  "event Deposited(address indexed operator, address indexed consensus, uint16 seats, bytes peerId, bytes dealingKey, bytes dealingProof, bytes16[] mixinIds)",
  "event SeatsAdded(address indexed operator, uint16 seats, bytes16[] mixinIds)",
  "event SeatsRemoved(address indexed operator, uint32 entry, bytes16[] mixinIds)",
  "event Exited(address indexed operator, uint32 entry, uint16 seats)",
  "event Jailed(address indexed operator, uint48 until)",
  "event Unjailed(address indexed operator)",
  "event Slashed(address indexed operator, address indexed reporter, uint256 cut, uint256 fee)",
]);
const PEER_ID = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";

/** Somebody with all keys of a validator. */
export interface Person {
  readonly operator: Hex;
  readonly consensus: Uint8Array;
  readonly encSecret: Uint8Array;
  readonly users: readonly Uuid[];
}

export function personOf(name: string, seats = 1): Person {
  return {
    operator: addressOf(secretOf(`operator ${name}`)),
    consensus: secretOf(`consensus ${name}`),
    encSecret: secretOf(`dealing ${name}`),
    users: Array.from({length: seats}, (_, j) => uuidOf(`seat ${name} ${j}`)),
  };
}

/** The people of genesis, by index. */
export function foundersOf(ledger: TestLedger): Person[] {
  return ledger.network.genesis.validators.map(({operator, mixinUsers}, i) => ({
    operator,
    users: mixinUsers,
    ...(ledger.network.keys[i] as {consensus: Uint8Array; encSecret: Uint8Array}),
  }));
}

const ids = (users: readonly Uuid[]) => users.map((user) => toHex(uuidBytes(user)));

export function depositLog({network}: TestLedger, person: Person): RawLog {
  return depositLogIn(network.genesis.networkId, person);
}

export function depositLogIn(networkId: Hex, {operator, consensus, encSecret, users}: Person): RawLog {
  const proof = encKeyProof(encSecret, {networkId, epoch: DEPOSIT_EPOCH, operator});
  return stakingLog(
    "Deposited",
    operator,
    addressOf(consensus),
    users.length,
    peerIdBytes(PEER_ID),
    blsPublicKey(encSecret),
    proof,
    ids(users),
  );
}

export function stakingLog(event: string, ...values: readonly unknown[]): RawLog {
  const {topics, data} = STAKING.encodeEventLog(event, values);
  return {topics: topics as Hex[], data: fromHex(data)};
}

/** Decides logs of Staking. */
export function stakingFacts(ledger: TestLedger, logs: readonly RawLog[]) {
  return chainFacts(ledger.state, ledger.state.network.staking, logs);
}

/** A head of the home chain without logs, at this time (s). */
export function boundaryHead(ledger: TestLedger, timestamp: number): ChainHead {
  const {staking: platform} = ledger.state.network;
  const number = (chainCursor(ledger.state, platform)?.number ?? 0) + 1;
  return {kind: "chainHead", platform, number, hash: `0x${number.toString(16).padStart(64, "0")}`, timestamp, logs: 0};
}

/** A user pays in the name of an operator. */
export function seatProof(sequence: number, user: Uuid, operator: Hex): MixinOutput {
  const extra = encodeRawMemo({purpose: PURPOSE.proveSeat, process: user, platform: "", address: "", extra: fromHex(operator)});
  return outputFact(sequence, {senders: [user], extra});
}

/** Shares by session id, and who is who: what the validators would keep on their disks. */
export class Resharer {
  readonly #ledger: TestLedger;
  readonly #people: Map<Hex, Person>;
  readonly #shares = new Map<string, Map<number, Uint8Array>>();

  constructor(ledger: TestLedger, people: readonly Person[]) {
    this.#ledger = ledger;
    this.#people = new Map(people.map((person) => [person.operator, person]));
  }

  /** Runs the session under way to its end; only these operators take part. */
  run(present: (operator: Hex) => boolean = () => true): void {
    const ledger = this.#ledger;
    const before = ledger.state.session.sid;
    for (const fact of this.dealings(present)) ledger.decide(fact);
    while (ledger.state.session.sid === before && ledger.state.session.phase !== "ack") ledger.decide({kind: "tick"});
    if (ledger.state.session.sid !== before) return;
    for (const fact of this.acks(present)) if (ledger.state.session.phase === "ack") ledger.decide(fact);
  }

  dealings(present: (operator: Hex) => boolean = () => true): DkgMessage[] {
    const {session} = this.#ledger.state;
    const dealers = session.old?.validators ?? session.validators;
    const old = session.old === null ? undefined : epochOf(this.#ledger.state, session.epoch - 1)?.shares?.sid;
    return dealers.flatMap(({operator}, dealerIndex) => {
      if (!present(operator)) return [];
      const of = {session, dealerIndex, dealerSeed: secretOf(`seed ${session.sid} ${operator}`)};
      const shares = this.#shares.get(`${old} ${operator}`) ?? new Map<number, Uint8Array>();
      const dealings = session.old === null ? [makeDealing(of)] : makeReshareDealings({...of, shares});
      return dealings.map((dealing) => this.#fact(operator, dealerIndex, dealing));
    });
  }

  acks(present: (operator: Hex) => boolean = () => true): DkgMessage[] {
    const {session} = this.#ledger.state;
    return session.validators.flatMap(({operator}, validatorIndex) => {
      if (!present(operator)) return [];
      const {shares} = openShares({session, validatorIndex, encSecret: this.#person(operator).encSecret});
      this.#shares.set(`${session.sid} ${operator}`, shares);
      return makeAcks({session, shares}).map((ack) => this.#fact(operator, validatorIndex, ack));
    });
  }

  /** All shares of a session, by seat. */
  sharesOf(sid: Hex): Map<number, Uint8Array> {
    return new Map([...this.#shares].filter(([name]) => name.startsWith(sid)).flatMap(([, shares]) => [...shares]));
  }

  #person(operator: Hex): Person {
    return this.#people.get(operator) as Person;
  }
  #fact(operator: Hex, from: number, of: DkgBody): DkgMessage {
    const body = encodeDkgBody(of);
    const digest = dkgMessageDigest(this.#ledger.network.genesis.networkId, body);
    return {kind: "dkgMessage", from, body, signature: sign(this.#person(operator).consensus, digest)};
  }
}
