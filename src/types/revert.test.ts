import {AbiCoder, Interface} from "ethers";
import {expect, test} from "vitest";
import {fromHex} from "../base/bytes.ts";
import {explainRevert} from "./revert.ts";

const custom = (line: string, ...values: unknown[]) =>
  fromHex(new Interface([line]).encodeErrorResult(line.split(/[ (]/)[1] ?? "", values));
const text = (reason: string) => fromHex(`0x08c379a0${AbiCoder.defaultAbiCoder().encode(["string"], [reason]).slice(2)}`);
const panic = (code: number) => fromHex(`0x4e487b71${AbiCoder.defaultAbiCoder().encode(["uint256"], [code]).slice(2)}`);

test.for<[string, Uint8Array, string]>([
  ["a require text", text("the poll is over"), '"the poll is over"'],
  ["a panic", panic(0x12), "a panic: a division by zero"],
  ["an unknown panic", panic(0x77), "a panic: code 119"],
  [
    "an error of the group contract",
    custom("error InsufficientBalance(uint256 balance, uint256 amount)", 5, 7),
    "InsufficientBalance(balance: 5, amount: 7)",
  ],
  ["no data", new Uint8Array(0), "it gave no reason: a revert without data, no contract at the address, or too little gas"],
  ["less than a selector", Uint8Array.of(1, 2), "a custom error with the selector 0x0102, which the ABI of the app explains: 0x0102"],
])("%s", ([, data, words]) => {
  expect(explainRevert(data)).toBe(words);
});

test("an app's own error, once its ABI is given", () => {
  const line = "error TooLate(uint64 endedAt, address who)";
  const data = custom(line, 9, `0x${"ab".repeat(20)}`);
  expect(explainRevert(data)).toMatch(/^a custom error with the selector 0x[0-9a-f]{8}, /);
  expect(explainRevert(data, [line])).toBe(`TooLate(endedAt: 9, who: 0x${"ab".repeat(20)})`);
});

test("what was cut at 132 bytes is told as far as it goes", () => {
  expect(explainRevert(text("x".repeat(200)).slice(0, 132))).toBe(`"${"x".repeat(64)}…"`);
});

test("bytes of anybody do not break the terminal of whoever reads them, nor throw", () => {
  expect(explainRevert(text("\u001b[31mred\u202e"))).toBe('"·[31mred·"');
  for (let size = 0; size < 140; size++) explainRevert(fromHex(`0x08c379a0${"ff".repeat(size)}`));
});
