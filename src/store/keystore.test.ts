import {mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {Wallet} from "ethers";
import {afterEach, beforeEach, describe, expect, test} from "vitest";
import {KeystoreError} from "./errors.ts";
import {passwordBytes, readKeystore, readKeystoreFile, writeKeystore} from "./keystore.ts";

let dir = "";
let file = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "mvm-keys-"));
  file = join(dir, "keys", "key.json");
});
afterEach(() => rmSync(dir, {recursive: true, force: true}));

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const secret = Uint8Array.from({length: 32}, (_, i) => i + 1);
const codeOf = (run: Promise<unknown>) =>
  run.then(
    () => "none",
    (error: unknown) => (error instanceof KeystoreError ? error.code : String(error)),
  );
function given(value: unknown): string {
  const path = join(dir, "given.json");
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
  return path;
}

// EIP-2335, "Test Cases"
const EIP_PASSWORD = "𝔱𝔢𝔰𝔱𝔭𝔞𝔰𝔰𝔴𝔬𝔯𝔡🔑";
const EIP_SECRET = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";
const salt = "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3";
const eip2335 = (kdf: object, checksum: string, message: string) => ({
  crypto: {
    kdf: {...kdf, message: ""},
    checksum: {function: "sha256", params: {}, message: checksum},
    cipher: {function: "aes-128-ctr", params: {iv: "264daa3f303d7259501c93d997d84fe6"}, message},
  },
  description: "This is a test keystore.",
  pubkey: "9612d7a727c9d0a22e185a1c768478dfe919cada9266988cb32359c11f2b7b27f4ae4040902382ae2910c15e2b420d07",
  path: "m/12381/60/0/0",
  uuid: "64625def-3331-4eea-ab6f-782f3ed16a83",
  version: 4,
});
const pbkdf2Vector = eip2335(
  {function: "pbkdf2", params: {dklen: 32, c: 262_144, prf: "hmac-sha256", salt}},
  "8a9f5d9912ed7e75ea794bc5a89bca5f193721d30868ade6f73043c6ea6febf1",
  "cee03fde2af33149775b7223e7845e4fb2c8ae1792e5f99fe9ecf474cc8c16ad",
);
const scryptVector = eip2335(
  {function: "scrypt", params: {dklen: 32, n: 262_144, p: 1, r: 8, salt}},
  "d2217fe5f3e9a1e34581ef8a78f7c9928e436d36dacc5e846690a5581e8ea484",
  "06ae90d55fe0a6e9c5c3bc5b170827b2e5cce3929ed3f116c2811e6366dfe20f",
);
// Web3 Secret Storage Definition, "Test Vectors"
const web3Vector = {
  crypto: {
    cipher: "aes-128-ctr",
    cipherparams: {iv: "6087dab2f9fdbbfaddc31a909735c1e6"},
    ciphertext: "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
    kdf: "pbkdf2",
    kdfparams: {c: 262_144, dklen: 32, prf: "hmac-sha256", salt: "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
    mac: "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
  },
  id: "3198bc9c-6672-5ab3-d995-4942343ae5b6",
  version: 3,
};

describe("vectors of the standards", () => {
  test("EIP-2335, pbkdf2 and scrypt", async () => {
    for (const vector of [pbkdf2Vector, scryptVector]) {
      const opened = await readKeystore(given(vector), EIP_PASSWORD);
      expect(hex(opened.secret)).toBe(EIP_SECRET);
      expect(opened).toMatchObject({version: 4, path: "m/12381/60/0/0", pubkey: vector.pubkey, description: "This is a test keystore."});
    }
  });
  test("EIP-2335 passwords: NFKD, and control codes count for nothing", async () => {
    expect(hex(passwordBytes(EIP_PASSWORD, 4))).toBe("7465737470617373776f7264f09f9491");
    expect(hex((await readKeystore(given(pbkdf2Vector), "test\u007fpass\u0000word\u0085\n🔑")).secret)).toBe(EIP_SECRET);
    expect(hex(passwordBytes("a\nb", 3))).toBe("610a62");
  });
  test("Web3 Secret Storage", async () => {
    const opened = await readKeystore(given(web3Vector), "testpassword");
    expect(hex(opened.secret)).toBe("7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d");
  });
});

describe("writing", () => {
  test("every kind comes back, under its standard's version", async () => {
    const bundle = Uint8Array.from({length: 65_536}, (_, i) => i % 251);
    for (const [kind, bytes, version] of [
      ["secp256k1", secret, 3],
      ["scalar", secret, 4],
      ["seed", secret, 4],
      ["bundle", bundle, 4],
    ] as const) {
      const path = join(dir, "keys", `${kind}.json`);
      const before = new Uint8Array(bytes);
      await writeKeystore(path, {kind, secret: bytes, password: "pass", description: `a ${kind}`, pubkey: Uint8Array.of(1, 2)});
      expect(bytes).toEqual(before);
      expect(await readKeystore(path, "pass")).toEqual({secret: bytes, version, description: `a ${kind}`, path: "", pubkey: "0102"});
      expect(readKeystoreFile(path)).toMatchObject({version, description: `a ${kind}`});
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
    expect(statSync(join(dir, "keys")).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(dir, "keys")).sort()).toEqual(["bundle.json", "scalar.json", "secp256k1.json", "seed.json"]);
  });

  test("a secp256k1 key opens in other tools", async () => {
    const address = new Wallet(`0x${hex(secret)}`).address;
    await writeKeystore(file, {
      kind: "secp256k1",
      secret,
      password: "pass",
      description: "operator",
      pubkey: Buffer.from(address.slice(2), "hex"),
    });
    const wallet = await Wallet.fromEncryptedJson(readFileSync(file, "utf8"), "pass");
    expect(wallet.address).toBe(address);
  });

  test("an existing file is replaced only where that is asked for", async () => {
    const options = {kind: "seed", secret, password: "pass", description: "network"} as const;
    await writeKeystore(file, options);
    const first = readFileSync(file, "utf8");
    expect(await codeOf(writeKeystore(file, options))).toBe("EXISTS");
    expect(readFileSync(file, "utf8")).toBe(first);
    await writeKeystore(file, {...options, secret: secret.toReversed(), overwrite: true});
    expect((await readKeystore(file, "pass")).secret).toEqual(secret.toReversed());
    expect(readdirSync(join(dir, "keys"))).toEqual(["key.json"]);
  });

  test("a secret of the wrong size, and a directory that cannot be written", async () => {
    const options = {password: "pass", description: ""};
    expect(await codeOf(writeKeystore(file, {...options, kind: "scalar", secret: new Uint8Array(31)}))).toBe("BAD_SECRET");
    expect(await codeOf(writeKeystore(file, {...options, kind: "bundle", secret: new Uint8Array(65_537)}))).toBe("BAD_SECRET");
    expect(await codeOf(writeKeystore(file, {...options, kind: "bundle", secret: new Uint8Array(0)}))).toBe("BAD_SECRET");
    writeFileSync(join(dir, "file"), "");
    expect(await codeOf(writeKeystore(join(dir, "file", "key.json"), {...options, kind: "seed", secret}))).toBe("FAILED");
  });

  test("two writings of one secret share nothing that a reader could compare", async () => {
    const other = join(dir, "keys", "other.json");
    for (const path of [file, other]) await writeKeystore(path, {kind: "seed", secret, password: "pass", description: ""});
    const [a, b] = [readKeystoreFile(file), readKeystoreFile(other)];
    expect(a.sealed.ciphertext).not.toEqual(b.sealed.ciphertext);
    expect(a.sealed.kdf.salt).not.toEqual(b.sealed.kdf.salt);
    expect(a.uuid).not.toBe(b.uuid);
  });
});

describe("bad files", () => {
  test("another password, changed ciphertext", async () => {
    expect(await codeOf(readKeystore(given(pbkdf2Vector), "testpassword"))).toBe("WRONG_PASSWORD");
    expect(await codeOf(readKeystore(given(web3Vector), "testpassword "))).toBe("WRONG_PASSWORD");
    const changed = structuredClone(pbkdf2Vector);
    changed.crypto.cipher.message = changed.crypto.cipher.message.replace("cee0", "cee1");
    expect(await codeOf(readKeystore(given(changed), EIP_PASSWORD))).toBe("WRONG_PASSWORD");
  });

  test("a file that is missing, a directory, or cut at any byte", async () => {
    expect(await codeOf(readKeystore(join(dir, "none.json"), ""))).toBe("NOT_FOUND");
    expect(await codeOf(readKeystore(dir, ""))).toBe("FAILED");
    const text = JSON.stringify(pbkdf2Vector);
    for (let size = 0; size < text.length; size++)
      expect(await codeOf(readKeystore(given(text.slice(0, size)), EIP_PASSWORD))).toBe("MALFORMED");
    expect(await codeOf(readKeystore(given(`"${"x".repeat(300_000)}"`), ""))).toBe("MALFORMED");
  });

  test("any field that is missing, of another type or out of range is refused by name", async () => {
    const paths = [
      "version",
      "uuid",
      "crypto",
      "crypto.kdf",
      "crypto.kdf.function",
      "crypto.kdf.params",
      "crypto.kdf.params.dklen",
      "crypto.kdf.params.c",
      "crypto.kdf.params.prf",
      "crypto.kdf.params.salt",
      "crypto.checksum",
      "crypto.checksum.function",
      "crypto.checksum.message",
      "crypto.cipher",
      "crypto.cipher.function",
      "crypto.cipher.params",
      "crypto.cipher.params.iv",
      "crypto.cipher.message",
    ];
    for (const path of paths) {
      for (const bad of [undefined, null, [], {}, "zz", "00", -1, 1e300, true]) {
        const changed = structuredClone(pbkdf2Vector) as Record<string, unknown>;
        const names = path.split(".");
        const last = names.pop() as string;
        const owner = names.reduce((at, name) => at[name] as Record<string, unknown>, changed);
        owner[last] = bad;
        const code = await codeOf(readKeystore(given(changed), EIP_PASSWORD));
        expect(
          ["MALFORMED", "UNSUPPORTED", ...(path.endsWith("message") && bad === "00" ? ["WRONG_PASSWORD"] : [])],
          `${path} = ${JSON.stringify(bad)}`,
        ).toContain(code);
      }
    }
    const greedy = structuredClone(scryptVector) as unknown as {crypto: {kdf: {params: {n: number}}}};
    greedy.crypto.kdf.params.n = 2 ** 24;
    expect(await codeOf(readKeystore(given(greedy), EIP_PASSWORD))).toBe("UNSUPPORTED");
  });

  test("what an error says holds no secret", async () => {
    await writeKeystore(file, {kind: "seed", secret, password: "correct horse", description: ""});
    const error = (await readKeystore(file, "battery staple").catch((e: unknown) => e)) as Error;
    for (const text of ["correct", "battery", hex(secret)]) expect(JSON.stringify({...error, message: error.message})).not.toContain(text);
  });
});
