import {readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {fileURLToPath} from "node:url";
import ts from "typescript";
import {type Explanation, REASONS, STAGES} from "../src/types/reasons.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
export const SDK_PAGE = join(ROOT, "docs", "sdk.md");
export const REASONS_PAGE = join(ROOT, "docs", "reasons.md");

/** Sections in the order of a reader's questions: title, text, and the names that belong to it. */
const SECTIONS: readonly (readonly [string, string, readonly RegExp[]])[] = [
  ["Memos", "What a payment asks for.", [/[mM]emo/, /_MAX$/, /^ProcessTerms$/, /Operation$/, /^PURPOSE$/]],
  ["Payments", "What a wallet needs.", [/^(paymentUri|mixAddress|MixinReceiver|decimal|units)$/]],
  ["Accounts", "Ordinary contracts, called by the account of a Mixin user.", [/[aA]ccount/, /CallList/, /^assetAddress$/, /^MIXIN_ASSET/]],
  ["Status", "What became of a payment, from any node.", [/^(MvmClient|PaymentStatus|ClientError)$/]],
  ["Reasons", "Codes and failures in words.", [/^(explain|REASONS|STAGES|Explanation)/]],
  ["Proofs", "Certificates, checked without trust in a node.", [/[cC]ertificate/]],
  ["Events and contracts", "What contracts get, and their interfaces.", [/Event$/, /_ABI$/, /.*/]],
];

/** The reference of `mvm-node`, from the docstrings of what it exports. */
export function sdkReference(): string {
  const file = join(ROOT, "src", "sdk", "main.ts");
  const {options} = ts.parseJsonConfigFileContent(ts.readConfigFile(join(ROOT, "tsconfig.json"), ts.sys.readFile).config, ts.sys, ROOT);
  const program = ts.createProgram([file], options);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`no module ${file}`);
  const names = checker.getExportsOfModule(module).map((symbol) => ({
    name: symbol.name,
    target: symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
  }));
  const version = (JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {version: string}).version;
  const parts = [
    `# \`mvm-node\`, the library\n\nFor whoever writes apps, wallets and bots: version ${version}, plain ES modules, no part of the node, works in browsers and in Node.\n` +
      "This page is made from the docstrings by `npm run docs`; a test holds it against them.\n",
  ];
  const left = new Set(names);
  for (const [title, text, patterns] of SECTIONS) {
    const own = names.filter((entry) => left.has(entry) && patterns.some((pattern) => pattern.test(entry.name)));
    for (const entry of own) left.delete(entry);
    const entries = own
      .sort((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name))
      .map(({name, target}) => describe(checker, name, target));
    parts.push(`## ${title}\n\n${text}\n\n${entries.join("\n")}`);
  }
  return `${parts.join("\n")}`;
}

/** Functions and classes before constants and types. */
function rank(name: string): number {
  if (/^[A-Z_]+$/.test(name)) return 1;
  return /^[A-Z]/.test(name) && name !== "MvmClient" ? 2 : 0;
}

function describe(checker: ts.TypeChecker, name: string, symbol: ts.Symbol): string {
  const [declaration] = symbol.declarations ?? [];
  if (declaration === undefined) throw new Error(`${name} is not declared`);
  const lines = [`### \`${name}\`\n`, doc(checker, symbol)];
  if (ts.isFunctionDeclaration(declaration)) lines.push(code(signature(declaration)));
  else if (ts.isClassDeclaration(declaration)) {
    lines.push(code(`class ${name}${heritage(declaration)}`));
    for (const member of declaration.members) lines.push(...describeMember(checker, member));
  } else if (ts.isVariableDeclaration(declaration)) lines.push(code(`const ${name}${initialValue(declaration)}`));
  else lines.push(code(declaration.getText().replace(/^export /, "")));
  return `${lines.filter((line) => line !== "").join("\n")}\n`;
}

function describeMember(checker: ts.TypeChecker, member: ts.ClassElement): string[] {
  const isPublic = member.name !== undefined && !ts.isPrivateIdentifier(member.name);
  const symbol = isPublic && member.name !== undefined ? checker.getSymbolAtLocation(member.name) : undefined;
  if (ts.isConstructorDeclaration(member)) {
    const comment = ts.getJSDocCommentsAndTags(member).map((part) => (ts.isJSDoc(part) ? cleaned(part) : ""));
    return [code(`new ${(member.parent.name?.text ?? "") + parameters(member)}`), ...comment];
  }
  if (symbol === undefined || !ts.isMethodDeclaration(member)) return [];
  return [code(signature(member)), doc(checker, symbol)];
}

