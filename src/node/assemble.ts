import type {Hex} from "../base/bytes.ts";
import {MvmError} from "../base/errors.ts";
import type {ChainObserver, GroupContract} from "../ports/chain.ts";
import type {AssetSource, OutputFeed, PayoutSigner} from "../ports/mixin.ts";
import type {Network, NetworkHandler} from "../ports/network.ts";
import type {BlockStore, SnapshotStore, Wal} from "../ports/store.ts";
import type {Clock, Logger, Service} from "../ports/system.ts";
import type {Genesis} from "../types/genesis.ts";
import type {Uuid} from "../types/ids.ts";
import type {ProposalMessage, VoteMessage} from "../types/messages.ts";
import {Adopter} from "./bft/adopter.ts";
import {CatchUp} from "./bft/catch-up.ts";
import {Certifier} from "./bft/certifier.ts";
import {DecidedChain} from "./bft/decided-chain.ts";
import {Driver} from "./bft/driver.ts";
import {Gate} from "./bft/gate.ts";
import {LateReview} from "./bft/late-review.ts";
import {NamedOutputs} from "./bft/named-outputs.ts";
import {Register} from "./bft/register.ts";
import {createSigner, digestsOf} from "./bft/signer.ts";
import {SnapshotFetch} from "./bft/snapshot-fetch.ts";
import {SNAPSHOT_POLICY, SnapshotKeeper, type SnapshotPolicy} from "./bft/snapshots.ts";
import {type DkgPool, Sources} from "./bft/sources.ts";
import {Activator} from "./hosts/activator.ts";
import {Deliverer} from "./hosts/deliverer.ts";
import {DkgHost, type ShareStore} from "./hosts/dkg-host.ts";
import {EvidencePool} from "./hosts/evidence-pool.ts";
import {Executor} from "./hosts/executor.ts";
import {MaskHost} from "./hosts/mask-host.ts";
import {PayoutOrders} from "./hosts/payout-orders.ts";
import {StatusTeller} from "./hosts/status.ts";

/** All that the machines of a validator need from outside. */
export interface NodePorts {
  readonly genesis: Genesis;
  readonly store: BlockStore;
  /** Absent: no snapshots are kept, served or fetched, and every start replays all blocks. */
  readonly snapshots?: SnapshotStore;
  /** SNAPSHOT_POLICY where absent. */
  readonly snapshotPolicy?: Partial<SnapshotPolicy>;
  readonly wal: Wal;
  /** The network is made around the handler of what comes in. */
  readonly network: (handler: NetworkHandler, place: number | "joining") => Network;
  readonly observers: readonly ChainObserver[];
  readonly contracts: readonly GroupContract[];
  readonly feed: OutputFeed;
  readonly payouts: PayoutSigner;
  /** What assets are called; without it this validator proposes and checks no names. */
  readonly assets?: AssetSource | undefined;
  /** Mixin users of the group that cannot receive money. */
  readonly usersWithoutSafe: () => Promise<readonly Uuid[]>;
  readonly clock: Clock;
  readonly log: Logger;
  /** 32 bytes each: consensus key, dealing key. */
  readonly secrets: {readonly consensus: Uint8Array; readonly dealing: Uint8Array};
  readonly shares: ShareStore;
  /** 32 fresh random bytes. */
  readonly random: () => Uint8Array;
  readonly fatal: (error: unknown) => void;
}

/** The machines of a validator, joined; `services` in the order of their start. */
export interface NodeParts {
  readonly services: readonly Service[];
  readonly chain: DecidedChain;
  readonly driver: Driver;
  readonly certifier: Certifier;
  readonly catchUp: CatchUp;
  readonly sources: Sources;
  readonly activator: Activator;
  readonly deliverers: readonly Deliverer[];
  readonly network: Network;
  readonly snapshots: SnapshotKeeper | null;
  readonly register: Register;
  /** The own consensus key. */
  readonly own: Hex;
  /** Hears each own proposal and vote as it leaves; must not throw. */
  onSent(listener: (message: ProposalMessage | VoteMessage) => void): void;
}

/** The consensus key is not in the validator set: the node has nothing to do. */
export class NotAValidatorError extends MvmError<"NOT_A_VALIDATOR", {consensusKey: string; advice: string}> {}

/**
 * Joins machines and ports; nothing runs until the services are started.
 * @throws NotAValidatorError
 */
