import {fromHex} from "../base/bytes.ts";
import {isUuid} from "../types/ids.ts";
import {KeystoreError} from "./errors.ts";

/** What both formats say about how the secret is encrypted. Sizes in bytes. */
export interface Sealed {
  readonly kdf: Kdf;
  /** AES-128-CTR: 16 bytes. */
  readonly iv: Uint8Array;
  readonly ciphertext: Uint8Array;
  /** 32 bytes: SHA-256 in version 4, keccak-256 in version 3, of the derived key's bytes 16-31 and the ciphertext. */
  readonly check: Uint8Array;
}
export type Kdf =
  | {readonly name: "pbkdf2"; readonly salt: Uint8Array; readonly iterations: number}
  | {readonly name: "scrypt"; readonly salt: Uint8Array; readonly n: number; readonly r: number; readonly p: number};

/** A key file. Version 3 is Web3 Secret Storage (secp256k1), version 4 EIP-2335 (everything else). */
export interface KeystoreFile {
  readonly version: 3 | 4;
  readonly sealed: Sealed;
  readonly uuid: string;
  readonly description: string;
  readonly path: string;
  /** Version 4: public key. Version 3: address. Hex without 0x, or empty. */
  readonly pubkey: string;
}

/** Bytes of a secret. */
export const SECRET_BYTES_MAX = 65_536;
const TEXT_MAX = 1_024;
const ITERATIONS_MAX = 10_000_000;
const SCRYPT_BYTES_MAX = 512 * 1_024 * 1_024;

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** The JSON text of a key file, with the field order of its standard's examples. */
export function encodeKeystore(file: KeystoreFile): string {
  const {kdf, iv, ciphertext, check} = file.sealed;
  const salt = hex(kdf.salt);
  const params =
    kdf.name === "pbkdf2" ? {dklen: 32, c: kdf.iterations, prf: "hmac-sha256", salt} : {dklen: 32, n: kdf.n, r: kdf.r, p: kdf.p, salt};
  const value =
    file.version === 4
      ? {
          crypto: {
            kdf: {function: kdf.name, params, message: ""},
            checksum: {function: "sha256", params: {}, message: hex(check)},
            cipher: {function: "aes-128-ctr", params: {iv: hex(iv)}, message: hex(ciphertext)},
          },
          description: file.description,
          pubkey: file.pubkey,
          path: file.path,
          uuid: file.uuid,
          version: 4,
        }
      : {
          crypto: {
            cipher: "aes-128-ctr",
            cipherparams: {iv: hex(iv)},
            ciphertext: hex(ciphertext),
            kdf: kdf.name,
            kdfparams: params,
            mac: hex(check),
          },
          ...(file.pubkey !== "" && {address: file.pubkey}),
          description: file.description,
          id: file.uuid,
          version: 3,
        };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/**
 * Reads a key file of either version. `name` is the file's name for the error.
 * @throws KeystoreError MALFORMED, UNSUPPORTED
 */
export function decodeKeystore(text: string, name: string): KeystoreFile {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    throw new KeystoreError("MALFORMED", {file: name, field: "file", want: "JSON"}, {cause});
  }
  const top = new Fields(raw, "", name);
  const version = top.number("version", 1, 100);
  const crypto = top.object(top.has("Crypto") ? "Crypto" : "crypto"); // early tools wrote a capital letter
  if (version === 3)
    return {
      version,
      sealed: readVersion3(crypto),
      uuid: top.uuid("id"),
      description: top.optionalText("description"),
      path: "",
      pubkey: top.optionalText("address").replace(/^0x/, "").toLowerCase(),
    };
  if (version !== 4) throw new KeystoreError("UNSUPPORTED", {file: name, field: "version", want: "3 or 4", got: version});
  return {
    version,
    sealed: readVersion4(crypto),
    uuid: top.uuid("uuid"),
    description: top.optionalText("description"),
    path: top.optionalText("path"),
    pubkey: top.optionalText("pubkey").replace(/^0x/, "").toLowerCase(),
  };
}

function readVersion3(crypto: Fields): Sealed {
  crypto.exactly("cipher", "aes-128-ctr");
  return {
    kdf: readKdf(crypto.text("kdf"), crypto.object("kdfparams")),
    iv: crypto.object("cipherparams").hex("iv", 16, 16),
    ciphertext: crypto.hex("ciphertext", 1, SECRET_BYTES_MAX),
    check: crypto.hex("mac", 32, 32),
  };
}

