import {describe, expect, test} from "vitest";
import {Reputation} from "./reputation.ts";

function setup() {
  const clock = {now: 1_000_000};
  const reputation = new Reputation(() => clock.now, ["v"]);
  const chargeUntilBan = (peer: string) => {
    for (let i = 0; i < 10; i++) {
      clock.now += 5; // points are forgiven meanwhile
      const banMs = reputation.charge(peer, 1);
      if (banMs !== null) return {after: i + 1, banMs};
    }
    return null;
  };
  return {clock, reputation, chargeUntilBan};
}

describe("Reputation", () => {
  test("five points cost a ban, and each further ban is twice as long", () => {
    const {clock, reputation, chargeUntilBan} = setup();
    const bans = [];
    for (let i = 0; i < 7; i++) {
      bans.push(chargeUntilBan("v"));
      expect(reputation.isBanned("v")).toBe(true);
      clock.now += (bans.at(-1)?.banMs ?? 0) + 1;
      expect(reputation.isBanned("v")).toBe(false);
    }
    expect(bans.map((ban) => ban?.after)).toEqual([5, 5, 5, 5, 5, 5, 5]);
    expect(bans.map((ban) => ban?.banMs)).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
  });
  test("one point every ten seconds is forgiven for ever", () => {
    const {clock, reputation} = setup();
    for (let i = 0; i < 100; i++, clock.now += 10_000) expect(reputation.charge("v", 1)).toBeNull();
  });
  test("ten quiet minutes make the next ban a first one", () => {
    const {clock, chargeUntilBan} = setup();
    chargeUntilBan("v");
    clock.now += 600_001;
    expect(chargeUntilBan("v")?.banMs).toBe(10_000);
  });
  test("a mass of strangers does not make a validator's ban forgotten", () => {
    const {reputation, chargeUntilBan} = setup();
    chargeUntilBan("v");
    for (let i = 0; i < 5_000; i++) reputation.charge(`stranger ${i}`, 5);
    expect(reputation.isBanned("v")).toBe(true);
    expect([reputation.isBanned("stranger 0"), reputation.isBanned("stranger 4999")]).toEqual([false, true]);
  });
});
