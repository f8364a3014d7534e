import {Counter, collectDefaultMetrics, Gauge, Histogram, type Registry} from "prom-client";
import {balances, heldOutputs, heldPayouts, openPayouts} from "../../mvm/queries.ts";
import type {GroupContract} from "../../ports/chain.ts";
import type {NodeParts} from "../assemble.ts";

/** Assets with gauges of their own: whoever pays tokens of their own making makes no more than this. The rest are in /v1/balances. */
const ASSETS_MAX = 64;
const BALANCE_MS = 30_000;
const SECONDS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];
const DISK_SECONDS = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1];
const UNIT = 1e8;
const WEI = 1e18;

interface MetricsPorts {
  readonly registry: Registry;
  readonly parts: NodeParts;
  readonly contracts: readonly GroupContract[];
  readonly alarms: () => readonly string[];
  readonly version: string;
}

/** What is counted as it happens; the composition root feeds what has no listener of its own. */
export interface Meters {
  wal(seconds: number, bytes: number): void;
  p2p(what: string, by: number): void;
}

/** Meters that exist before the machines do. */
export function createMeters(registry: Registry): Meters {
  const registers = [registry];
  const sync = new Histogram({
    name: "mvm_wal_sync_seconds",
    help: "Append to the consensus log until it is on disk",
    buckets: DISK_SECONDS,
    registers,
  });
  const size = new Gauge({name: "mvm_wal_bytes", help: "Size of the consensus log", registers});
  const messages = new Counter({
    name: "mvm_p2p_events_total",
    help: "Messages and connections by what became of them",
    labelNames: ["what"],
    registers,
  });
  return {
    wal(seconds, bytes) {
      sync.observe(seconds);
      size.set(bytes);
    },
    p2p: (what, by) => messages.inc({what}, by),
  };
}

/** Gauges that are read when they are asked for, and counters that follow the machines. Labels are bounded. */
export function registerMetrics(ports: MetricsPorts): void {
  const {registry, parts, version} = ports;
  collectDefaultMetrics({register: registry});
  gauge(registry, "mvm_info", "Constant 1; which node this is", ["version", "network"], (set) =>
    set(1, {version, network: parts.chain.genesis.networkId}),
  );
  consensusGauges(ports);
  moneyGauges(ports);
  submitterGauge(ports);
  countDecisions(ports);
}

type Setter = (value: number, labels?: Record<string, string | number>) => void;

function gauge(registry: Registry, name: string, help: string, labelNames: string[], read: (set: Setter) => void): void {
  new Gauge({
    name,
    help,
    labelNames,
    registers: [registry],
    collect() {
      this.reset();
      read((value, labels = {}) => this.set(labels, value));
    },
  });
}

function consensusGauges({registry, parts, alarms}: MetricsPorts): void {
  const {chain, driver, catchUp, network, certifier, deliverers, sources, own, register, activator} = parts;
  const one = (name: string, help: string, read: () => number) => gauge(registry, name, help, [], (set) => set(read()));
  one("mvm_height", "Last decided block", () => chain.height);
  one("mvm_round", "Round in progress of the next block", () => Math.max(0, driver.round));
  one("mvm_epoch", "Epoch of the validator set", () => chain.epochSet.epoch);
  one("mvm_lag_blocks", "Blocks behind the furthest validator", () => catchUp.lag);
  one("mvm_seats_total", "Seats of all validators", () => chain.epochSet.seats);
  one("mvm_seats_own", "Seats of this validator", () => register.seatsOf(register.placeOf(own) ?? -1));
  one("mvm_active", "1 once the group contract has the group key", () => (activator.done ? 1 : 0));
  one("mvm_undecided_outputs", "Mixin outputs that were seen and wait for a block", () => sources.undecidedIds().length);
  one("mvm_uncertified_blocks", "Decided blocks without a certificate", () => certifier.openCount);
  gauge(registry, "mvm_undelivered_blocks", "Certified blocks that a contract has not taken", ["platform"], (set) => {
    for (const [i, deliverer] of deliverers.entries()) set(deliverer.backlog, {platform: chain.genesis.platforms[i]?.chainId ?? i});
  });
  gauge(registry, "mvm_peers", "Connected peers", ["kind"], (set) => {
    const peers = network.peers();
    const validators = peers.filter((p) => p.validator !== null).length;
    set(validators, {kind: "validator"});
    set(peers.length - validators, {kind: "observer"});
  });
  gauge(registry, "mvm_alarm", "1 for each alarm that needs a person", ["code"], (set) => {
    for (const code of alarms()) set(1, {code});
  });
}

