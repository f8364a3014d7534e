import {recordsOf} from "../../mvm/draft.ts";
import type {LedgerError} from "../../mvm/errors.ts";
import {EVIDENCE_PER_BLOCK_MAX, evidenceRefusal, isProven} from "../../mvm/evidence.ts";
import type {LedgerState} from "../../mvm/ledger.ts";
import type {Network, Verdict} from "../../ports/network.ts";
import type {Clock, Logger, Service} from "../../ports/system.ts";
import {type Evidence, type EvidencePlace, placeKey, placeOf} from "../../types/evidence.ts";
import type {ProposalMessage, VoteMessage} from "../../types/messages.ts";
import type {SignedProposal, SignedVote} from "../../types/votes.ts";
import type {DecidedChain} from "../bft/decided-chain.ts";
import type {EvidencePort} from "../bft/driver-ports.ts";
import {SignedLog} from "../bft/signed-log.ts";

/** Pieces of evidence against one validator that wait for a block: nobody crowds out the evidence against another. */
const PER_VALIDATOR_MAX = 16;
/** Until a block has taken it, own evidence is sent again: whoever is next to propose may not have heard of it. */
const RESEND_MS = 1_000;
const RESEND_MAX = 16;

/**
 * Notices when a validator contradicts itself, and holds everybody's evidence until a block takes it. What this validator has
 * found itself is handed out once to be written to the log, so that no stop loses it.
 */
export class EvidencePool implements Service, EvidencePort {
  readonly name = "evidence";
  readonly #p: {chain: DecidedChain; network: Network; clock: Clock; log: Logger};
  readonly #signed = new SignedLog();
  /** By place. */
  readonly #open = new Map<string, Evidence>();
  /** Places of what was found here, and of those what is not in the log yet. */
  readonly #own = new Set<string>();
  readonly #unsaved = new Set<string>();
  readonly #listeners: (() => void)[] = [];
  #admissible: {state: LedgerState; evidence: Evidence[]} | null = null;
  #cancel: (() => void) | null = null;

  constructor(ports: {chain: DecidedChain; network: Network; clock: Clock; log: Logger}) {
    this.#p = ports;
    ports.chain.onDecided(({height, proof, replay}) => {
      this.#signed.advance(height);
      if (!replay && proof.kind === "votes") for (const vote of proof.votes) this.#note(vote, vote.round);
      this.#prune();
    });
  }

  async start(): Promise<void> {
    this.#resend();
  }
  async stop(): Promise<void> {
    this.#cancel?.();
  }

  /** Called when there is new evidence. */
  onNew(listener: () => void): void {
    this.#listeners.push(listener);
  }

  watch(message: ProposalMessage | VoteMessage, round: number): void {
    if (message.kind === "vote") this.#note(message.vote, round);
    else for (const signed of [message.proposal, ...message.polka]) this.#note(signed, round);
  }

  watchLate(signed: SignedVote | SignedProposal, isSigned: () => boolean): Verdict {
    const first = this.#signed.find(signed);
    if (first === undefined || first.blockHash === signed.blockHash || !this.#isWanted(placeOf(signed))) return "ignore";
    if (!isSigned()) return "reject";
    this.#note(signed, signed.round);
    return "accept";
  }

  receive(evidence: Evidence): Verdict {
    if (this.#refusal(evidence)?.code === "UNKNOWN_VALIDATOR") return "reject";
    if (!this.#isWanted(evidence)) return "ignore";
    const {tree, network} = this.#p.chain.state;
    if (!isProven(recordsOf(tree), network, evidence)) return "reject";
    this.#keep(evidence);
    return "accept";
  }

  admissible(): readonly Evidence[] {
    const {state} = this.#p.chain;
    if (this.#admissible?.state !== state)
      this.#admissible = {state, evidence: [...this.#open.values()].filter((evidence) => this.#refusal(evidence) === null)};
    return this.#admissible.evidence.slice(0, EVIDENCE_PER_BLOCK_MAX);
  }

  openOwn(): Evidence[] {
    return [...this.#own].flatMap((key) => this.#open.get(key) ?? []);
  }

  takeUnsaved(): Evidence[] {
    const unsaved = [...this.#unsaved].flatMap((key) => this.#open.get(key) ?? []);
    this.#unsaved.clear();
    return unsaved;
  }

  restore(evidence: Evidence): void {
    const key = placeKey(evidence);
    this.#unsaved.delete(key);
    if (!this.#isWanted(evidence)) return;
    this.#own.add(key);
    this.#keep(evidence);
  }

  #note(signed: SignedVote | SignedProposal, round: number): void {
    const evidence = this.#signed.note(signed, round);
    if (evidence === null || !this.#isWanted(evidence)) return;
    const key = placeKey(evidence);
    this.#own.add(key);
    this.#unsaved.add(key);
    this.#keep(evidence);
    this.#p.network.broadcast(evidence);
  }

  #keep(evidence: Evidence): void {
    const {epoch, height, round, type, from} = evidence;
    this.#p.log.warn("a validator contradicts itself", {epoch, height, round, type, validator: from});
    this.#open.set(placeKey(evidence), evidence);
    this.#admissible = null;
    for (const listener of this.#listeners) listener();
  }

  /** Whether the next block could take it, it is not held yet, and there is room for it. */
  #isWanted(place: EvidencePlace): boolean {
    if (this.#open.has(placeKey(place)) || this.#refusal(place) !== null) return false;
    const held = [...this.#open.values()].filter(({from}) => from === place.from);
    return held.length < PER_VALIDATOR_MAX;
  }

  #refusal(place: EvidencePlace): LedgerError | null {
    const {state, height} = this.#p.chain;
    return evidenceRefusal(recordsOf(state.tree), height + 1, place);
  }

  /** What blocks have taken or will never take goes. */
  #prune(): void {
    for (const [key, evidence] of this.#open) {
      if (this.#refusal(evidence) === null) continue;
      this.#open.delete(key);
      this.#own.delete(key);
      this.#unsaved.delete(key);
    }
  }

  #resend(): void {
    for (const evidence of this.openOwn().slice(0, RESEND_MAX)) this.#p.network.resend(evidence);
    this.#cancel = this.#p.clock.after(RESEND_MS, () => this.#resend());
  }
}
