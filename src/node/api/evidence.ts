import {type EvidenceView, evidenceOf, faults} from "../../mvm/queries.ts";
import {evidenceDigests, type ProposalSide, type VoteSide} from "../../types/evidence.ts";
import type {DecidedChain} from "../bft/decided-chain.ts";
import {nonceParam} from "./payments.ts";
import type {Route} from "./server.ts";

/** Pieces of evidence in one answer. */
const PAGE_MAX = 100;

/**
 * The evidence that blocks have taken, in the order of decision. `?from=` is the number of the first one shown; without it the newest
 * are. Each side has its EIP-712 digest, from which its signature recovers to the consensus key.
 */
export function evidenceRoute({chain}: {readonly chain: DecidedChain}): Route {
  return {
    path: "/v1/evidence",
    answer: (_, query) => {
      const {count, equivocators} = faults(chain.state);
      const asked = query.get("from");
      const from = asked === null ? Math.max(0, count - PAGE_MAX) : Number(nonceParam(asked));
      const shown = evidenceOf(chain.state, from, PAGE_MAX).map((view) => show(chain, view));
      return {
        body: {
          count,
          equivocators: equivocators.map(({epoch, from: validator, count: times}) => ({
            ...whoIs(chain, epoch, validator),
            epoch,
            count: times,
          })),
          from,
          evidence: shown,
        },
      };
    },
  };
}

function show(chain: DecidedChain, {number, decidedAt, evidence}: EvidenceView): object {
  const {epoch, height, round, type, from, first, second} = evidence;
  const digests = evidenceDigests(chain.state.network.voteDomain, evidence);
  const side = (of: VoteSide | ProposalSide, digest: Uint8Array) => ({...of, digest});
  return {
    number,
    decidedAt,
    ...whoIs(chain, epoch, from),
    epoch,
    height,
    round,
    type,
    first: side(first, digests[0]),
    second: side(second, digests[1]),
  };
}

function whoIs(chain: DecidedChain, epoch: number, validator: number): object {
  const {operator, consensusKey} = chain.setOf(epoch)?.validators[validator] ?? {operator: null, consensusKey: null};
  return {validator, operator, consensusKey};
}
