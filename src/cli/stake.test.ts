import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {describe, expect, test} from "vitest";
import type {StakeStatus} from "../chain/staking-status.ts";
import {addSeatUsers, createKeyring, openKeyring, type SeatUser} from "../node/keyring.ts";
import {program} from "./program.ts";
import {describeStake} from "./stake.ts";
import type {StakeHandlers} from "./stake-program.ts";

const status: StakeStatus = {
  operator: "0x1111111111111111111111111111111111111111",
  state: "jailed",
  consensusKey: "0x2222222222222222222222222222222222222222",
  seats: 2,
  held: 5,
  seatStake: 10n ** 18n,
  jailedUntil: 1_700_000_100,
  mixinUsers: ["11111111-1111-4111-8111-111111111111"],
  unbonding: [
    {number: 0, seats: 1, requestedAt: 1_699_000_000, releasedAt: 1_699_000_500, readyAt: 1_699_900_000},
    {number: 1, seats: 1, requestedAt: 1_699_000_000, releasedAt: 1_699_900_000, readyAt: 1_700_900_000},
    {number: 2, seats: 1, requestedAt: 1_699_000_000, releasedAt: null, readyAt: 1_701_000_000},
  ],
  epoch: 7,
  seatsInEpoch: 3,
};

test("a stake in words says what every wait waits for", () => {
  expect(describeStake(status, 1_700_000_000).join("\n")).toMatchInlineSnapshot(`
    "operator   0x1111111111111111111111111111111111111111: jailed
    seats      2 staked, 3 in the set of epoch 7
    stake      5 × 1000000000000000000 wei
    jailed     may come back from 2023-11-14T22:15:00.000Z on: mvm stake unjail
    seat user  11111111-1111-4111-8111-111111111111
    unbonding  1 seats: ready: mvm stake withdraw
    unbonding  1 seats: released; waits for 2023-11-25T08:13:20.000Z
    unbonding  1 seats: waits for the network to release it, or, if no checkpoint comes, for 2023-11-26T12:00:00.000Z"
  `);
  expect(describeStake({...status, epoch: null, jailedUntil: 1}, 2)[1]).toContain("no set is frozen yet");
});

describe("mvm stake", () => {
  const parse = async (...args: string[]) => {
    const seen: [string, object][] = [];
    const spy = (name: string) => async (options: object) => {
      seen.push([name, options]);
    };
    const names = ["deposit", "add", "remove", "exit", "withdraw", "unjail", "slash", "status"] as const;
    const stake = Object.fromEntries(names.map((name) => [name, spy(name)])) as unknown as StakeHandlers;
    const cli = program({stake} as never);
    for (const command of [cli, ...cli.commands, ...cli.commands.flatMap((c) => c.commands)])
      command.exitOverride().configureOutput({writeErr: () => {}, writeOut: () => {}});
    await cli.parseAsync(["node", "mvm", "stake", ...args]);
    return seen;
  };

  test("alone is a deposit; the rest are commands of it", async () => {
    expect(await parse("--dir", "d", "--staking", "0x1")).toEqual([["deposit", {dir: "d", staking: "0x1"}]]);
    expect(await parse("exit", "--dir", "d")).toEqual([["exit", {dir: "d"}]]);
    expect(await parse("remove", "--dir", "d", "--user", "a", "--user", "b")).toEqual([["remove", {dir: "d", user: ["a", "b"]}]]);
    expect(await parse("slash", "--dir", "d", "--evidence", "e.json")).toEqual([["slash", {dir: "d", evidence: "e.json"}]]);
    expect(await parse("status", "--dir", "d", "--json")).toEqual([["status", {dir: "d", json: true}]]);
    await expect(parse("exit")).rejects.toMatchObject({code: "commander.missingMandatoryOptionValue"});
    await expect(parse("add", "--dir", "d")).rejects.toMatchObject({code: "commander.missingMandatoryOptionValue"});
  });
});

test("users of added seats join the node's, each once", async () => {
  const dir = mkdtempSync(join(tmpdir(), "mvm-seats-"));
  try {
    const user = (n: number): SeatUser => ({
      app_id: `${n}1111111-1111-4111-8111-111111111111`,
      session_id: "22222222-2222-4222-8222-222222222222",
      server_public_key: "aa".repeat(32),
      session_private_key: "bb".repeat(32),
      spend_private_key: "cc".repeat(32),
    });
    await createKeyring(dir, "password", [user(1)]);
    await addSeatUsers(dir, "password", [user(2), user(1), user(3)]);
    await addSeatUsers(dir, "password", [user(3)]);
    const {seatUsers} = await openKeyring(dir, "password");
    expect(seatUsers.map((u) => u.app_id[0])).toEqual(["1", "2", "3"]);
  } finally {
    rmSync(dir, {recursive: true});
  }
});
