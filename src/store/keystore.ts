import {createCipheriv, createDecipheriv, createHash, pbkdf2, randomBytes, randomUUID, scrypt, timingSafeEqual} from "node:crypto";
import {mkdirSync, readFileSync, statSync} from "node:fs";
import {dirname} from "node:path";
import {promisify} from "node:util";
import {keccak256} from "../base/hash.ts";
import {KeystoreError} from "./errors.ts";
import {replaceFile} from "./files.ts";
import {decodeKeystore, encodeKeystore, type Kdf, type KeystoreFile, SECRET_BYTES_MAX} from "./keystore-format.ts";

/**
 * secp256k1: 32 bytes, Web3 Secret Storage version 3. scalar (a BLS scalar, big-endian) and seed (ed25519): 32 bytes, EIP-2335.
 * bundle: any bytes up to 64 KiB, EIP-2335, for secrets that live and die together (an epoch's shares, a user's credentials).
 */
export type SecretKind = "secp256k1" | "scalar" | "seed" | "bundle";

export interface KeystoreOptions {
  readonly kind: SecretKind;
  readonly secret: Uint8Array;
  readonly password: string;
  /** Public key, or the address of a secp256k1 key: shown by other tools. */
  readonly pubkey?: Uint8Array;
  /** What the key is for, readable without the password. */
  readonly description: string;
  /** EIP-2334 path where the key was derived by one. */
  readonly path?: string;
  /** Whether a file that is there may be replaced; otherwise it is refused. */
  readonly overwrite?: boolean;
}

export interface OpenedKeystore {
  /** The caller's own copy: `fill(0)` it after use. */
  readonly secret: Uint8Array;
  readonly version: 3 | 4;
  readonly description: string;
  readonly path: string;
  /** Hex without 0x; empty where the file names none. */
  readonly pubkey: string;
}

const ITERATIONS = 262_144;
const FILE_BYTES_MAX = 4 * SECRET_BYTES_MAX;
const pbkdf2Async = promisify(pbkdf2);
const scryptAsync = promisify<string | Uint8Array, Uint8Array, number, {N: number; r: number; p: number; maxmem: number}, Buffer>(scrypt);

/**
 * Encrypts a secret into a file of mode 0600 in a directory of mode 0700, whole or not at all. `secret` is left as it is.
 * @throws KeystoreError EXISTS, BAD_SECRET, FAILED
 * @cost   about 50 ms, in a thread of its own: pbkdf2 with 262,144 rounds
 */
export async function writeKeystore(file: string, options: KeystoreOptions): Promise<void> {
  const {secret, kind} = options;
  const fits = kind === "bundle" ? secret.length >= 1 && secret.length <= SECRET_BYTES_MAX : secret.length === 32;
  if (!fits)
    throw new KeystoreError("BAD_SECRET", {file, want: kind === "bundle" ? `1 to ${SECRET_BYTES_MAX} bytes` : 32, got: secret.length});
  const version = kind === "secp256k1" ? 3 : 4;
  const kdf: Kdf = {name: "pbkdf2", salt: randomBytes(32), iterations: ITERATIONS};
  const iv = randomBytes(16);
  const key = await deriveKey(kdf, passwordBytes(options.password, version));
  const cipher = createCipheriv("aes-128-ctr", key.subarray(0, 16), iv);
  const ciphertext = Buffer.concat([cipher.update(secret), cipher.final()]);
  const check = checkValue(version, key, ciphertext);
  key.fill(0);
  const text = encodeKeystore({
    version,
    sealed: {kdf, iv, ciphertext, check},
    uuid: randomUUID(),
    description: options.description,
    path: options.path ?? "",
    pubkey: options.pubkey === undefined ? "" : Buffer.from(options.pubkey).toString("hex"),
  });
  try {
    mkdirSync(dirname(file), {recursive: true, mode: 0o700});
    replaceFile(file, Buffer.from(text), {mode: 0o600, overwrite: options.overwrite ?? false, keepOpen: false});
  } catch (cause) {
    const {code, syscall} = cause as NodeJS.ErrnoException;
    const exists = code === "EEXIST" && syscall === "link";
    throw new KeystoreError(exists ? "EXISTS" : "FAILED", {file}, {cause});
  }
}

/**
 * Decrypts a key file of either version, also one that another tool made with scrypt.
 * @throws KeystoreError NOT_FOUND, MALFORMED, UNSUPPORTED, WRONG_PASSWORD, FAILED
 */
export async function readKeystore(file: string, password: string): Promise<OpenedKeystore> {
  const stored = readKeystoreFile(file);
  const {kdf, iv, ciphertext, check} = stored.sealed;
  const key = await deriveKey(kdf, passwordBytes(password, stored.version));
  try {
    if (!timingSafeEqual(checkValue(stored.version, key, ciphertext), check)) throw new KeystoreError("WRONG_PASSWORD", {file});
    const decipher = createDecipheriv("aes-128-ctr", key.subarray(0, 16), iv);
    const plain = Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    const secret = new Uint8Array(plain);
    plain.fill(0);
    return {secret, version: stored.version, description: stored.description, path: stored.path, pubkey: stored.pubkey};
  } finally {
    key.fill(0);
  }
}

/**
 * What a key file says without its password.
 * @throws KeystoreError NOT_FOUND, MALFORMED, UNSUPPORTED, FAILED
 */
export function readKeystoreFile(file: string): KeystoreFile {
  let text: string;
  try {
    const {size} = statSync(file);
    if (size > FILE_BYTES_MAX)
      throw new KeystoreError("MALFORMED", {file, field: "file", want: `at most ${FILE_BYTES_MAX} bytes`, got: size});
    text = readFileSync(file, "utf8");
  } catch (cause) {
    if (cause instanceof KeystoreError) throw cause;
    throw new KeystoreError((cause as NodeJS.ErrnoException).code === "ENOENT" ? "NOT_FOUND" : "FAILED", {file}, {cause});
  }
  return decodeKeystore(text, file);
}

/** EIP-2335: NFKD, then without control codes (C0, DEL, C1). Web3 Secret Storage: the UTF-8 text as it is. */
export function passwordBytes(password: string, version: 3 | 4): Uint8Array {
  if (version === 3) return Buffer.from(password, "utf8");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the codes that the EIP strips
  return Buffer.from(password.normalize("NFKD").replace(/[\u0000-\u001f\u007f-\u009f]/g, ""), "utf8");
}

async function deriveKey(kdf: Kdf, password: Uint8Array): Promise<Buffer> {
  const derived =
    kdf.name === "pbkdf2"
      ? await pbkdf2Async(password, kdf.salt, kdf.iterations, 32, "sha256")
      : await scryptAsync(password, kdf.salt, 32, {N: kdf.n, r: kdf.r, p: kdf.p, maxmem: 128 * kdf.n * kdf.r * kdf.p + 2 ** 24});
  password.fill(0);
  return derived;
}

function checkValue(version: 3 | 4, key: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  const half = key.subarray(16, 32);
  return version === 3 ? keccak256(half, ciphertext) : createHash("sha256").update(half).update(ciphertext).digest();
}
