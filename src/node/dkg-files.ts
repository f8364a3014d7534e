import {randomBytes} from "node:crypto";
import {existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync} from "node:fs";
import {basename, join} from "node:path";
import {bigToBytes, bytesToBig, equalBytes, type Hex, toHex} from "../base/bytes.ts";
import {MvmError} from "../base/errors.ts";
import {blsPublicKey} from "../crypto/bls.ts";
import {ORDER} from "../crypto/scalar.ts";
import {KeystoreError} from "../store/errors.ts";
import {readKeystore, readKeystoreFile, writeKeystore} from "../store/keystore.ts";
import type {ShareStore} from "./hosts/dkg-host.ts";

/**
 * The secrets of the DKG, each in an EIP-2335 file under keys/: shares and the dealer's seed by session, dealing keys by
 * epoch. All of them are erased when they have served: whoever finds t shares of any past epoch owns the group key, and
 * whoever finds a dealing key opens what the chain keeps for it.
 */

export class DkgFileError extends MvmError<"BAD_SHARES", {file: string; advice: string}> {}

/** Uniform in 1 … order - 1, 32 bytes: 48 random bytes leave no bias that matters. */
export function randomScalar(): Uint8Array {
  return bigToBytes((bytesToBig(new Uint8Array(randomBytes(48))) % (ORDER - 1n)) + 1n, 32);
}

const SESSION_FILE = /^(?:dealer|shares)-([0-9a-f]{16})\.json$/;
const KEY_FILE = /^dealing(?:-([0-9]{1,15}))?\.json$/;
/** What a process that was killed while it wrote has left. */
const TEMPORARY = /^(?:dealer|shares|dealing)(?:-[0-9a-f]+)?\.json\.tmp-[0-9]+$/;

/** The shares of DKG sessions, and the seeds of the own dealings. */
export class ShareFiles implements ShareStore {
  readonly #dir: string;
  readonly #password: string;

  constructor(dir: string, password: string) {
    this.#dir = join(dir, "keys");
    this.#password = password;
  }

