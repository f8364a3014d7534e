import {MvmError} from "../base/errors.ts";

export type WalCode = "CORRUPT" | "MISSING" | "TOO_LONG" | "CLOSED" | "FAILED";

/**
 * CORRUPT: damage that no interrupted append explains; `offset` is where the first damaged record starts, `lostBytes` and
 * `lostRecords` what a repair would take away (readable records behind the damage). MISSING: no file where there was
 * one. TOO_LONG: a record above the limit.
 * CLOSED: not open. FAILED: a write or sync failed, so what is on disk is unknown and nothing more is accepted.
 */
export class WalError extends MvmError<
  WalCode,
  {file: string; offset?: number; lostBytes?: number; lostRecords?: number; want?: number; got?: number; advice?: string}
> {}

export type StoreCode = "LOCKED" | "CORRUPT" | "OUT_OF_ORDER" | "UNKNOWN_HEIGHT" | "OTHER_BLOCK" | "WRONG_VERSION" | "CLOSED" | "FAILED";

/**
 * LOCKED: another process has the directory open. CORRUPT: a record is missing or not what was written. OUT_OF_ORDER: only
 * height() + 1 can be appended. UNKNOWN_HEIGHT: no block there. OTHER_BLOCK: a certificate of a block that is not the stored one.
 * FAILED: the database refused; `cause` says why.
 */
export class StoreError extends MvmError<
  StoreCode,
  {dir: string; what?: string; height?: number; want?: number | string; got?: number | string}
> {}

export type KeystoreCode = "EXISTS" | "NOT_FOUND" | "MALFORMED" | "UNSUPPORTED" | "WRONG_PASSWORD" | "BAD_SECRET" | "FAILED";

/**
 * EXISTS: the file is there and overwriting was not asked for. MALFORMED: not a keystore; `field` says where. UNSUPPORTED: a
 * keystore with a cipher, key derivation or size that is not taken. WRONG_PASSWORD: the check value does not fit: another
 * password, or changed ciphertext (they cannot be told apart). BAD_SECRET: what was to be written has the wrong size.
 */
export class KeystoreError extends MvmError<KeystoreCode, {file: string; field?: string; want?: number | string; got?: number | string}> {}
