import {randomBytes} from "node:crypto";
import {existsSync, readFileSync, rmSync} from "node:fs";
import {join} from "node:path";
import {bigToBytes, bytesToBig, type Hex, utf8} from "../base/bytes.ts";
import {MvmError} from "../base/errors.ts";
import {addressOf} from "../crypto/secp256k1.ts";
import {readKeystore, writeKeystore} from "../store/keystore.ts";
import {parseUuid, type Uuid} from "../types/ids.ts";
import type {ShareStore} from "./hosts/dkg-host.ts";

/** One seat's Mixin user: an SDK keystore and the key that spends. All hex without 0x; secrets. */
export interface SeatUser {
  readonly app_id: Uuid;
  readonly session_id: Uuid;
  readonly server_public_key: string;
  readonly session_private_key: string;
  /** ed25519 seed, 32 bytes hex. */
  readonly spend_private_key: string;
}

/** A validator's secrets, as its processes hold them. */
export interface Keyring {
  readonly consensus: Uint8Array;
  readonly submitter: Uint8Array;
  /** ed25519 seed of the libp2p identity. */
  readonly network: Uint8Array;
  /** BLS scalar that dealings are encrypted to. */
  readonly dealing: Uint8Array;
  readonly seatUsers: readonly SeatUser[];
}

/** Secrets are not what the node needs; `advice` says what to do. */
export class KeyringError extends MvmError<"NO_PASSWORD" | "BAD_SEAT_USER" | "BAD_SHARES", {file: string; advice: string}> {}

const FILES = {
  operator: {file: "operator.json", kind: "secp256k1", description: "operator: holds the stake"},
  consensus: {file: "consensus.json", kind: "secp256k1", description: "consensus: signs proposals and votes"},
  submitter: {file: "submitter.json", kind: "secp256k1", description: "submitter: pays gas for deliveries"},
  network: {file: "network.json", kind: "seed", description: "network: libp2p identity"},
  dealing: {file: "dealing.json", kind: "scalar", description: "dealing: decrypts shares of the group key"},
} as const;
const SEAT_USERS = "mixin.json";
/** Order of the BLS12-381 scalar field. */
const FIELD_ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;

/** Path of a key file of node directory `dir`. */
export function keyFile(dir: string, name: keyof typeof FILES | "mixin"): string {
  return join(dir, "keys", name === "mixin" ? SEAT_USERS : FILES[name].file);
}

/** The password of the key files, from the file that MVM_PASSWORD_FILE names; a last line break does not count. Throws KeyringError. */
export function readPassword(env: NodeJS.ProcessEnv = process.env): string {
  const file = env["MVM_PASSWORD_FILE"];
  const advice = "set MVM_PASSWORD_FILE to a file that holds the password of the key files";
  if (file === undefined || file === "" || !existsSync(file)) throw new KeyringError("NO_PASSWORD", {file: file ?? "", advice});
  const password = readFileSync(file, "utf8").replace(/\r?\n$/, "");
  if (password === "") throw new KeyringError("NO_PASSWORD", {file, advice: "the password file is empty"});
  return password;
}

/**
 * Makes all keys of a validator into encrypted files; none that is there is replaced.
 * @returns addresses of the keys that need funds or registration
 * @throws  KeystoreError EXISTS
 */
export async function createKeyring(
  dir: string,
  password: string,
  seatUsers: readonly SeatUser[],
): Promise<{operator: Hex; consensus: Hex; submitter: Hex}> {
  const addresses = {operator: "0x" as Hex, consensus: "0x" as Hex, submitter: "0x" as Hex};
  for (const name of ["operator", "consensus", "submitter", "network", "dealing"] as const) {
    const secret = name === "dealing" ? randomScalar() : new Uint8Array(randomBytes(32));
    const {kind, description} = FILES[name];
    await writeKeystore(keyFile(dir, name), {kind, secret, password, description});
    if (name !== "network" && name !== "dealing") addresses[name] = addressOf(secret);
    secret.fill(0);
  }
  await writeKeystore(keyFile(dir, "mixin"), {
    kind: "bundle",
    secret: utf8(JSON.stringify(seatUsers)),
    password,
    description: `mixin: ${seatUsers.length} seat users`,
  });
  return addresses;
}

/** Opens the keys that a running node needs; the operator key stays closed. Throws KeystoreError, KeyringError. */
export async function openKeyring(dir: string, password: string): Promise<Keyring> {
  const [consensus, submitter, network, dealing, seatUsers] = await Promise.all([
    openKey(dir, "consensus", password),
    openKey(dir, "submitter", password),
    openKey(dir, "network", password),
    openKey(dir, "dealing", password),
    openSeatUsers(dir, password),
  ]);
  return {consensus, submitter, network, dealing, seatUsers};
}