function signature(node: ts.FunctionDeclaration | ts.MethodDeclaration): string {
  const generator = node.asteriskToken === undefined ? "" : "*";
  const type = node.type === undefined ? "" : `: ${node.type.getText()}`;
  return `${generator}${node.name?.getText() ?? ""}${parameters(node)}${type}`;
}

function parameters(node: ts.SignatureDeclarationBase): string {
  const all = node.parameters.map((p) => p.getText().replace(/\s+/g, " "));
  const one = `(${all.join(", ")})`;
  return one.length <= 100 ? one : `(\n${all.map((p) => `  ${p},`).join("\n")}\n)`;
}

function heritage(node: ts.ClassDeclaration): string {
  const clause = node.heritageClauses?.[0]?.getText().replace(/\s+/g, " ");
  return clause === undefined ? "" : ` ${clause}`;
}

function initialValue({type, initializer}: ts.VariableDeclaration): string {
  if (type !== undefined) return `: ${type.getText()}`;
  const text = initializer?.getText() ?? "";
  return text.length > 160 ? "" : ` = ${text}`;
}

function doc(checker: ts.TypeChecker, symbol: ts.Symbol): string {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  const tags = symbol.getJsDocTags(checker).map(({name, text: parts}) => tagLine(name, ts.displayPartsToString(parts)));
  return [text, tags.join("\n")].filter((part) => part !== "").join("\n\n");
}

function cleaned(comment: ts.JSDoc): string {
  const tags = (comment.tags ?? []).map((tag) =>
    tagLine(
      tag.tagName.text,
      `${ts.isJSDocParameterTag(tag) ? `${tag.name.getText()} ` : ""}${ts.getTextOfJSDocComment(tag.comment) ?? ""}`,
    ),
  );
  return [ts.getTextOfJSDocComment(comment.comment) ?? "", ...tags].filter((part) => part !== "").join("\n");
}

function tagLine(name: string, text: string): string {
  if (name !== "param") return `- ${name === "throws" ? "throws" : name}: ${text}`;
  const [, parameter = "", rest = ""] = /^(\S+)\s+(.*)$/s.exec(text) ?? [];
  return `- \`${parameter}\`: ${rest}`;
}

function code(text: string): string {
  return `\`\`\`ts\n${text}\n\`\`\``;
}

/** Every stage and reason code with its meaning and its cure. */
export function reasonsPage(): string {
  const table = (of: Readonly<Record<string, Explanation>>) =>
    `| code | means | what to do |\n|---|---|---|\n${Object.entries(of)
      .map(([name, {means, cure}]) => `| \`${name}\` | ${means} | ${cure} |`)
      .join("\n")}\n`;
  return `# Stages and reason codes

What \`/v1/payments/:id\`, \`mvm payment <id>\` and the explorer say, and what to do. This page is made by \`npm run docs\` from
\`src/types/reasons.ts\`; a test holds it against the codes of the ledger.

## Stages of a payment

\`\`\`
            paid on Mixin
                 │
             observed ──────────── decided ─────────────┬──────────────┬───────────┐
        a validator sees it    place and nonce final    │              │           │
                                   │                refunding     registered     held
                               certified                │
                                   │                refunded
                               submitted
                                   │
                    ┌──────────────┼──────────────┐
                delivered       queued          parked ── retry ── delivered
                the app ran    behind a         the app  └ giveBack ─ returned
                               parked one       failed
\`\`\`

${table(STAGES)}
## Reason codes

Of refunds, in the memo \`refund <code> <output id>\`, and of money that is held.

${table(REASONS)}
## What a contract said

A parked message has \`failure\`: the data that the app reverted with, at most 132 bytes, and its text: the words of a \`require\`, the meaning of a
panic code, or the name and values of a custom error of the group contract. \`explainRevert(data, abi)\` of \`mvm-node\` reads your own errors.

Errors of the library are typed: \`code\` is stable, \`data\` says what was wrong and where (\`MemoError\`, \`ClientError\`, \`DecodeError\`, \`EncodeError\`:
[sdk.md](sdk.md)).
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(SDK_PAGE, sdkReference());
  writeFileSync(REASONS_PAGE, reasonsPage());
  console.log(SDK_PAGE, REASONS_PAGE);
}
