import {beforeAll, expect, test} from "vitest";
import {buildExplorer} from "../../../scripts/build.ts";
import type {Logger} from "../../ports/system.ts";
import {explorerRoute, policyOf} from "./explorer.ts";

const log: Logger = {debug() {}, info() {}, warn() {}, error() {}, child: () => log};
beforeAll(buildExplorer);

test("the page comes with a policy that allows its own script and style, this node, and nothing else", async () => {
  const {type, headers, body} = await explorerRoute(log).answer([], new URLSearchParams());
  expect(type).toBe("text/html");
  const policy = headers?.["content-security-policy"] ?? "";
  expect(policy).toMatch(
    /^default-src 'none'; script-src 'sha256-[\w+/]{43}='; style-src 'sha256-[\w+/]{43}='; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
  );
  const html = String(body);
  expect(html.match(/<script|<link [^>]*stylesheet|<img|<iframe|@import|url\((?!#)/g), "nothing is loaded").toEqual(["<script"]);
  expect(html).not.toContain("unsafe");
  expect(html.length, "one page on a phone").toBeLessThan(160_000);
});

test("another script has another policy", () => {
  const of = (script: string) => policyOf(`<style>a{}</style><script>${script}</script>`);
  expect(of("a()")).toBe(of("a()"));
  expect(of("a()")).not.toBe(of("b()"));
});
