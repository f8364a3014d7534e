import {randomBytes} from "node:crypto";
import {readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {Registry} from "prom-client";
import type {Hex} from "../base/bytes.ts";
import {checkGenesis} from "../chain/genesis.ts";
import {createGroupContract} from "../chain/group.ts";
import {createChainObserver} from "../chain/observer.ts";
import {openProvider} from "../chain/provider.ts";
import {assertNative} from "../crypto/bls.ts";
import {assertNativeSecp} from "../crypto/secp256k1.ts";
import {createAssetSource} from "../mixin/asset-source.ts";
import {createMixinClient, usersWithoutSafe} from "../mixin/client.ts";
import {createCustodyCheck} from "../mixin/custody-check.ts";
import {createOutputFeed} from "../mixin/output-feed.ts";
import {createPayoutSigner} from "../mixin/payout-signer.ts";
import {unnamedAssets} from "../mvm/asset-info.ts";
import {freeOutputs} from "../mvm/custody.ts";
import {recordsOf} from "../mvm/draft.ts";
import {foreignActivations, isDecidedOutput} from "../mvm/queries.ts";
import {peerIdOf} from "../p2p/keys.ts";
import {createNetwork} from "../p2p/network.ts";
import type {Logger, Service} from "../ports/system.ts";
import {createBlockStore} from "../store/blocks.ts";
import {createSnapshotStore} from "../store/snapshots.ts";
import {createWal} from "../store/wal.ts";
import {decodeGenesis, type Genesis, genesisHash} from "../types/genesis.ts";
import type {Uuid} from "../types/ids.ts";
import {multisigOf} from "../types/validators.ts";
import {Activity} from "./api/activity.ts";
import {explorerRoute} from "./api/explorer.ts";
import {Participation} from "./api/participation.ts";
import {paymentRoutes} from "./api/payments.ts";
import {ApiServer, type Route} from "./api/server.ts";
import {streamRoute} from "./api/stream.ts";
import {Timeline} from "./api/timeline.ts";
import {viewRoutes} from "./api/views.ts";
import {assemble, type NodeParts} from "./assemble.ts";
import {readConfig} from "./config.ts";
import {ShareFiles} from "./dkg-files.ts";
import {FeedCursor, readCursor} from "./feed-cursor.ts";
import {KeyringError, keyFile, openKeyring} from "./keyring.ts";
import {createMeters, registerMetrics} from "./metrics/metrics.ts";
import {timedWal} from "./metrics/timed-wal.ts";
import {logFileOf} from "./repair.ts";
import {serviceGroup} from "./services.ts";
import {spectatorFeed, spectatorPayouts} from "./spectator.ts";
import {createLogger, systemClock} from "./system.ts";

/** Free outputs that are compared with the Mixin ledger. */
const CUSTODY_CHECKED_MAX = 2_000;
/** Assets whose names are asked for at one time. */
const UNNAMED_MAX = 100;
const STOP_MS = 4_000;
const RPC_MS = 5_000;
export const VERSION = "0.1.0";

/** A node that runs. */
export interface RunningNode {
  readonly api: string;
  readonly peerId: string;
  readonly addresses: readonly string[];
  readonly parts: NodeParts;
  readonly log: Logger;
  stop(): Promise<void>;
}

/**
 * The composition root: reads the directory, makes every adapter, joins them to the machines, and starts all in order.
 * Throws typed errors of whatever is missing or wrong; then nothing is left running.
 * @param options.fatal  called at most once, when the node cannot go on; the caller stops it
 */
export async function startNode(options: {dir: string; password: string; fatal: (error: unknown) => void}): Promise<RunningNode> {
  const {dir, password} = options;
  assertNative();
  assertNativeSecp();
  const config = readConfig(join(dir, "config.json"));
  const genesis = decodeGenesis(readFileSync(join(dir, "genesis.json"), "utf8"));
  const keys = await openKeyring(dir, password);
  const log = createLogger(config.log);
  const {members, threshold} = multisigOf(genesis.validators);
  const group = {url: config.mixin, members, threshold, clock: systemClock, pollMs: config.pollMs};
  // who staked for more seats than a validator may hold has users without one
  const seatUsers = keys.seatUsers.filter(({app_id}) => members.includes(app_id));
  const [user] = seatUsers;
  const {platforms, epoch0Block, homeChainId, parameters} = genesis;
  const mayJoin = parameters.epochSeconds > 0;
  const speaker = user ?? keys.seatUsers[0];
  if (speaker === undefined || (user === undefined && !mayJoin)) {
    const advice = "none of these Mixin users holds a seat of this network: use the keys that staked before its set was frozen";
    throw new KeyringError("BAD_SEAT_USER", {file: keyFile(dir, "mixin"), advice});
  }
  if (seatUsers.length < keys.seatUsers.length)
    log.warn("seats were cut: nobody may hold a third of them", {staked: keys.seatUsers.length, seats: seatUsers.length});

  const store = createBlockStore({dir: join(dir, "db")});
  const registry = new Registry();
  const meters = createMeters(registry);
  const ownLog = {file: logFileOf(dir), logger: log.child({part: "wal"}), isExpected: () => store.height() > 0};
  const wal = timedWal(createWal(ownLog), meters.wal);
  // the feed asks the ledger, which is put together around the feed
  let parts: NodeParts | null = null;
  const state = () => {
    if (parts === null) throw new Error("asked before the node was put together");
    return parts.chain.state;
  };
  const mixinLog = {logger: log.child({part: "mixin"})};
  const isDecided = (id: Uuid) => isDecidedOutput(state(), id);
  const cursorFile = join(dir, "db", "mixin-cursor");
  const reading = {fromSequence: 0n, resumeFrom: readCursor(cursorFile), isDecided};
  const outputs = user === undefined ? null : createOutputFeed({...group, ...mixinLog, ...reading, user});
  const feed = outputs ?? spectatorFeed();
  const payoutOptions = {...group, users: seatUsers, logger: log.child({part: "payouts"}), voidAfterMs: config.voidAfterMs};
  const signer = user === undefined ? null : createPayoutSigner(payoutOptions);
  const payouts = signer ?? spectatorPayouts();
  const assetOptions = {...mixinLog, url: config.mixin, unnamed: () => unnamedAssets(state(), UNNAMED_MAX), clock: systemClock};
  const mixin = createMixinClient({url: config.mixin, user: speaker});
  const observe = (of: {chainId: number; group: Hex; finality: number; from: number; everyHead?: boolean}) =>
    createChainObserver({
      ...of,
      url: config.rpc,
      pollMs: config.pollMs,
      // decided blocks that are replayed move it on before it starts
      from: {number: of.from, logs: 0},
      clock: systemClock,
      log: log.child({part: "chain"}),
    });
  const observers = platforms.map((p) => observe({...p, from: p.chainId === homeChainId ? epoch0Block : 0}));
  const finality = platforms.find((p) => p.chainId === homeChainId)?.finality ?? 0;
  // where the set changes, the logs of Staking say how, and its chain's time says when
  if (mayJoin) observers.push(observe({chainId: homeChainId, group: genesis.staking, finality, from: 0, everyHead: true}));
  const contracts = platforms.map(({chainId, group: address, finality}) =>
    createGroupContract({
      url: config.rpc,
      chainId,
      group: address,
      submitter: keys.submitter,
      finality,
      clock: systemClock,
      log: log.child({part: "chain"}),
    }),
  );
  let failed = false;
  const fatal = (error: unknown) => {
    if (failed) return;
    failed = true;
    options.fatal(error);
  };
  const node = assemble({
    genesis,
    store,
    snapshots: createSnapshotStore({dir: join(dir, "db")}),
    snapshotPolicy: {every: config.snapshotEvery, retain: config.retention, replay: config.sync},
    wal,
    network: (handler, own) =>
      createNetwork({
        privateKey: keys.network,
        networkId: genesis.networkId,
        genesisHash: genesisHash(genesis),
        listen: config.listen,
        announce: config.announce,
        peers: config.peers,
        validators: genesis.validators,
        own,
        handler,
        logger: log.child({part: "p2p"}),
        clock: systemClock,
        onCount: meters.p2p,
      }),
    observers,
    contracts,
    feed,
    payouts,
    assets: user && createAssetSource({...assetOptions, user}),
    usersWithoutSafe: () => usersWithoutSafe(mixin, members),
    clock: systemClock,
    log,
    secrets: keys,
    shares: new ShareFiles(dir, password),
    random: () => new Uint8Array(randomBytes(32)),
    fatal,
  });
  parts = node;
  node.chain.onDecided(({applied}) => {
    const foreign = foreignActivations(applied.state);
    if (foreign.length > 0) fatal(new Error(`the group contract was activated with another key: ${foreign.join(", ")}`));
  });
  const timeline = new Timeline({...node, clock: systemClock});
  const activity = new Activity({chain: node.chain, feed, clock: systemClock});
  const participation = new Participation(node.chain);
  const stream = streamRoute(timeline);
  const custodyOptions = {
    url: config.mixin,
    freeOutputs: () => freeOutputs(recordsOf(state().tree), CUSTODY_CHECKED_MAX),
    isCurrent: () => node.catchUp.lag === 0,
    alarm: () => signer?.halt(),
    clock: systemClock,
    logger: log.child({part: "custody"}),
  };
  const custody = user === undefined ? [] : [createCustodyCheck({...custodyOptions, user})];
  const alarms = () => [
    ...observers.flatMap((observer) => observer.alarm()?.code ?? []),
    ...custody.flatMap((check) => (check.gone().length > 0 ? ["CUSTODY_MISMATCH"] : [])),
  ];
  registerMetrics({registry, parts: node, contracts, alarms, version: VERSION});
  const metrics: Route = {path: "/metrics", answer: async () => ({type: "text/plain; version=0.0.4", body: await registry.metrics()})};
  const api = new ApiServer({
    routes: [
      ...viewRoutes({parts: node, store, version: VERSION, alarms, participation}),
      ...paymentRoutes({...node, store, feed, timeline, activity}),
      metrics,
      explorerRoute(log),
    ],
    streams: [stream],
    host: config.api.host,
    port: config.api.port,
    log: log.child({part: "api"}),
  });
  const genesisCheck: Service = {name: "genesis check", start: () => checkChain(genesis, config.rpc), stop: async () => {}};
  const cursors = outputs === null ? [] : [new FeedCursor({file: cursorFile, cursor: () => outputs.cursor(), clock: systemClock, log})];
  const services = serviceGroup([genesisCheck, ...node.services, ...cursors, ...custody, api], log, STOP_MS);
  await services.start();
  const addresses = node.network.addresses();
  writeFileSync(join(dir, "addresses.json"), `${JSON.stringify({p2p: addresses, api: api.url}, null, 2)}\n`);
  const peerId = await peerIdOf(keys.network);
  log.info("running", {validator: node.chain.epochSet.indexOf(node.own), peerId, api: api.url, height: node.chain.height});
  return {
    api: api.url,
    peerId,
    addresses,
    parts: node,
    log,
    stop: async () => {
      stream.closeAll();
      mixin.close();
      await services.stop();
      log.info("stopped", {height: node.chain.height});
    },
  };
}

/** Throws ChainError where the chain at `url` says otherwise than genesis. */
async function checkChain(genesis: Genesis, url: string): Promise<void> {
  const provider = openProvider({url, chainId: genesis.homeChainId, timeoutMs: RPC_MS});
  try {
    await checkGenesis(genesis, provider);
  } finally {
    provider.destroy();
  }
}