function moneyGauges({registry, parts: {chain}}: MetricsPorts): void {
  const one = (name: string, help: string, read: () => number) => gauge(registry, name, help, [], (set) => set(read()));
  one("mvm_payouts_open", "Transactions of the group that are not confirmed yet", () => openPayouts(chain.state).length);
  one("mvm_payouts_held", "Payouts that wait for money", () => heldPayouts(chain.state).length);
  one("mvm_outputs_held", "Outputs that nobody can be paid back for", () => heldOutputs(chain.state).length);
  gauge(registry, "mvm_custody", "What the group holds, in whole units of the asset", ["asset"], (set) => {
    for (const {asset, custody} of balances(chain.state).slice(0, ASSETS_MAX)) set(Number(custody) / UNIT, {asset});
  });
}

/** wei are asked for in the background, so that a chain node that hangs does not hang the scrape. */
function submitterGauge({registry, contracts, parts}: MetricsPorts): void {
  const known = new Map<number, number>();
  let askedMs = Number.NEGATIVE_INFINITY;
  gauge(registry, "mvm_submitter_balance", "Balance of the submitter account, in whole coins of the chain", ["platform"], (set) => {
    for (const [i, balance] of known) set(balance, {platform: parts.chain.genesis.platforms[i]?.chainId ?? i});
    if (performance.now() - askedMs < BALANCE_MS) return;
    askedMs = performance.now();
    for (const [i, contract] of contracts.entries())
      contract.balance().then(
        (wei) => known.set(i, Number(wei) / WEI),
        () => known.delete(i),
      );
  });
}

function countDecisions({registry, parts}: MetricsPorts): void {
  const registers = [registry];
  const {chain, certifier, deliverers, own} = parts;
  const blocks = new Counter({name: "mvm_blocks_total", help: "Blocks decided since the start", registers});
  const facts = new Counter({name: "mvm_facts_total", help: "Facts decided since the start", labelNames: ["kind"], registers});
  const rounds = new Histogram({
    name: "mvm_decision_round",
    help: "Round in which a block was decided",
    buckets: [0, 1, 2, 3, 5, 10],
    registers,
  });
  const turns = new Counter({
    name: "mvm_proposer_turns_total",
    help: "Own turns to propose at decided heights, by whether the own block was decided",
    labelNames: ["outcome"],
    registers,
  });
  const decision = new Histogram({
    name: "mvm_decision_seconds",
    help: "First own message of a height until its block is decided",
    buckets: SECONDS,
    registers,
  });
  const certified = new Histogram({name: "mvm_certificate_seconds", help: "Decision until the certificate", buckets: SECONDS, registers});
  const submits = new Counter({
    name: "mvm_submissions_total",
    help: "Deliveries sent to a contract, by what became of them",
    labelNames: ["platform", "outcome"],
    registers,
  });
  const gas = new Counter({name: "mvm_submission_gas_total", help: "Gas that deliveries used", labelNames: ["platform"], registers});

  const missed = new Counter({
    name: "mvm_votes_missed_total",
    help: "Decided blocks of the running node that it did not precommit",
    registers,
  });
  let first: {height: number; at: number} | null = null;
  let precommitted: {height: number; hashes: Set<string>} | null = null;
  const decidedAt = new Map<number, number>();
  parts.onSent((message) => {
    const {height} = message.kind === "vote" ? message.vote : message.proposal;
    if (first?.height !== height) first = {height, at: performance.now()};
    if (message.kind !== "vote" || message.vote.type !== "precommit" || message.vote.blockHash === null) return;
    if (precommitted?.height !== height) precommitted = {height, hashes: new Set()};
    precommitted.hashes.add(message.vote.blockHash);
  });
  chain.onDecided(({height, hash, block, proof, replay}) => {
    if (replay) return;
    const now = performance.now();
    const round = proof.kind === "certificate" ? proof.certificate.round : (proof.votes[0]?.round ?? 0);
    blocks.inc();
    if (precommitted?.height !== height || !precommitted.hashes.has(hash)) missed.inc();
    rounds.observe(round);
    for (const fact of block.facts) facts.inc({kind: fact.kind});
    if (first?.height === height) decision.observe((now - first.at) / 1_000);
    const set = chain.setAt(height);
    const {schedule} = set.set;
    const me = set.indexOf(own);
    for (let r = 0; r <= Math.min(round, schedule.length); r++)
      if (schedule[(height + r) % schedule.length] === me)
        turns.inc({outcome: r === round && block.header.proposer === own ? "decided" : "missed"});
    decidedAt.set(height, now);
    if (decidedAt.size > 1_024) decidedAt.delete(decidedAt.keys().next().value ?? height);
  });
  certifier.onCertified(({height}) => {
    const at = decidedAt.get(height);
    if (at !== undefined) certified.observe((performance.now() - at) / 1_000);
    decidedAt.delete(height);
  });
  for (const [i, deliverer] of deliverers.entries()) {
    const platform = chain.genesis.platforms[i]?.chainId ?? i;
    deliverer.onDelivered(({result}) => {
      submits.inc({platform, outcome: result.outcome});
      gas.inc({platform}, Number(result.gasUsed));
    });
  }
}
