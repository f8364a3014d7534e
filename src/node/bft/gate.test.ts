import {describe, expect, test} from "vitest";
import {blockNamed, proposalBy, voteBy} from "../../../test/support/evidence.ts";
import {outputFact, secretOf} from "../../../test/support/ledger.ts";
import {oneValidator} from "../../../test/support/one-validator.ts";
import type {Verdict} from "../../ports/network.ts";
import {type Block, blockHash, encodeBlock} from "../../types/block.ts";
import type {ProposalMessage, VoteMessage} from "../../types/messages.ts";
import type {SignedVote} from "../../types/votes.ts";

const {genesis, keys, handler, parts} = oneValidator();
const author = (from: number, key = from) => ({genesis, from, secret: keys[key]?.consensus ?? secretOf("nobody")});
/** What the gate of a validator says, which is put together and not started. */
const judge = (message: VoteMessage | ProposalMessage) => handler.receive(message, {peerId: "peer-3", validator: 3});

/** What a block does is judged later: here it only has to be one, of this height, with this hash. */
const block: Block = {
  height: 1,
  header: {
    networkId: genesis.networkId,
    parentHash: parts.chain.hash,
    epoch: 0,
    proposer: genesis.validators[1]?.consensusKey ?? "0x",
    time: 1_700_000_000_000,
    payloadRoot: blockNamed(2),
    stateRoot: blockNamed(3),
  },
  outboxes: [],
  facts: [outputFact(1)],
};
const [hash, bytes] = [blockHash(block), encodeBlock(block)];

describe("votes", () => {
  const vote = (of: Partial<SignedVote> = {}, from = 2, key = from): VoteMessage => ({
    kind: "vote",
    vote: voteBy(author(from, key), of),
    partials: [],
  });
  // seats count from 1: validator 2 has seat 3
  const partials = (...seats: number[]) => seats.map((seat) => ({seat, signature: new Uint8Array(96)}));
  const precommit = {type: "precommit", blockHash: hash} as const;
  const cases: [string, VoteMessage, Verdict][] = [
    ["by whom it names", vote(), "accept"],
    ["for nil", vote({blockHash: null}), "accept"],
    ["of the next height", vote({height: 2}), "accept"],
    ["by another", vote({}, 2, 1), "reject"],
    ["by nobody of the set", vote({}, 4, 3), "reject"],
    ["changed after it was signed", {...vote(), vote: {...vote().vote, round: 1}}, "reject"],
    ["of another epoch", vote({epoch: 1}), "ignore"],
    ["of a height far ahead", vote({height: 3}), "ignore"],
    ["of a round far ahead", vote({round: 1_001}), "ignore"],
    ["with the partial signature of its seat", {...vote(precommit), partials: partials(3)}, "accept"],
    ["with one for the seat of another", {...vote(precommit), partials: partials(2)}, "reject"],
    ["a prevote with one", {...vote(), partials: partials(3)}, "reject"],
    ["a precommit for nil with one", {...vote({type: "precommit", blockHash: null}), partials: partials(3)}, "reject"],
  ];
  test.for(cases)("%s", ([, message, verdict]) => expect(judge(message)).toBe(verdict));
});

describe("proposals", () => {
  /** Round r of height 1 is validator r + 1's. */
  const proposal = (of: Parameters<typeof proposalBy>[1] = {}, from = 1, key = from): ProposalMessage => ({
    kind: "proposal",
    proposal: proposalBy(author(from, key), {blockHash: hash, ...of}),
    block: bytes,
    polka: [],
  });
  const prevotes = (of: Partial<SignedVote> = {}, ...by: number[]) => by.map((from) => voteBy(author(from), {blockHash: hash, ...of}));
  const again = (polka: readonly SignedVote[]): ProposalMessage => ({...proposal({round: 2, polRound: 1}, 3), polka});
  const good = prevotes({round: 1}, 0, 2, 3);
  const [first, second, third] = good as [SignedVote, SignedVote, SignedVote];
  const later = {...block, height: 2};
  const cases: [string, ProposalMessage, Verdict][] = [
    ["by whose turn it is", proposal(), "accept"],
    ["out of turn", proposal({}, 2), "reject"],
    ["signed by another", proposal({}, 1, 2), "reject"],
    ["with another block than it names", proposal({blockHash: blockNamed(1)}), "reject"],
    ["with a block of another height", {...proposal({blockHash: blockHash(later)}), block: encodeBlock(later)}, "reject"],
    ["with bytes that are no block", {...proposal(), block: bytes.slice(1)}, "reject"],
    ["of another epoch", proposal({epoch: 1}), "ignore"],
    ["fresh, with prevotes beside it", {...proposal(), polka: good}, "reject"],
    ["again, with the polka that it names", again(good), "accept"],
    ["again, with nothing to show", again([]), "reject"],
    ["again, with too few", again([first, second]), "reject"],
    ["again, with one voter twice", again([first, second, second]), "reject"],
    ["again, with prevotes of another round", again(prevotes({round: 0}, 0, 2, 3)), "reject"],
    ["again, with prevotes for another block", again(prevotes({round: 1, blockHash: blockNamed(1)}, 0, 2, 3)), "reject"],
    ["again, with precommits", again(prevotes({round: 1, type: "precommit"}, 0, 2, 3)), "reject"],
    ["again, with prevotes of another height", again(prevotes({round: 1, height: 2}, 0, 2, 3)), "reject"],
    ["again, with one that nobody signed", again([first, second, {...third, signature: first.signature}]), "reject"],
    ["again, with a polka round below -1", {...proposal({round: 2, polRound: -2}, 3), polka: []}, "reject"],
  ];
  test.for(cases)("%s", ([, message, verdict]) => expect(judge(message)).toBe(verdict));
});
