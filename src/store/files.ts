import {closeSync, fsyncSync, linkSync, openSync, renameSync, unlinkSync, writeSync} from "node:fs";
import {dirname} from "node:path";

/** Makes creations and renames in `dir` survive a power cut. */
export function syncDir(dir: string): void {
  const fd = openSync(dir, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Writes all of `bytes` at `position`, in as many calls as it takes. */
export function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, position + done);
}

/**
 * Puts `bytes` at `file`, whole or not at all: a temporary file beside it is written, synced and takes its place.
 * @returns  the open descriptor of the new file where `keepOpen`
 * @throws   the system's error; EEXIST where the file is there and `overwrite` is false
 */
export function replaceFile(
  file: string,
  bytes: Uint8Array,
  options: {mode: number; overwrite: boolean; keepOpen: boolean},
): number | null {
  const temporary = `${file}.tmp-${process.pid}`;
  const fd = openSync(temporary, "w", options.mode);
  try {
    writeAll(fd, bytes, 0);
    fsyncSync(fd);
    if (options.overwrite) renameSync(temporary, file);
    else linkSync(temporary, file); // unlike rename it refuses an existing file
    if (!options.overwrite) unlinkSync(temporary);
    syncDir(dirname(file));
  } catch (error) {
    closeSync(fd);
    try {
      unlinkSync(temporary);
    } catch {
      // it may never have been there; the first error is the one that matters
    }
    throw error;
  }
  if (options.keepOpen) return fd;
  closeSync(fd);
  return null;
}
