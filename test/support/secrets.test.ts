import {expect, test} from "vitest";
import {bytesToBig} from "../../src/base/bytes.ts";
import {findSecrets} from "./secrets.ts";

const bytes = Uint8Array.from({length: 32}, (_, i) => (i * 37 + 11) % 256);
const raw = Buffer.from(bytes);
const inside = (before: string, encoding: "base64" | "base64url") =>
  Buffer.concat([Buffer.from(before), raw, Buffer.from("zz")]).toString(encoding);

test.for([
  {form: "raw", found: raw},
  {form: "hex", found: raw.toString("hex")},
  {form: "hex in capital letters", found: raw.toString("hex").toUpperCase()},
  {form: "base64", found: raw.toString("base64")},
  {form: "base64url", found: raw.toString("base64url")},
  {form: "base64 within something", found: inside("a", "base64")},
  {form: "base64url within something", found: inside("ab", "base64url")},
  {form: "decimal", found: `${bytesToBig(raw)}n`},
  {form: "a list of numbers", found: JSON.stringify([...raw])},
  {form: "backwards", found: Buffer.from(raw).reverse().toString("hex")},
])("a secret is found in this form: $form", ({found}) => {
  const written = [{where: "here", bytes: Buffer.concat([Buffer.from('{"x":"'), Buffer.from(found), Buffer.from('"}')])}];
  expect(findSecrets([{name: "planted", bytes}], written)).toEqual(["planted in here"]);
  expect(findSecrets([{name: "another", bytes: bytes.with(16, 0)}], written)).toEqual([]);
});
