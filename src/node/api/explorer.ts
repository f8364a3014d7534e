import {createHash} from "node:crypto";
import {existsSync, readFileSync} from "node:fs";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";
import type {Logger} from "../../ports/system.ts";
import {ApiError, type Route} from "./server.ts";

const PAGE = join("build", "explorer.html");

/** The explorer: one page without any other file, which may run its own script, have its own style and ask this node. */
export function explorerRoute(log: Logger): Route {
  const file = findPage(dirname(fileURLToPath(import.meta.url)));
  const html = file === null ? null : readFileSync(file, "utf8");
  if (html === null) log.warn("no explorer page: npm run build makes it", {page: PAGE});
  const headers = {
    "content-security-policy": html === null ? "default-src 'none'" : policyOf(html),
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
  };
  return {
    path: "/",
    answer: () => {
      if (html === null) throw new ApiError("NOT_FOUND", {status: 404, message: "the explorer page is not built: npm run build"});
      return {type: "text/html", headers, body: html};
    },
  };
}

/** Allows exactly the script and the style that stand in the page, by their hashes. [CSP level 3] */
export function policyOf(html: string): string {
  const hashes = (tag: string) =>
    [...html.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, "g"))].map(
      ([, text = ""]) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`,
    );
  return [
    "default-src 'none'",
    `script-src ${hashes("script").join(" ")}`,
    `style-src ${hashes("style").join(" ")}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** The page in the package that this file, or the bundle with it, belongs to. */
function findPage(from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, PAGE))) return join(folder, PAGE);
    if (existsSync(join(folder, "package.json")) || folder === dirname(folder)) return null;
  }
}
