import {existsSync} from "node:fs";
import {delimiter, join} from "node:path";
import {type Browser, chromium} from "playwright-core";

const NAMES = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];

/** A Chromium of this machine: CHROMIUM names it, or it is on the PATH. null: there is none, so pages cannot be tried. */
export const CHROMIUM =
  process.env["CHROMIUM"] ??
  (process.env["PATH"] ?? "")
    .split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find((file) => existsSync(file)) ??
  null;

export async function openBrowser(): Promise<Browser> {
  if (CHROMIUM === null) throw new Error("no Chromium here: install one, or name it in CHROMIUM");
  return chromium.launch({executablePath: CHROMIUM, args: ["--no-sandbox"]});
}
