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

test.for([
  ["contracts/MixinGroup.sol", "MixinGroup"],
  ["contracts/MixinApp.sol", "MixinApp"],
  ["contracts/interfaces/IMixinGroup.sol", "IMixinGroup"],
  ["contracts/interfaces/IMixinApp.sol", "IMixinApp"],
] as const)("everything public of %s says what it is", ([file, name]) => {
  const of = contracts[file]?.[name];
  if (of === undefined) throw new Error(`no ${name}`);
  const silent: string[] = [];
  for (const fragment of new Interface(of.abi).fragments) {
    if (!Object.hasOwn(KINDS, fragment.type)) continue; // a constructor
    const kind = KINDS[fragment.type as keyof typeof KINDS];
    const signature = fragment.format("sighash");
    const texts = [of.userdoc[kind]?.[signature], of.devdoc[kind]?.[signature]].flat();
    if (!texts.some((text) => text?.notice !== undefined || text?.details !== undefined)) silent.push(signature);
  }
  // the guard of OpenZeppelin says it in its own words
  expect(silent.filter((signature) => signature !== "ReentrancyGuardReentrantCall()")).toEqual([]);
});
