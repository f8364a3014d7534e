import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {afterEach, beforeEach, describe, expect, test} from "vitest";
import {bytesOf} from "../../test/support/dkg.ts";
import {type Hex, toHex} from "../base/bytes.ts";
import {blsPublicKey} from "../crypto/bls.ts";
import {readKeystore, writeKeystore} from "../store/keystore.ts";
import {DealingKeyFiles, ShareFiles} from "./dkg-files.ts";
import {createKeyring, keyFile} from "./keyring.ts";

const PASSWORD = "correct horse";
const [first, second, third] = ["11", "22", "33"].map((byte): Hex => `0x${byte.repeat(32)}`) as [Hex, Hex, Hex];

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "mvm-dkg-files-"));
});
afterEach(() => {
  rmSync(dir, {recursive: true});
});
const keys = () => readdirSync(join(dir, "keys")).sort();
const path = (name: string) => join(dir, "keys", name);

describe("shares and seeds", () => {
  const shares = new Map([
    [3, bytesOf("share 3")],
    [300, bytesOf("share 300")],
  ]);

  test("come back as they were, from files that only their owner reads", async () => {
    const files = new ShareFiles(dir, PASSWORD);
    const seed = await files.dealerSeed(first);
    await files.writeShares(first, shares);
    const again = new ShareFiles(dir, PASSWORD);
    expect(await again.dealerSeed(first)).toEqual(seed);
    expect(await again.readShares(first)).toEqual(shares);
    expect(await again.readShares(second)).toBeNull();
    for (const name of keys()) {
      expect(statSync(path(name)).mode & 0o777).toBe(0o600);
      expect(JSON.parse(readFileSync(path(name), "utf8"))).toMatchObject({version: 4, crypto: {cipher: {function: "aes-128-ctr"}}});
    }
    expect(statSync(join(dir, "keys")).mode & 0o777).toBe(0o700);
  });

  test("nothing is written for a validator without a share", async () => {
    const files = new ShareFiles(dir, PASSWORD);
    await files.writeShares(first, new Map());
    expect(await files.readShares(first)).toBeNull();
  });

  test("of other sessions are gone from the disk, with what a killed process left", async () => {
    const files = new ShareFiles(dir, PASSWORD);
    for (const sid of [first, second, third]) {
      await files.dealerSeed(sid);
      await files.writeShares(sid, shares);
    }
    writeFileSync(path("shares-1111111111111111.json.tmp-4711"), "half of a file");
    writeFileSync(path("unknown.json"), "{}");
    files.eraseAllBut([second, third]);
    files.forgetDealerSeed(third);
    expect(keys()).toEqual([
      "dealer-2222222222222222.json",
      "shares-2222222222222222.json",
      "shares-3333333333333333.json",
      "unknown.json",
    ]);
    expect(await files.readShares(second)).toEqual(shares);
    files.eraseAllBut([]);
    expect(keys()).toEqual(["unknown.json"]);
  });

  test("are not read with another password, nor from a damaged file, and the file stays as it is", async () => {
    const files = new ShareFiles(dir, PASSWORD);
    await files.writeShares(first, shares);
    const file = path("shares-1111111111111111.json");
    const whole = readFileSync(file, "utf8");
    await expect(new ShareFiles(dir, "wrong").readShares(first)).rejects.toThrow(expect.objectContaining({code: "WRONG_PASSWORD"}));
    expect(readFileSync(file, "utf8")).toBe(whole);
    const message = (JSON.parse(whole) as {crypto: {cipher: {message: string}}}).crypto.cipher.message;
    const damaged = [
      {text: whole.slice(0, 200), code: "MALFORMED"},
      {text: "", code: "MALFORMED"},
      {
        text: whole.replace(
          message,
          message.replace(/^./, (c) => (c === "0" ? "1" : "0")),
        ),
        code: "WRONG_PASSWORD",
      },
    ];
    for (const {text, code} of damaged) {
      writeFileSync(file, text);
      await expect(files.readShares(first)).rejects.toThrow(expect.objectContaining({name: "KeystoreError", code}));
      expect(readFileSync(file, "utf8")).toBe(text);
    }
    const odd = {kind: "bundle", secret: new Uint8Array(35).fill(1), password: PASSWORD, description: "odd", overwrite: true} as const;
    await writeKeystore(file, odd);
    await expect(files.readShares(first)).rejects.toThrow(expect.objectContaining({name: "DkgFileError", code: "BAD_SHARES"}));
  });
});

describe("dealing keys", () => {
  test("are made once for each epoch and found by what the chain names", async () => {
    await createKeyring(dir, PASSWORD, []);
    const deposit = blsPublicKey(await openDealing());
    const files = new DealingKeyFiles(dir, PASSWORD);
    const made = await files.forEpoch(4);
    expect(await files.forEpoch(4)).toEqual(made);
    expect(await files.forEpoch(5)).not.toEqual(made);
    expect(await files.secretOf(blsPublicKey(made))).toEqual(made);
    expect(await files.secretOf(deposit)).toEqual(await openDealing());
    expect(await files.secretOf(blsPublicKey(bytesOf("foreign")))).toBeNull();
    expect(await new DealingKeyFiles(join(dir, "nowhere"), PASSWORD).secretOf(deposit)).toBeNull();
    expect(readFileSync(path("dealing-4.json"), "utf8")).toContain(toHex(blsPublicKey(made)).slice(2));
  });

  test("that have served are gone, those to come and those in force are not", async () => {
    await createKeyring(dir, PASSWORD, []);
    const files = new DealingKeyFiles(dir, PASSWORD);
    const [four, five] = [await files.forEpoch(4), await files.forEpoch(5)];
    await files.forEpoch(6);
    writeFileSync(path("dealing-3.json"), "damaged");
    files.eraseAllBut([blsPublicKey(five)], 6);
    expect(existsSync(keyFile(dir, "dealing"))).toBe(false);
    expect(keys().filter((name) => name.startsWith("dealing"))).toEqual(["dealing-3.json", "dealing-5.json", "dealing-6.json"]);
    rmSync(path("dealing-3.json"));
    expect(await files.secretOf(blsPublicKey(four))).toBeNull();
    expect(await files.secretOf(blsPublicKey(five))).toEqual(five);
  });
});

async function openDealing(): Promise<Uint8Array> {
  return (await readKeystore(keyFile(dir, "dealing"), PASSWORD)).secret;
}
