import {Interface, type InterfaceAbi} from "ethers";
import {describe, expect, test} from "vitest";
import {artifactOf, compileContracts} from "../../scripts/compile.ts";
import {GROUP_ABI, STAKING_ABI} from "../../src/chain/abi.ts";

const full = (abi: InterfaceAbi) => new Interface(abi).fragments.map((fragment) => fragment.format("full"));

describe.for<[string, readonly string[]]>([
  ["MixinGroup", GROUP_ABI],
  ["Staking", STAKING_ABI],
])("%s", ([name, own]) => {
  const compiled = full(artifactOf(compileContracts(), name).abi as InterfaceAbi);

  test("what is used is what the contract has, name by name", () => {
    for (const fragment of full(own)) expect(compiled).toContain(fragment);
  });
  test("every error and every event of the contract is known", () => {
    for (const fragment of compiled.filter((text) => /^(error|event) /.test(text))) expect(full(own)).toContain(fragment);
  });
});
