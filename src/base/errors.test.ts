import {expect, test} from "vitest";
import {DecodeError, describeError, InvariantError, invariant} from "./errors.ts";

test("an error says its name, code and data in one line", () => {
  const error = new DecodeError("SHORT", {field: "vote.round", offset: 9, want: 4, got: 0});
  expect(String(error)).toMatchInlineSnapshot(`"DecodeError: SHORT {"field":"vote.round","offset":9,"want":4,"got":0}"`);
  expect(describeError(error)).toEqual({error: "SHORT", field: "vote.round", offset: 9, want: 4, got: 0});
});

test("whatever was thrown can be logged", () => {
  expect(describeError(new TypeError("x".repeat(900)))).toEqual({error: "TypeError", message: "x".repeat(500)});
  expect(describeError("text")).toEqual({error: "text"});
  expect(describeError(undefined)).toEqual({error: "undefined"});
});

test("an invariant holds or throws", () => {
  expect(() => invariant(true, "fine")).not.toThrow();
  expect(() => invariant(false, "broken")).toThrow(InvariantError);
});
