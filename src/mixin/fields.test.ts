import fc from "fast-check";
import {describe, expect, test} from "vitest";
import {MixinError} from "./errors.ts";
import {amount, formatAmount, nanoseconds} from "./fields.ts";

const codeOf = (run: () => unknown) => {
  try {
    return run();
  } catch (error) {
    return error instanceof MixinError ? error.code : error;
  }
};

describe("amounts", () => {
  test.for([
    ["0", 0n],
    ["1", 100_000_000n],
    ["1.5", 150_000_000n],
    ["0.00000001", 1n],
    ["90071992.54740993", 9_007_199_254_740_993n], // above 2^53: a JS number ends in …992
    ["007.10", 710_000_000n],
  ] as const)("%s", ([text, units]) => {
    expect(amount(text, "a")).toBe(units);
  });
  test.for(["", ".5", "1.", "1.000000001", "-1", "+1", "1e8", "0x1", " 1", "1 ", "1,5", "NaN", `${"9".repeat(41)}`, 1, null, undefined])(
    "refuses %j",
    (value) => {
      expect(codeOf(() => amount(value, "a"))).toBe("MALFORMED");
    },
  );
  test("what is written is read again", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 40n), (units) => {
        expect(amount(formatAmount(units), "a")).toBe(units);
      }),
    );
  });
});

describe("times", () => {
  const second = 1_704_164_645n; // 2024-01-02T03:04:05Z
  test.for([
    ["2024-01-02T03:04:05Z", second * 1_000_000_000n],
    ["2024-01-02T03:04:05.1Z", second * 1_000_000_000n + 100_000_000n],
    ["2024-01-02T03:04:05.123456789Z", second * 1_000_000_000n + 123_456_789n],
    ["2024-01-02T11:04:05.000000001+08:00", second * 1_000_000_000n + 1n],
    ["2024-01-01T21:34:05-05:30", second * 1_000_000_000n],
    ["1970-01-01T00:00:00Z", 0n],
    ["2024-02-29T23:59:59.999999999Z", 1_709_251_199_999_999_999n],
  ] as const)("%s", ([text, ns]) => {
    expect(nanoseconds(text, "t")).toBe(ns);
  });
  test.for([
    "2023-02-29T00:00:00Z",
    "2024-13-01T00:00:00Z",
    "2024-01-02T24:00:00Z",
    "2024-01-02T03:60:05Z",
    "2024-01-02T03:04:60Z",
    "2024-01-02 03:04:05Z",
    "2024-01-02T03:04:05",
    "2024-01-02T03:04:05.1234567891Z",
    "1969-12-31T23:59:59Z",
    "",
    0,
    null,
  ])("refuses %j", (value) => {
    expect(codeOf(() => nanoseconds(value, "t"))).toBe("MALFORMED");
  });
});