function readVersion4(crypto: Fields): Sealed {
  const kdf = crypto.object("kdf");
  const checksum = crypto.object("checksum");
  const cipher = crypto.object("cipher");
  checksum.exactly("function", "sha256");
  cipher.exactly("function", "aes-128-ctr");
  return {
    kdf: readKdf(kdf.text("function"), kdf.object("params")),
    iv: cipher.object("params").hex("iv", 16, 16),
    ciphertext: cipher.hex("message", 1, SECRET_BYTES_MAX),
    check: checksum.hex("message", 32, 32),
  };
}

function readKdf(kind: string, params: Fields): Kdf {
  params.number("dklen", 32, 32);
  const salt = params.hex("salt", 8, 256);
  if (kind === "pbkdf2") {
    params.exactly("prf", "hmac-sha256");
    return {name: "pbkdf2", salt, iterations: params.number("c", 1, ITERATIONS_MAX)};
  }
  if (kind !== "scrypt") throw params.unsupported("kdf", "pbkdf2 or scrypt", kind);
  const n = params.number("n", 2, 2 ** 24);
  const r = params.number("r", 1, 64);
  const p = params.number("p", 1, 64);
  if ((n & (n - 1)) !== 0) throw params.unsupported("n", "a power of two", n);
  if (128 * n * r * p > SCRYPT_BYTES_MAX) throw params.unsupported("n·r·p", SCRYPT_BYTES_MAX / 128, n * r * p);
  return {name: "scrypt", salt, n, r, p};
}

/** One JSON object of a key file, read field by field. */
class Fields {
  readonly #values: Record<string, unknown>;
  readonly #at: string;
  readonly #file: string;

  constructor(value: unknown, at: string, file: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new KeystoreError("MALFORMED", {file, field: at || "file", want: "object", got: typeof value});
    this.#values = value as Record<string, unknown>;
    this.#at = at;
    this.#file = file;
  }
  #name(field: string): string {
    return this.#at === "" ? field : `${this.#at}.${field}`;
  }
  #malformed(field: string, want: string | number, got: unknown): KeystoreError {
    return new KeystoreError("MALFORMED", {
      file: this.#file,
      field: this.#name(field),
      want,
      got: typeof got === "number" ? got : typeof got,
    });
  }
  unsupported(field: string, want: string | number, got: string | number): KeystoreError {
    return new KeystoreError("UNSUPPORTED", {file: this.#file, field: this.#name(field), want, got});
  }
  has(field: string): boolean {
    return Object.hasOwn(this.#values, field);
  }
  object(field: string): Fields {
    return new Fields(this.#values[field], this.#name(field), this.#file);
  }
  text(field: string): string {
    const value = this.#values[field];
    if (typeof value !== "string") throw this.#malformed(field, "text", value);
    return value;
  }
  optionalText(field: string): string {
    const text = this.has(field) ? this.text(field) : "";
    if (text.length > TEXT_MAX) throw this.#malformed(field, `at most ${TEXT_MAX} characters`, text.length);
    return text;
  }
  exactly(field: string, want: string): void {
    const text = this.text(field);
    if (text !== want) throw this.unsupported(field, want, text.slice(0, 40));
  }
  uuid(field: string): string {
    const text = this.text(field).toLowerCase();
    if (!isUuid(text)) throw this.#malformed(field, "UUID", text);
    return text;
  }
  number(field: string, min: number, max: number): number {
    const value = this.#values[field];
    if (typeof value !== "number" || !Number.isSafeInteger(value)) throw this.#malformed(field, "whole number", value);
    if (value < min || value > max) throw this.unsupported(field, `${min} to ${max}`, value);
    return value;
  }
  hex(field: string, sizeMin: number, sizeMax: number): Uint8Array {
    const text = this.text(field).replace(/^0x/, "");
    if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) throw this.#malformed(field, "hex", text);
    const size = text.length / 2;
    if (size < sizeMin || size > sizeMax) throw this.#malformed(field, `${sizeMin} to ${sizeMax} bytes`, size);
    return fromHex(`0x${text}`, field);
  }
}
