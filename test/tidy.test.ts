import {readdirSync, readFileSync} from "node:fs";
import {join, relative} from "node:path";
import {describe, expect, test} from "vitest";

interface Layer {
  /** Folders of src/ that this one may import besides itself. */
  readonly folders: readonly string[];
  /** Packages that it may import, by name. */
  readonly packages: readonly string[];
  readonly pure?: true;
}

const NODE = "node:";
const nouns = ["base", "types", "crypto"];
const LAYERS: Record<string, Layer> = {
  base: {folders: [], packages: ["@noble/hashes"], pure: true},
  types: {folders: ["base"], packages: [], pure: true},
  crypto: {
    folders: ["base", "types"],
    packages: ["@chainsafe/bls", "@chainsafe/blst", "@noble/curves", "@noble/hashes", "secp256k1"],
    pure: true,
  },
  consensus: {folders: nouns, packages: [], pure: true},
  dkg: {folders: nouns, packages: ["@noble/curves", "@noble/hashes"], pure: true},
  staking: {folders: nouns, packages: [], pure: true},
  mvm: {folders: [...nouns, "dkg", "staking"], packages: [], pure: true},
  ports: {folders: ["base", "types"], packages: []},
  store: {folders: [...nouns, "ports"], packages: [NODE, "level", "@noble/curves"]},
  p2p: {
    folders: [...nouns, "ports"],
    packages: [
      NODE,
      "libp2p",
      "@libp2p",
      "@chainsafe/libp2p-gossipsub",
      "@chainsafe/libp2p-noise",
      "@chainsafe/libp2p-yamux",
      "@multiformats/multiaddr",
      "@noble/hashes",
    ],
  },
  chain: {folders: [...nouns, "ports"], packages: [NODE, "ethers"]},
  mixin: {folders: [...nouns, "ports"], packages: [NODE, "@mixin.dev/mixin-node-sdk", "@noble/hashes", "@noble/curves"]},
  node: {
    folders: [...nouns, "consensus", "dkg", "staking", "mvm", "ports", "store", "p2p", "chain", "mixin"],
    packages: [NODE, "pino", "prom-client", "zod", "secp256k1"],
  },
  cli: {
    folders: [...nouns, "consensus", "dkg", "staking", "mvm", "ports", "store", "p2p", "chain", "mixin", "node", "sdk"],
    packages: [NODE, "commander", "zod", "@clack/prompts", "esbuild"],
  },
  explorer: {folders: ["sdk"], packages: []},
  sdk: {folders: ["base", "types"], packages: ["@noble/curves", "@noble/hashes"]},
};

const IMPURE =
  /\b(Date\.now|new Date\(|Math\.random|setTimeout|setInterval|queueMicrotask|process\.(?:env|argv|hrtime|nextTick|exit|on)|console\.|fetch\(|await |async |Promise\b)/;
const LINES_MAX = 300;
const files = readdirSync("src", {recursive: true, encoding: "utf8"}).filter((f) => f.includes("/") && f.endsWith(".ts"));
const sources = files.filter((f) => !f.endsWith(".test.ts"));
const textOf = (file: string) => readFileSync(join("src", file), "utf8");
const codeOf = (file: string) => textOf(file).replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$|\s\/\/ .*$/gm, "");
const importsOf = (file: string) =>
  [...codeOf(file).matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)"([^"]+)"/g)].map((m) => m[1] as string);

describe("layering", () => {
  test.for(sources)("src/%s imports only what its layer may", (file) => {
    const folder = file.split("/")[0] as string;
    const layer = LAYERS[folder];
    expect(layer, `add ${folder} to LAYERS`).toBeDefined();
    for (const from of importsOf(file)) {
      if (from.startsWith(".")) {
        const other = relative("src", join("src", file, "..", from)).split("/")[0] as string;
        expect([folder, ...(layer?.folders ?? [])], `${file} imports ${from}`).toContain(other);
      } else {
        const fits = (layer?.packages ?? []).some((p) => from === p || from.startsWith(p === NODE ? NODE : `${p}/`));
        expect(fits, `${file} imports ${from}`).toBe(true);
      }
    }
    if (layer?.pure) expect(codeOf(file), "a pure folder").not.toMatch(IMPURE);
  });

  test("no file is the home of several ideas", () => {
    const long = sources.map((file) => [file, textOf(file).split("\n").length] as const).filter(([, lines]) => lines > LINES_MAX);
    expect(long).toEqual([]);
  });

  test("the big packages appear in one folder each", () => {
    const homes = (name: RegExp) => [...new Set(sources.filter((f) => importsOf(f).some((i) => name.test(i))).map((f) => f.split("/")[0]))];
    expect(homes(/^ethers/)).toEqual(["chain"]);
    expect(homes(/^level/)).toEqual(["store"]);
    expect(homes(/^libp2p/)).toEqual(["p2p"]);
    expect(homes(/mixin-node-sdk/)).toEqual(["mixin"]);
  });
});