export function assemble(ports: NodePorts): NodeParts {
  const {genesis, store, wal, clock, log, feed, payouts, observers, contracts} = ports;
  const digests = digestsOf(genesis);
  const signer = createSigner(ports.secrets.consensus, digests);
  const chain = new DecidedChain(genesis, store, log);
  const own = signer.address;
  const register = new Register(chain);
  const place = register.placeOf(own);
  if (place === null && genesis.parameters.epochSeconds === 0)
    throw new NotAValidatorError("NOT_A_VALIDATOR", {
      consensusKey: signer.address,
      advice: "stake before the set is frozen, or use the keys that did",
    });

  let gate: Gate | null = null;
  const handler: NetworkHandler = {
    receive: (message, from) => gate?.receive(message, from) ?? "ignore",
    serveBlocks: (from, count) => gate?.serveBlocks(from, count) ?? Promise.resolve([]),
    serveSnapshot: (ask) => gate?.serveSnapshot(ask) ?? Promise.resolve(null),
    connected: (peer) => gate?.connected(peer),
  };
  const network = ports.network(handler, place ?? "joining");
  register.onGrown(() => network.extend(register.peerIds));
  const certifier = new Certifier({chain, network, store, clock, log: log.child({part: "certifier"}), own});
  const {secrets, shares, random} = ports;
  const dkgPorts = {
    chain,
    store,
    network,
    certifier,
    signer,
    digests,
    dealing: secrets.dealing,
    shares,
    random,
    clock,
    log: log.child({part: "dkg"}),
  };
  const dkg: DkgHost & DkgPool = new DkgHost(dkgPorts);
  const evidence = new EvidencePool({chain, network, clock, log: log.child({part: "evidence"})});
  const late = new LateReview({chain, certifier, clock, log: log.child({part: "late review"}), sources: () => sources});
  const masks = new MaskHost({
    chain,
    network,
    own: certifier.own,
    seatsOf: (place) => register.seatNumbersOf(place),
    clock,
    log: log.child({part: "masks"}),
  });
  const sources: Sources = new Sources({
    chain,
    clock,
    observers,
    feed,
    payouts,
    assets: ports.assets,
    dkg,
    evidence,
    masks,
    certificateLag: () => certifier.lag,
    unconfirmed: () => late.oldest(),
  });
  const sent: ((message: ProposalMessage | VoteMessage) => void)[] = [];
  const driver: Driver = new Driver({
    chain,
    network,
    wal,
    clock,
    sources,
    certifier,
    evidence,
    signer,
    log: log.child({part: "driver"}),
    isBehind: () => catchUp.lag > 1,
    sent: (message) => {
      for (const listener of sent) listener(message);
    },
    fatal: ports.fatal,
  });
  const catchUpLog = log.child({part: "catch-up"});
  const adopter = new Adopter({
    chain,
    certifier,
    driver,
    judge: (block, state) => sources.review(block, state).judgement,
    clock,
    log: catchUpLog,
  });
  const {snapshots} = ports;
  const policy = {...SNAPSHOT_POLICY, ...ports.snapshotPolicy};
  const proofs = {chain, register, certifier, digests};
  const fetch =
    snapshots === undefined || policy.replay === "genesis"
      ? null
      : new SnapshotFetch({...proofs, network, snapshots, adopter, clock, log: catchUpLog});
  const catchUp: CatchUp = new CatchUp({
    ...proofs,
    network,
    adopter,
    snapshots: fetch,
    snapshotLag: policy.fetchLag,
    clock,
    log: catchUpLog,
  });
  const {usersWithoutSafe} = ports;
  const activator = new Activator({
    chain,
    network,
    contracts,
    signer,
    digests,
    clock,
    usersWithoutSafe,
    log: log.child({part: "activator"}),
  });
  const deliverers = contracts.map(
    (contract) => new Deliverer({chain, store, certifier, contract, own, clock, log: log.child({part: "deliverer"})}),
  );
  const executors = contracts.map((contract) => new Executor({chain, store, contract, own, clock, log: log.child({part: "executor"})}));
  const needed = () => Math.min(Number.POSITIVE_INFINITY, ...[...deliverers, ...executors].map((host) => host.neededFrom));
  const keeper =
    snapshots === undefined
      ? null
      : new SnapshotKeeper({chain, blocks: store, snapshots, policy, needed, clock, log: log.child({part: "snapshots"})});
  const named = new NamedOutputs({feed, clock});
  const status = new StatusTeller({chain, driver, sources, feed, network, clock});
  gate = new Gate({
    chain,
    store,
    driver,
    certifier,
    catchUp,
    snapshots: keeper,
    named,
    digests,
    dkg,
    evidence,
    activation: activator,
    masks,
    status,
  });

  const orders = new PayoutOrders({chain, payouts, isBehind: () => catchUp.lag > 1, clock});
  const replay: Service = {
    name: "replay",
    start: async (signal) => {
      await keeper?.load(signal);
      await chain.replay(signal);
    },
    stop: async () => {},
  };
  const services = [
    store,
    ...(snapshots === undefined ? [] : [snapshots]),
    ...(keeper === null ? [] : [keeper]),
    replay,
    orders,
    wal,
    ...observers,
    ...contracts,
    feed,
    payouts,
    ...(ports.assets === undefined ? [] : [ports.assets]),
    network,
    certifier,
    dkg,
    evidence,
    masks,
    driver,
    late,
    catchUp,
    named,
    status,
    activator,
    ...deliverers,
    ...executors,
  ];
  const onSent: NodeParts["onSent"] = (listener) => {
    sent.push(listener);
  };
  const hosts = {activator, deliverers, snapshots: keeper};
  return {services, chain, driver, certifier, catchUp, sources, ...hosts, network, register, own, onSent};
}
