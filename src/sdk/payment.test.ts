import {parseMixAddress} from "@mixin.dev/mixin-node-sdk";
import {expect, test} from "vitest";
import {mixAddress} from "../types/mix-address.ts";
import {decimal, paymentUri, units} from "./payment.ts";

const members = [
  "fcb87491-4fa0-4c2f-b387-262b63cbc112",
  "c94ac88f-4671-3976-b60a-09064f1811e8",
  "965e5c6e-434c-3fa9-b780-c50f43cd955c",
  "43d61dcd-e413-450d-80b8-101d5e903357",
];

test("Mixin's own SDK reads the address back, whatever the order of the members", () => {
  const address = mixAddress({members, threshold: 3});
  expect(parseMixAddress(address)).toMatchObject({threshold: 3, uuidMembers: [...members].sort()});
  expect(mixAddress({members: [...members].reverse(), threshold: 3})).toBe(address);
});

test("a threshold above the members is refused", () => {
  expect(() => mixAddress({members, threshold: 5})).toThrow(expect.objectContaining({code: "OUT_OF_RANGE"}));
});

test("the link carries address, amount, memo and trace", () => {
  const trace = "772e6bef-3bff-4fcc-987d-28bafca74d0c";
  const uri = new URL(paymentUri({members, threshold: 3, asset: members[1] as string, amount: 150_000_000n, memo: "AAG9", trace}));
  expect(uri.pathname).toBe(`/pay/${mixAddress({members, threshold: 3})}`);
  expect(Object.fromEntries(uri.searchParams)).toEqual({asset: members[1], amount: "1.5", memo: "AAG9", trace});
});

test.for([
  ["0", 0n],
  ["1.5", 150_000_000n],
  ["0.00000001", 1n],
  ["90071992.54740993", 9_007_199_254_740_993n],
] as const)("%s is exact in both directions", ([text, amount]) => {
  expect(units(text)).toBe(amount);
  expect(decimal(amount)).toBe(text);
});

test.for(["", "-1", "1e5", "0.000000001", "1.", ".5"])("%j is not an amount", (text) => {
  expect(() => units(text)).toThrow(expect.objectContaining({code: "OUT_OF_RANGE"}));
});
