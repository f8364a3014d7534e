import {expect, test} from "vitest";
import {utf8} from "../base/bytes.ts";
import {decodeMemo} from "../types/operation.ts";
import {MEMO_BYTES_MAX, messageMemo, RAW_EXTRA_MAX, rawMessageMemo, readMemo, registrationMemo, TEXT_EXTRA_MAX} from "./memo.ts";

const process = "bd670872-76ce-3263-b933-3aa337e212a4";
const address = "0x2A4630550Ad909B90aAcD82b5f65E33afFA04323";

test("a memo without extra is the one of the original's vector", () => {
  expect(messageMemo(process)).toBe("AAG9Zwhyds4yY7kzOqM34hKkAAAAAAAA");
});

test("the longest extras fill a Mixin memo to the last byte that they can", () => {
  expect(messageMemo(process, new Uint8Array(TEXT_EXTRA_MAX))).toHaveLength(MEMO_BYTES_MAX);
  expect(rawMessageMemo(process, new Uint8Array(RAW_EXTRA_MAX))).toHaveLength(MEMO_BYTES_MAX);
});

test.for<[string, () => unknown, object]>([
  [
    "an extra that is too long",
    () => messageMemo(process, "ü".repeat(100)),
    {code: "TOO_LONG", data: {over: 32, message: "extra is 200 bytes, too long by 32: this memo has room for 168"}},
  ],
  ["a raw extra that is too long", () => rawMessageMemo(process, new Uint8Array(232)), {code: "TOO_LONG", data: {over: 1}}],
  [
    "a process that is none",
    () => messageMemo("echo"),
    {code: "BAD_PROCESS", data: {message: expect.stringContaining('"echo" is no process id')}},
  ],
  ["an address that is none", () => registrationMemo(process, "0x12"), {code: "BAD_ADDRESS"}],
  ["too much gas", () => registrationMemo(process, address, {gasLimit: 2_000_001}), {code: "BAD_TERMS"}],
])("%s is explained", ([, make, error]) => {
  expect(make).toThrow(expect.objectContaining({...error, ...("data" in error && {data: expect.objectContaining(error.data)})}));
});

test("a registration says its terms only where they are not the usual ones", () => {
  expect(decodeMemo(utf8(registrationMemo(process, address))).extra).toEqual(new Uint8Array(0));
  const {extra, platform, purpose} = decodeMemo(utf8(registrationMemo(process, address, {policy: "park", gasLimit: 500_000})));
  expect({extra, platform, purpose}).toEqual({extra: Uint8Array.of(1, 1, 0, 7, 0xa1, 0x20), platform: "quorum", purpose: 11});
});

test.for<[string, string | Uint8Array, string]>([
  ["nothing", "", "the memo is empty"],
  ["a greeting", "good morning", "no base64url text"],
  ["padding", "AAG9Zwhyds4yY7kzOqM34hKkAAAAAAAA==", "no padding"],
  ["too much", "A".repeat(300), "too long by 44 bytes"],
  ["a cut one", messageMemo(process, "hello!").slice(0, -4), "it ends inside operation.extra"],
  ["bytes after it", Uint8Array.of(...rawMessageMemo(process), 1, 2), "2 bytes too many stand after the Operation"],
  ["a cut raw one", rawMessageMemo(process).slice(0, 20), "it ends inside operation.platform"],
])("%s is read as a problem, in words", ([, memo, words]) => {
  const reading = readMemo(memo);
  expect(reading.ok).toBe(false);
  expect(reading.ok ? "" : reading.problem).toContain(words);
});

test("what is formally right and still goes wrong is a warning", () => {
  const unknown = Uint8Array.from(rawMessageMemo(process));
  unknown[2] = 99;
  expect(readMemo(unknown)).toMatchObject({ok: true, warning: expect.stringContaining("UNKNOWN_PURPOSE")});
  expect(readMemo(messageMemo(process, "hi"))).toMatchObject({ok: true, warning: null, operation: {process, purpose: 1}});
});
