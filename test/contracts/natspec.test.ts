import {Interface, type InterfaceAbi} from "ethers";
import {expect, test} from "vitest";
import {askCompiler} from "../../scripts/compile.ts";

type Docs = Record<string, {notice?: string; details?: string; returns?: object} | {notice?: string; details?: string}[]>;
interface Documented {
  readonly abi: InterfaceAbi;
  readonly userdoc: {methods?: Docs; events?: Docs; errors?: Docs};
  readonly devdoc: {methods?: Docs; events?: Docs; errors?: Docs};
}

const KINDS = {function: "methods", event: "events", error: "errors"} as const;
const {contracts = {}} = askCompiler<Documented>({"*": {"*": ["abi", "userdoc", "devdoc"]}});

/** Errors of OpenZeppelin that its own sources say nothing of. */
const OPENZEPPELIN = ["ReentrancyGuardReentrantCall()", "CloneArgumentsTooLong()", "InvalidShortString()", "StringTooLong(string)"];
const OURS = Object.entries(contracts).filter(([file]) => file.startsWith("contracts/") && !file.startsWith("contracts/test/"));
const NAMED = OURS.flatMap(([file, named]) => Object.entries(named).map(([name, of]) => ({file, name, of})));

test("there are contracts to look at", () => {
  expect(NAMED.map((one) => one.name)).toEqual(
    expect.arrayContaining(["MixinGroup", "MixinApp", "MixinAccounts", "MixinAsset", "Staking"]),
  );
});

test.for(NAMED)("everything public of $name in $file says what it is", ({of}) => {
  const silent: string[] = [];
  for (const fragment of new Interface(of.abi).fragments) {
    if (!Object.hasOwn(KINDS, fragment.type)) continue; // a constructor
    const kind = KINDS[fragment.type as keyof typeof KINDS];
    const signature = fragment.format("sighash");
    const texts = [of.userdoc[kind]?.[signature], of.devdoc[kind]?.[signature]].flat();
    if (!texts.some((text) => text?.notice !== undefined || text?.details !== undefined)) silent.push(signature);
  }
  expect(silent.filter((signature) => !OPENZEPPELIN.includes(signature))).toEqual([]);
});
