import {expect, test} from "vitest";
import {paymentLines} from "./payment.ts";

test("a payment that went back is told in words, with the times between its steps", () => {
  const lines = paymentLines({
    outputId: "o",
    requestId: "r",
    asset: "c94ac88f-4671-3976-b60a-09064f1811e8",
    amount: "20000000",
    stage: "refunded",
    reason: "BAD_MEMO",
    height: 44,
    process: null,
    nonce: null,
    refund: {stage: "paid", amount: "20000000", traceId: "t"},
    times: {createdMs: 1_795_522_848_213, observedMs: 1_795_522_848_350, decidedMs: 1_795_522_848_666.4, refundedMs: 1_795_522_849_054},
    words: {means: "It went back.", cure: "Pay again."},
  });
  expect(lines.join("\n")).toMatchInlineSnapshot(`
    "stage      refunded, BAD_MEMO
    means      It went back.
    next       Pay again.
    amount     0.2 of c94ac88f-4671-3976-b60a-09064f1811e8
    block      44
    paid back  0.2, paid, trace t
    output     o
    request    r
               2026-11-24T12:20:48.213Z  paid on Mixin
               +137 ms                   seen by this node
               +316 ms                   decided
               +388 ms                   paid back"
  `);
});
