/** One field of the configuration. */
export interface ConfigField {
  /** As `api.port`. */
  readonly path: string;
  /** Variable that goes before the file: `MVM_API_PORT`. */
  readonly env: string;
  /** What it wants, in words. */
  readonly want: string;
  /** undefined: must be given, or may be left out (`description` says). */
  readonly fallback: unknown;
  readonly required: boolean;
  readonly description: string;
  readonly kind: "text" | "integer" | "list" | "table";
}

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly description?: string;
}

/** The leaves of a JSON schema of nested objects. */
export function fieldsOf(schema: object, prefix = "", required = true): ConfigField[] {
  const {properties = {}, required: names = []} = schema as Schema;
  return Object.entries(properties).flatMap(([name, of]) => {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    const isRequired = required && names.includes(name);
    return of.properties === undefined ? [leaf(path, of, isRequired)] : fieldsOf(of, path, isRequired);
  });
}

function leaf(path: string, of: Schema, required: boolean): ConfigField {
  const env = `MVM_${path
    .replace(/[A-Z]/g, (c) => `_${c}`)
    .replaceAll(".", "_")
    .toUpperCase()}`;
  const kind = of.type === "integer" ? "integer" : of.type === "array" ? "list" : of.type === "object" ? "table" : "text";
  const want =
    of.enum !== undefined
      ? of.enum.join(", ")
      : {text: "text", integer: `${of.minimum} to ${of.maximum}`, list: "list, by commas in a variable", table: "JSON object"}[kind];
  return {path, env, want, kind, fallback: of.default, required, description: of.description ?? ""};
}

/** Puts what the environment says over what the file says. Variables that merely begin alike are not touched. */
export function overrides(
  fields: readonly ConfigField[],
  raw: unknown,
  env: Readonly<Record<string, string | undefined>>,
): {merged: unknown; sources: ReadonlyMap<string, string>; problems: readonly string[]} {
  const merged: unknown = structuredClone(raw);
  const sources = new Map<string, string>();
  const problems: string[] = [];
  if (!isTable(merged)) return {merged, sources, problems};
  for (const field of fields) {
    if (valueAt(merged, field.path) !== undefined) sources.set(field.path, "file");
    const text = env[field.env];
    if (text === undefined || text === "") continue;
    const value = parseText(field, text);
    if (value === undefined) problems.push(`${field.path}: ${field.env} wants ${field.want}`);
    else {
      put(merged, field.path.split("."), value);
      sources.set(field.path, field.env);
    }
  }
  return {merged, sources, problems};
}

function parseText({kind}: ConfigField, text: string): unknown {
  if (kind === "integer") return /^-?\d+$/.test(text) ? Number(text) : undefined;
  if (kind === "list") return text.split(",").map((item) => item.trim());
  if (kind === "text") return text;
  try {
    const value: unknown = JSON.parse(text);
    return isTable(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The value at a path as `api.port`; undefined where there is none. */
export function valueAt(config: object, path: string): unknown {
  return path.split(".").reduce<unknown>((at, name) => (isTable(at) ? at[name] : undefined), config);
}

function put(at: Record<string, unknown>, [name = "", ...rest]: string[], value: unknown): void {
  if (rest.length === 0) {
    at[name] = value;
    return;
  }
  const inner = at[name];
  const next = isTable(inner) ? inner : {};
  at[name] = next;
  put(next, rest, value);
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The name that is the fewest edits away (Levenshtein 1966); the first of equals. */
export function nearest(name: string, among: readonly string[]): string {
  const distances = among.map((other) => editDistance(name.toLowerCase(), other.toLowerCase()));
  return among[distances.indexOf(Math.min(...distances))] ?? "";
}

function editDistance(a: string, b: string): number {
  let row = Array.from({length: b.length + 1}, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** A URL without what may be a key: credentials, path and query are hidden. Other text is as it was. */
export function withoutSecrets(text: string): string {
  const url = /^(https?:\/\/)(?:[^\s/@]*@)?([^\s/]+)(\/.*)?$/.exec(text);
  if (url === null) return text;
  const [, scheme = "", host = "", path = ""] = url;
  return `${scheme}${host}${path.length > 1 ? "/…" : ""}`;
}
