import {readdirSync, readFileSync, statSync} from "node:fs";
import {join} from "node:path";
import {Level} from "level";
import {bytesToBig} from "../../src/base/bytes.ts";
import {lagrangeAtZero, mod, scalarToBytes} from "../../src/crypto/scalar.ts";

export interface Secret {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Written {
  readonly where: string;
  readonly bytes: Buffer;
}

/** Which secrets stand in what was written, in whatever form. */
export function findSecrets(secrets: readonly Secret[], written: readonly Written[]): string[] {
  return secrets.flatMap(({name, bytes}) => {
    const forms = formsOf(bytes);
    return written.flatMap((w) => (forms.some((form) => w.bytes.includes(form)) ? [`${name} in ${w.where}`] : []));
  });
}

/** All ways in which bytes may stand in a file: raw, hex, base64 at each offset, decimal, as a list of numbers; also backwards. */
function formsOf(bytes: Uint8Array): Buffer[] {
  return [Buffer.from(bytes), Buffer.from(bytes).reverse()].flatMap((raw) => {
    const hex = raw.toString("hex");
    const texts = [hex, hex.toUpperCase(), bytesToBig(raw).toString(), [...raw].join(",")];
    for (let offset = 0; offset < 3; offset++)
      for (const encoding of ["base64", "base64url"] as const) {
        const whole = Buffer.concat([Buffer.alloc(offset), raw])
          .toString(encoding)
          .replace(/=+$/, "");
        texts.push(whole.slice(offset === 0 ? 0 : offset + 1, -1)); // without the letters that others share
      }
    return [raw, ...texts.map((text) => Buffer.from(text))];
  });
}

/** Every file below a directory; what a block store under db/ holds also as it was before it was compressed. The store is closed. */
export async function writtenIn(dir: string): Promise<Written[]> {
  const written = filesIn(dir).map((file): Written => ({where: file, bytes: readFileSync(file)}));
  const db = new Level<Buffer, Buffer>(join(dir, "db"), {keyEncoding: "buffer", valueEncoding: "buffer"});
  for await (const [name, value] of db.iterator())
    written.push({where: `db of ${dir}: ${name.toString("hex")}`, bytes: Buffer.concat([name, value])});
  await db.close();
  return written;
}

function filesIn(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    return statSync(path).isDirectory() ? filesIn(path) : [path];
  });
}

/** The secret behind the group key, which no process ever has. `shares`: t of them by seat, or more. */
export function groupSecret(shares: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const lambdas = lagrangeAtZero([...shares.keys()].map(BigInt));
  return scalarToBytes([...shares.values()].reduce((sum, share, i) => mod(sum + (lambdas[i] as bigint) * bytesToBig(share)), 0n));
}