  /** The seed from which the own dealings of session `sid` are made: the same after a restart. Throws KeystoreError. */
  async dealerSeed(sid: Hex): Promise<Uint8Array> {
    const file = this.#file("dealer", sid);
    if (existsSync(file)) return (await readKeystore(file, this.#password)).secret;
    const secret = new Uint8Array(randomBytes(32));
    await writeKeystore(file, {kind: "seed", secret, password: this.#password, description: `dealer seed of session ${sid}`});
    return secret;
  }

  /** Erases the seed: the dealings are decided. */
  forgetDealerSeed(sid: Hex): void {
    erase(this.#file("dealer", sid));
  }

  /** Seat → 32-byte share; null where none are stored for this session. Throws KeystoreError, DkgFileError BAD_SHARES. */
  async readShares(sid: Hex): Promise<Map<number, Uint8Array> | null> {
    const file = this.#file("shares", sid);
    if (!existsSync(file)) return null;
    const {secret} = await readKeystore(file, this.#password);
    if (secret.length % 34 !== 0)
      throw new DkgFileError("BAD_SHARES", {file, advice: "remove the file: shares are derived from the chain again"});
    const shares = new Map<number, Uint8Array>();
    for (let at = 0; at < secret.length; at += 34)
      shares.set(((secret[at] as number) << 8) | (secret[at + 1] as number), secret.slice(at + 2, at + 34));
    secret.fill(0);
    return shares;
  }

  /** Nothing is written for a validator that has got no share. */
  async writeShares(sid: Hex, shares: ReadonlyMap<number, Uint8Array>): Promise<void> {
    if (shares.size === 0) return;
    const secret = new Uint8Array(34 * shares.size);
    let at = 0;
    for (const [seat, share] of shares) {
      secret.set([seat >> 8, seat & 0xff], at);
      secret.set(share, at + 2);
      at += 34;
    }
    const description = `shares of session ${sid}`;
    await writeKeystore(this.#file("shares", sid), {kind: "bundle", secret, password: this.#password, description, overwrite: true});
    secret.fill(0);
  }

  /**
   * Erases shares and seeds of all sessions but these: those of the keys that are in force and of the session under way.
   * Protocol, "DKG": those of epoch e go when e + 1 has been active for 100 heights and all blocks of e have certificates.
   */
  eraseAllBut(sids: readonly Hex[]): void {
    const kept = new Set(sids.map((sid) => sid.slice(2, 18)));
    eraseFiles(this.#dir, (name) => {
      const session = SESSION_FILE.exec(name)?.[1];
      return session !== undefined && !kept.has(session);
    });
  }

  #file(kind: "dealer" | "shares", sid: Hex): string {
    return join(this.#dir, `${kind}-${sid.slice(2, 18)}.json`);
  }
}

/** The keys that dealings are encrypted to: dealing.json, given with the deposit, and one for each later epoch. */
export class DealingKeyFiles {
  readonly #dir: string;
  readonly #password: string;

  constructor(dir: string, password: string) {
    this.#dir = join(dir, "keys");
    this.#password = password;
  }

  /** Secret (32 bytes) of the key to be registered for `epoch`: made by the first call, the same afterwards. Throws KeystoreError. */
  async forEpoch(epoch: number): Promise<Uint8Array> {
    const file = join(this.#dir, `dealing-${epoch}.json`);
    if (existsSync(file)) return (await readKeystore(file, this.#password)).secret;
    const secret = randomScalar();
    const description = `dealing: decrypts shares of the group key in epoch ${epoch}`;
    await writeKeystore(file, {kind: "scalar", secret, password: this.#password, pubkey: blsPublicKey(secret), description});
    return secret;
  }

  /** Secret (32 bytes) of the key that a seat table names (48 bytes); null where it is not here, or not any more. Throws KeystoreError. */
  async secretOf(encKey: Uint8Array): Promise<Uint8Array | null> {
    for (const file of this.#files()) {
      const named = readKeystoreFile(file).pubkey;
      if (named !== "" && named !== toHex(encKey).slice(2)) continue;
      const {secret} = await readKeystore(file, this.#password);
      if (equalBytes(blsPublicKey(secret), encKey)) return secret;
    }
    return null;
  }

  /**
   * Erases all dealing keys but these (48 bytes each: those of the seat tables in force and to come) and those of epochs from
   * `fromEpoch` on, which the chain may not know yet. With no key of the own left in a table, the last one registered has to be
   * among them: it serves again.
   */
  eraseAllBut(encKeys: readonly Uint8Array[], fromEpoch: number): void {
    const kept = new Set(encKeys.map((key) => toHex(key).slice(2)));
    eraseFiles(this.#dir, (name) => {
      const match = KEY_FILE.exec(name);
      if (match === null || (match[1] !== undefined && Number(match[1]) >= fromEpoch)) return false;
      const key = namedKey(join(this.#dir, name));
      return key !== null && !kept.has(key); // one without a name may be any of them
    });
  }

  #files(): string[] {
    if (!existsSync(this.#dir)) return [];
    return readdirSync(this.#dir).flatMap((name) => (KEY_FILE.test(name) ? [join(this.#dir, name)] : []));
  }
}

function eraseFiles(dir: string, isDue: (name: string) => boolean): void {
  if (!existsSync(dir)) return;
  for (const name of readdirSync(dir)) if (TEMPORARY.test(name) || isDue(name)) erase(join(dir, name));
}

/**
 * Zeros over it first: what the disk keeps of it is out of reach from here, what it holds is encrypted. Under another name, so
 * that a process that is killed meanwhile leaves no damaged key file.
 */
function erase(file: string): void {
  if (!existsSync(file)) return;
  const gone = TEMPORARY.test(basename(file)) ? file : `${file}.tmp-0`;
  renameSync(file, gone);
  writeFileSync(gone, Buffer.alloc(statSync(gone).size), {flag: "r+", flush: true});
  rmSync(gone, {force: true});
}

/** Public key that a key file names; null where the file says nothing or cannot be read. */
function namedKey(file: string): string | null {
  try {
    return readKeystoreFile(file).pubkey || null;
  } catch (error) {
    if (error instanceof KeystoreError) return null;
    throw error;
  }
}
