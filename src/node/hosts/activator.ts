import type {Hex} from "../../base/bytes.ts";
import {describeError, MvmError} from "../../base/errors.ts";
import {g1ToEip2537, g2ToEip2537} from "../../crypto/bls.ts";
import {activatedOn, groupKey} from "../../mvm/queries.ts";
import type {GroupContract} from "../../ports/chain.ts";
import type {Network, Verdict} from "../../ports/network.ts";
import type {Clock, Logger, Service} from "../../ports/system.ts";
import type {Uuid} from "../../types/ids.ts";
import type {ActivationMessage} from "../../types/messages.ts";
import type {DecidedChain, EpochSet} from "../bft/decided-chain.ts";
import {ACTIVATION_DEADLINE, type Activation, type ConsensusSigner, type Digests, isSignedBy} from "../bft/signer.ts";
import {ranksOf} from "./ranks.ts";

const LOOK_MS = 200;
const RESEND_MS = 1_000;

/** Members of the multisig cannot hold money: the contract is not activated before they can. */
export class MembersError extends MvmError<"USERS_WITHOUT_SAFE", {users: readonly Uuid[]; advice: string}> {}

interface ActivatorPorts {
  readonly chain: DecidedChain;
  readonly network: Network;
  readonly contracts: readonly GroupContract[];
  readonly signer: ConsensusSigner;
  readonly digests: Digests;
  readonly clock: Clock;
  readonly log: Logger;
  /** Mixin users of the group that cannot receive money; rejects where the Mixin API does not say. */
  readonly usersWithoutSafe: () => Promise<readonly Uuid[]>;
}

/**
 * Brings the group key that the own ledger has finalised to each group contract: signs once per platform, gathers a
 * quorum of seats, and submits in ranked order until the contract is active.
 */
export class Activator implements Service {
  readonly name = "activator";
  readonly #p: ActivatorPorts;
  /** Platform → validator → signature. */
  readonly #signatures = new Map<Hex, Map<number, Uint8Array>>();
  readonly #active = new Set<Hex>();
  #keySinceMs: number | null = null;
  #sentMs = 0;
  #membersReady = false;
  #cancel: (() => void) | null = null;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(ports: ActivatorPorts) {
    this.#p = ports;
  }

  async start(): Promise<void> {
    this.#schedule();
  }
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#running;
  }

  /** Whether the contract of every platform is known to be active. */
  get done(): boolean {
    return this.#p.contracts.every((c) => this.#active.has(c.platform));
  }

  receive(message: ActivationMessage): Verdict {
    const activation = this.#activation(message.platform);
    // the own ledger may finish the DKG a little later than others: they send again
    if (activation === null || activation.sid !== message.sid || this.#active.has(message.platform)) return "ignore";
    const validator = this.#set.validators[message.from];
    if (!isSignedBy(validator?.consensusKey, this.#p.digests.activation(activation), message.signature)) return "reject";
    return this.#keep(message.platform, message.from, message.signature) ? "accept" : "ignore";
  }

  /** Those of epoch 0: the contract knows no others before it is active. */
  get #set(): EpochSet {
    return this.#p.chain.setAt(1);
  }

  #keep(platform: Hex, from: number, signature: Uint8Array): boolean {
    const held = this.#signatures.get(platform) ?? new Map<number, Uint8Array>();
    this.#signatures.set(platform, held);
    if (held.has(from)) return false;
    held.set(from, signature);
    return true;
  }

  #activation(platform: Hex): Activation | null {
    const key = groupKey(this.#p.chain.state);
    if (key === null || !this.#p.contracts.some((c) => c.platform === platform)) return null;
    const {sid, transcript, epoch} = key;
    return {platform, groupKey: g1ToEip2537(key.key), pop: g2ToEip2537(key.pop), sid, transcript, epoch};
  }

  #schedule(): void {
    if (this.#stopped || this.done) return;
    this.#cancel = this.#p.clock.after(LOOK_MS, () => {
      this.#running = this.#look().then(() => this.#schedule());
    });
  }

  async #look(): Promise<void> {
    for (const contract of this.#p.contracts) {
      if (this.#active.has(contract.platform)) continue;
      try {
        await this.#advance(contract);
      } catch (error) {
        this.#p.log.warn("activation has to wait", {platform: contract.platform, ...describeError(error)});
      }
    }
  }

  async #advance(contract: GroupContract): Promise<void> {
    const {chain, clock, log, signer, network} = this.#p;
    const me = this.#set.indexOf(signer.address);
    const {platform} = contract;
    const activation = this.#activation(platform);
    if (activation === null) return;
    this.#keySinceMs ??= clock.now();
    if (activatedOn(chain.state, platform) || (await contract.status()).activated) {
      this.#active.add(platform);
      log.info("group contract is active", {platform});
      return;
    }
    // money sent to a group with a member who cannot receive it might never be spendable
    if (!this.#membersReady) {
      const missing = await this.#p.usersWithoutSafe();
      if (missing.length > 0)
        throw new MembersError("USERS_WITHOUT_SAFE", {users: missing, advice: "their validators register these Mixin users to Safe"});
      this.#membersReady = true;
    }
    if (me === null) return;
    if (clock.now() - this.#sentMs >= RESEND_MS) {
      this.#sentMs = clock.now();
      const signature = signer.activation(activation);
      this.#keep(platform, me, signature);
      network.broadcast({kind: "activation", from: me, platform, sid: activation.sid, signature});
    }
    const {validators, quorum} = this.#set;
    const held = this.#signatures.get(platform) ?? new Map<number, Uint8Array>();
    const seats = [...held.keys()].reduce((sum, from) => sum + (validators[from]?.seats ?? 0), 0);
    const ranks = ranksOf({validators: validators.length, first: 0, blockHash: activation.sid});
    const waitMs = ranks.indexOf(me) * chain.genesis.parameters.stageMs;
    if (seats < quorum || clock.now() - this.#keySinceMs < waitMs) return;
    log.info("activating the group contract", {platform, seats});
    const result = await contract.activate({
      ...activation,
      keys: validators.map((v) => v.consensusKey),
      seats: validators.map((v) => v.seats),
      signatures: validators.map((_, i) => held.get(i) ?? new Uint8Array(0)),
      deadline: ACTIVATION_DEADLINE,
    });
    log.info("activation sent", {platform, outcome: result.outcome, tx: result.txHash, gas: result.gasUsed.toString()});
  }
}
