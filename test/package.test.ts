import {execFile} from "node:child_process";
import {promisify} from "node:util";
import {beforeAll, expect, test} from "vitest";
import {buildLibraries} from "../scripts/build.ts";

beforeAll(buildLibraries);

/** Runs a module with plain Node, in this package, so that its own name resolves by `exports`. */
const run = async (code: string) => (await promisify(execFile)(process.execPath, ["--input-type=module", "-e", code])).stdout.trim();

test("mvm-node is importable by plain Node, with what its users rely on", async () => {
  const names = await run('import * as m from "mvm-node"; console.log(Object.keys(m).join(" "))');
  expect(names.split(" ")).toEqual(
    expect.arrayContaining([
      "encodeOperation",
      "decodeOperation",
      "encodeEvent",
      "decodeEvent",
      "paymentUri",
      "verifyCertificate",
      "MvmClient",
      "MIXIN_GROUP_ABI",
      "MIXIN_APP_ABI",
    ]),
  );
});

test("a memo made by the package is the one of the original's vector", async () => {
  const operation = '{purpose: 1, process: "bd670872-76ce-3263-b933-3aa337e212a4", platform: "", address: "", extra: new Uint8Array(0)}';
  expect(await run(`import {encodeMemo} from "mvm-node"; console.log(encodeMemo(${operation}))`)).toBe("AAG9Zwhyds4yY7kzOqM34hKkAAAAAAAA");
});

test("mvm-node/consensus is the round machine", async () => {
  const code = 'import {initialState, proposerSchedule, step} from "mvm-node/consensus";';
  expect(
    await run(
      `${code} console.log(step(initialState(), {kind: "nonsense"}).effects[0].code, proposerSchedule([{id: "a", seats: 2}, {id: "b", seats: 1}]).join())`,
    ),
  ).toBe("malformed 0,1,0");
});
