import {g1ToEip2537} from "../../crypto/bls.ts";
import {
  balances,
  dkgSession,
  faults,
  groupKey,
  heldOutputs,
  heldPayouts,
  isEquivocator,
  mixinWatermark,
  processes,
} from "../../mvm/queries.ts";
import type {BlockStore} from "../../ports/store.ts";
import {blockHash, coreHash, decodeBlock} from "../../types/block.ts";
import {mixAddress} from "../../types/mix-address.ts";
import type {NodeParts} from "../assemble.ts";
import {evidenceRoute} from "./evidence.ts";
import type {Participation} from "./participation.ts";
import {nonceParam} from "./payments.ts";
import {ApiError, type Route, refusePruned} from "./server.ts";

/** Blocks behind the furthest peer that still count as caught up. */
const LAG_MAX = 2;

interface ViewPorts {
  readonly parts: NodeParts;
  readonly store: BlockStore;
  readonly version: string;
  /** What is wrong and needs a person; codes. */
  readonly alarms: () => readonly string[];
  readonly participation: Participation;
}

export function viewRoutes(ports: ViewPorts): Route[] {
  const {parts, store, alarms} = ports;
  return [
    {path: "/healthz", answer: () => ({body: {alive: true}})},
    {path: "/readyz", answer: () => readiness(parts, alarms())},
    {path: "/v1/status", answer: () => ({body: status(ports)})},
    {path: "/v1/blocks/:height", answer: async ([height = ""]) => ({body: await block(parts, store, Number(nonceParam(height)))})},
    {path: "/v1/validators", answer: () => ({body: validators(ports)})},
    {path: "/v1/processes", answer: () => ({body: {processes: processes(parts.chain.state)}})},
    {path: "/v1/balances", answer: () => ({body: books(parts)})},
    evidenceRoute(parts),
  ];
}

function readiness(
  {chain, catchUp, network, activator, register, own}: NodeParts,
  alarms: readonly string[],
): {status: number; body: object} {
  const {quorum} = chain.epochSet;
  const connected = network.peers().filter((p) => p.validator !== null);
  const places = [register.placeOf(own) ?? -1, ...connected.map((p) => p.validator as number)];
  const seats = places.reduce((sum, place) => sum + register.seatsOf(place), 0);
  const reasons = alarms.map((code) => `alarm: ${code}`);
  if (catchUp.lag > LAG_MAX) reasons.push(`${catchUp.lag} blocks behind`);
  if (seats < quorum) reasons.push(`${seats} seats are here and connected, a quorum is ${quorum}`);
  if (groupKey(chain.state) === null) reasons.push(`the group key is being made: ${dkgSession(chain.state).phase}`);
  else if (!activator.done) reasons.push("the group contract is not active yet");
  return {status: reasons.length === 0 ? 200 : 503, body: {ready: reasons.length === 0, reasons}};
}

function status({parts, version, alarms}: ViewPorts): object {
  const {chain, driver, network, catchUp, certifier, deliverers} = parts;
  const me = chain.epochSet.indexOf(parts.own);
  const self = me === null ? null : (chain.epochSet.validators[me] ?? null);
  const key = groupKey(chain.state);
  const {members, threshold} = chain.state.network.multisig;
  return {
    networkId: chain.genesis.networkId,
    chains: chain.genesis.platforms.map(({chainId, group}) => ({chainId, group})),
    staking: chain.genesis.staking,
    height: chain.height,
    hash: chain.hash,
    round: driver.round,
    epoch: chain.epochSet.epoch,
    role: me === null ? "candidate" : "validator",
    validator: me,
    operator: self?.operator ?? null,
    seats: {total: chain.epochSet.seats, quorum: chain.epochSet.quorum, own: self?.seats ?? 0},
    groupKey: key?.key ?? null,
    groupKeyEip2537: key === null ? null : g1ToEip2537(key.key),
    keyHeight: key?.keyHeight ?? null,
    active: parts.activator.done,
    dkg: key === null ? dkgSession(chain.state).phase : "done",
    mixin: {members, threshold, mix: mixAddress({members, threshold}), watermark: mixinWatermark(chain.state)},
    peers: network.peers(),
    addresses: network.addresses(),
    lag: catchUp.lag,
    uncertified: certifier.openCount,
    evidence: faults(chain.state).count,
    undelivered: deliverers.reduce((sum, d) => sum + d.backlog, 0),
    alarms: alarms(),
    versions: {node: version, runtime: process.version},
  };
}

async function block({chain, certifier}: NodeParts, store: BlockStore, height: number): Promise<object> {
  const stored = await store.read(height);
  if (stored === null) refusePruned(height, store.gap());
  if (stored === null) throw new ApiError("NOT_FOUND", {status: 404, message: `the last block is ${chain.height}`});
  const {header, outboxes, facts} = decodeBlock(stored.block);
  const certificate = certifier.certificateOf(height) ?? (stored.proof.kind === "certificate" ? stored.proof.certificate : null);
  const votes = stored.proof.kind === "votes" ? stored.proof.votes : [];
  const kinds: Record<string, number> = {};
  for (const fact of facts) kinds[fact.kind] = (kinds[fact.kind] ?? 0) + 1;
  return {
    height,
    hash: blockHash({height, header, outboxes}),
    coreHash: coreHash(header),
    header,
    outboxes,
    // bodies carry Mixin user ids: who wants them runs a validator
    facts: kinds,
    certificate:
      certificate === null
        ? {
            kind: "votes",
            epoch: header.epoch,
            round: votes[0]?.round ?? 0,
            validators: votes.map((v) => v.from),
            votes: votes.map((v) => v.signature),
          }
        : {kind: "group", epoch: certificate.epoch, round: certificate.round, signature: certificate.signature},
  };
}

function validators({parts, participation}: ViewPorts): object {
  const {chain, network, catchUp, register} = parts;
  const {epoch, seats, quorum, set, validators: all, indexOf} = chain.epochSet;
  const me = indexOf(parts.own);
  const connected = new Set(network.peers().flatMap((p) => p.validator ?? []));
  const shown = all.map(({operator, consensusKey, seats: own, peerId}, index) => {
    const place = register.placeOf(consensusKey) ?? -1;
    const height = index === me ? chain.height : catchUp.heightOf(place);
    return {
      index,
      operator,
      consensusKey,
      seats: own,
      peerId,
      equivocated: isEquivocator(chain.state, {epoch, from: index}),
      connected: index === me || connected.has(place),
      height,
      // who is ahead of this node lags behind nobody
      lag: height === null ? null : Math.max(0, chain.height - height),
      ...participation.of(index),
    };
  });
  const {heights, failedRounds} = participation;
  return {epoch, seats, quorum, own: me, height: chain.height, schedule: set.schedule, window: {heights, failedRounds}, validators: shown};
}

function books({chain}: NodeParts): object {
  const assets = balances(chain.state).map((b) => ({...b, conserved: b.received === b.custody + b.paid + b.refunded + b.rewarded}));
  const held = {
    outputs: heldOutputs(chain.state).map(({outputId, fate, output}) => ({
      outputId,
      asset: output.asset,
      amount: output.amount,
      ...("reason" in fate && {reason: fate.reason}),
    })),
    payouts: heldPayouts(chain.state).map(({traceId, asset, amount, cause}) => ({traceId, asset, amount, cause})),
  };
  return {assets, held};
}
