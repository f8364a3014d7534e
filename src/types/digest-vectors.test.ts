import {readFileSync} from "node:fs";
import {expect, test} from "vitest";
import {fromHex, type Hex, toHex} from "../base/bytes.ts";
import {blockHashOf, type Outbox} from "./block.ts";
import {
  ackDigest,
  activateDigest,
  certificateDigest,
  consensusKeyDigest,
  dkgMessageDigest,
  domainSeparator,
  keyDigest,
  networkIdOf,
  pauseDigest,
  platformOf,
  proposalDigest,
  voteDigest,
} from "./digests.ts";

interface Vectors {
  readonly shared: Record<string, string> & {
    readonly homeChainId: number;
    readonly epoch: number;
    readonly height: number;
    readonly round: number;
    readonly outboxes: readonly (Omit<Outbox, "seq"> & {readonly seq: string})[];
  };
  readonly digests: Record<string, Hex>;
}
const {shared, digests} = JSON.parse(readFileSync(new URL("../../test/vectors/digests.json", import.meta.url), "utf8")) as Vectors;
const hex = (name: string) => shared[name] as Hex;
const {homeChainId, epoch, height, round} = shared;
const outboxes = shared.outboxes.map((o) => ({...o, seq: BigInt(o.seq)}));
const blockHash = digests["blockHash"] as Hex;
const networkId = hex("networkId");
const domain = domainSeparator({homeChainId, staking: hex("staking"), networkId});
const key = {groupKey: fromHex(hex("groupKey")), pop: fromHex(hex("pop")), sid: hex("sid"), transcript: hex("transcript"), epoch};
const admin = {platform: hex("platform"), counter: BigInt(hex("counter")), deadline: BigInt(hex("deadline"))};
const vote = {epoch, height, round, type: "precommit", blockHash} as const;

const ours: Record<string, Uint8Array | Hex> = {
  networkId: networkIdOf({homeChainId, staking: hex("staking"), salt: hex("salt")}),
  platform: platformOf(homeChainId, hex("group")),
  domain,
  blockHash: blockHashOf(height, hex("coreHash"), outboxes),
  blockHashWithoutOutboxes: blockHashOf(height, hex("coreHash"), []),
  certificate: certificateDigest({networkId, epoch, height, round, blockHash}),
  ack: ackDigest({networkId, ...key}),
  prevote: voteDigest(domain, {...vote, type: "prevote"}),
  precommit: voteDigest(domain, vote),
  precommitNil: voteDigest(domain, {...vote, blockHash: null}),
  proposal: proposalDigest(domain, {epoch, height, round, polRound: -1, blockHash}),
  consensusKey: consensusKeyDigest(domain, hex("operator")),
  activate: activateDigest(domain, {...admin, ...key}),
  rotate: keyDigest(domain, "rotate", {...admin, ...key}),
  rekey: keyDigest(domain, "rekey", {...admin, ...key}),
  pause: pauseDigest(domain, "pause", admin),
  unpause: pauseDigest(domain, "unpause", admin),
  dkgMessage: dkgMessageDigest(networkId, fromHex(hex("dkgBody"))),
};

test.for(Object.keys(ours))("%s is as another implementation has it", (name) => {
  const own = ours[name] ?? "0x";
  expect(typeof own === "string" ? own : toHex(own)).toBe(digests[name]);
});

test("no two of them are the same bytes", () => {
  expect(new Set(Object.values(digests)).size).toBe(Object.keys(digests).length);
});
