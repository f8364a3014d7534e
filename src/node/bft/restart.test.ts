import {expect, onTestFinished, test} from "vitest";
import {until} from "../../../test/e2e/processes.ts";
import {blockNamed, voteBy} from "../../../test/support/evidence.ts";
import {testNetwork} from "../../../test/support/ledger.ts";
import {oneValidator} from "../../../test/support/one-validator.ts";
import type {VoteMessage} from "../../types/messages.ts";
import type {SignedVote} from "../../types/votes.ts";
import {encodeWalRecord} from "./wal-records.ts";

test("what was said before a restart is said again, and nothing else in its place", async () => {
  const {genesis, keys} = testNetwork([1, 1, 1, 1]);
  const vote = voteBy({genesis, from: 0, secret: keys[0]?.consensus ?? new Uint8Array(32)}, {blockHash: blockNamed(7)});
  const message: VoteMessage = {kind: "vote", vote, partials: []};
  const validator = oneValidator([encodeWalRecord({kind: "own", height: 1, message})]);
  const heard: SignedVote[] = [];
  const listener = validator.hub.port(1, {
    ...validator.handler,
    receive: (said) => {
      if (said.kind === "vote") heard.push(said.vote);
      return "ignore";
    },
    connected: () => {},
  });
  await listener.start(new AbortController().signal);
  onTestFinished(() => validator.stop());
  await validator.start();
  // nobody proposes: its timer would have it prevote nil
  await until(() => validator.problems.some(({text}) => text === "refused to sign"), "the guard refuses", 10_000);
  await until(() => heard.length > 0, "the old vote comes again", 10_000);
  expect(validator.problems.map(({fields}) => fields)).toContainEqual(expect.objectContaining({error: "DOUBLE_SIGN"}));
  expect(new Set(heard.map(({type, round, blockHash}) => `${type} ${round} ${blockHash}`))).toEqual(
    new Set([`prevote 0 ${blockNamed(7)}`]),
  );
});
