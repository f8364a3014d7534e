import {randomBytes} from "node:crypto";
import {existsSync, readFileSync} from "node:fs";
import {join} from "node:path";
import {type Hex, utf8} from "../base/bytes.ts";
import {MvmError} from "../base/errors.ts";
import {blsPublicKey} from "../crypto/bls.ts";
import {addressOf} from "../crypto/secp256k1.ts";
import {readKeystore, writeKeystore} from "../store/keystore.ts";
import {parseUuid, type Uuid} from "../types/ids.ts";
import {randomScalar} from "./dkg-files.ts";

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
  /** BLS scalar that dealings are encrypted to: the dealing key of the deposit. */
  readonly dealing: Uint8Array;
  readonly seatUsers: readonly SeatUser[];
}

/** Secrets are not what the node needs; `advice` says what to do. */
export class KeyringError extends MvmError<"NO_PASSWORD" | "BAD_SEAT_USER", {file: string; advice: string}> {}

const FILES = {
  operator: {file: "operator.json", kind: "secp256k1", description: "operator: holds the stake"},
  consensus: {file: "consensus.json", kind: "secp256k1", description: "consensus: signs proposals and votes"},
  submitter: {file: "submitter.json", kind: "secp256k1", description: "submitter: pays gas for deliveries"},
  network: {file: "network.json", kind: "seed", description: "network: libp2p identity"},
  dealing: {file: "dealing.json", kind: "scalar", description: "dealing: decrypts shares of the group key"},
} as const;
const SEAT_USERS = "mixin.json";

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
    const pubkey = name === "dealing" ? {pubkey: blsPublicKey(secret)} : {};
    await writeKeystore(keyFile(dir, name), {kind, secret, password, description, ...pubkey});
    if (name !== "network" && name !== "dealing") addresses[name] = addressOf(secret);
    secret.fill(0);
  }
  await writeSeatUsers(dir, password, seatUsers, false);
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

/** More Mixin users for the node, behind those that it has; one that it has already stays once. Throws KeystoreError, KeyringError. */
export async function addSeatUsers(dir: string, password: string, more: readonly SeatUser[]): Promise<void> {
  const known = await openSeatUsers(dir, password);
  const fresh = more.filter((user) => !known.some(({app_id}) => app_id === user.app_id));
  if (fresh.length > 0) await writeSeatUsers(dir, password, [...known, ...fresh], true);
}

async function writeSeatUsers(dir: string, password: string, users: readonly SeatUser[], overwrite: boolean): Promise<void> {
  const secret = utf8(JSON.stringify(users));
  await writeKeystore(keyFile(dir, "mixin"), {
    kind: "bundle",
    secret,
    password,
    description: `mixin: ${users.length} seat users`,
    overwrite,
  });
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
