import {Interface, type InterfaceAbi} from "ethers";
import {expect, test} from "vitest";
import {artifactOf, compileContracts} from "../../scripts/compile.ts";
import {MIXIN_ACCOUNTS_ABI, MIXIN_ASSET_ABI} from "../../src/types/accounts-abi.ts";
import {MIXIN_APP_ABI, MIXIN_GROUP_ABI, STAKING_ABI} from "../../src/types/contract-abi.ts";

const compiled = (name: string) => new Interface(artifactOf(compileContracts(), name).abi as InterfaceAbi).format().sort();

test.for<[string, readonly string[]]>([
  ["MixinGroup", MIXIN_GROUP_ABI],
  ["Staking", STAKING_ABI],
  ["MixinAccounts", MIXIN_ACCOUNTS_ABI],
  ["MixinAsset", MIXIN_ASSET_ABI],
])("the interface of %s is what the compiler says", ([name, own]) => {
  expect(own).toEqual(compiled(name));
});

test("an app has what MixinApp is said to have", () => {
  expect(compiled("Echo")).toEqual(expect.arrayContaining([...MIXIN_APP_ABI]));
});