/** One secret of 32 bytes. Throws KeystoreError. */
export async function openKey(dir: string, name: keyof typeof FILES, password: string): Promise<Uint8Array> {
  return (await readKeystore(keyFile(dir, name), password)).secret;
}

async function openSeatUsers(dir: string, password: string): Promise<SeatUser[]> {
  const file = keyFile(dir, "mixin");
  const {secret} = await readKeystore(file, password);
  return parseSeatUsers(new TextDecoder().decode(secret), file);
}

/** Checks a JSON list of Mixin users, one per seat. Throws KeyringError BAD_SEAT_USER, which never shows a secret. */
export function parseSeatUsers(text: string, file: string): SeatUser[] {
  const bad = (advice: string) => new KeyringError("BAD_SEAT_USER", {file, advice});
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw bad("want a JSON list of Mixin users");
  }
  if (!Array.isArray(raw) || raw.length < 1 || raw.length > 64) throw bad("want a list of 1 to 64 Mixin users");
  return raw.map((item: unknown, i) => {
    const user = (typeof item === "object" && item !== null ? item : {}) as Record<string, unknown>;
    const hex = (name: string) => {
      const value = user[name];
      if (typeof value !== "string" || !/^[0-9a-f]{64}$/i.test(value)) throw bad(`user ${i}: ${name} wants 64 hex digits`);
      return value.toLowerCase();
    };
    const id = (name: string) => {
      const value = user[name];
      if (typeof value !== "string") throw bad(`user ${i}: ${name} wants a UUID`);
      return parseUuid(value, `${name} of user ${i}`);
    };
    return {
      app_id: id("app_id"),
      session_id: id("session_id"),
      server_public_key: hex("server_public_key"),
      session_private_key: hex("session_private_key"),
      spend_private_key: hex("spend_private_key"),
    };
  });
}

/** Uniform in 1 … r - 1: 48 random bytes leave no bias that matters. */
function randomScalar(): Uint8Array {
  return bigToBytes((bytesToBig(new Uint8Array(randomBytes(48))) % (FIELD_ORDER - 1n)) + 1n, 32);
}

/** The shares of one DKG session, and the seed of the own dealing, kept in key files of their own. */
export class ShareFiles implements ShareStore {
  readonly #dir: string;
  readonly #password: string;

  constructor(dir: string, password: string) {
    this.#dir = join(dir, "keys");
    this.#password = password;
  }

  /** The seed from which the own dealing of session `sid` is made: the same after a restart. */
  async dealerSeed(sid: Hex): Promise<Uint8Array> {
    const file = join(this.#dir, `dealer-${sid.slice(2, 18)}.json`);
    if (existsSync(file)) return (await readKeystore(file, this.#password)).secret;
    const secret = new Uint8Array(randomBytes(32));
    await writeKeystore(file, {kind: "seed", secret, password: this.#password, description: `dealer seed of session ${sid}`});
    return secret;
  }

  /** Erases the seed: the dealings are decided. */
  forgetDealerSeed(sid: Hex): void {
    rmSync(join(this.#dir, `dealer-${sid.slice(2, 18)}.json`), {force: true});
  }

  /** Seat → 32-byte share; null where none are stored for this session. Throws KeyringError BAD_SHARES. */
  async readShares(sid: Hex): Promise<Map<number, Uint8Array> | null> {
    const file = this.#sharesFile(sid);
    if (!existsSync(file)) return null;
    const {secret} = await readKeystore(file, this.#password);
    if (secret.length % 34 !== 0)
      throw new KeyringError("BAD_SHARES", {file, advice: "remove the file: shares are derived from the chain again"});
    const shares = new Map<number, Uint8Array>();
    for (let at = 0; at < secret.length; at += 34)
      shares.set(((secret[at] as number) << 8) | (secret[at + 1] as number), secret.slice(at + 2, at + 34));
    secret.fill(0);
    return shares;
  }

  async writeShares(sid: Hex, shares: ReadonlyMap<number, Uint8Array>): Promise<void> {
    const secret = new Uint8Array(34 * shares.size);
    let at = 0;
    for (const [seat, share] of shares) {
      secret.set([seat >> 8, seat & 0xff], at);
      secret.set(share, at + 2);
      at += 34;
    }
    const description = `shares of session ${sid}`;
    await writeKeystore(this.#sharesFile(sid), {kind: "bundle", secret, password: this.#password, description, overwrite: true});
    secret.fill(0);
  }

  #sharesFile(sid: Hex): string {
    return join(this.#dir, `shares-${sid.slice(2, 18)}.json`);
  }
}
