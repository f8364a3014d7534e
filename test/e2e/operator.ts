import {spawn} from "node:child_process";
import {bundleOf} from "../../scripts/build.ts";

/** Runs one command of the built `mvm` to its end. `env` is all that it has besides PATH. */
export async function mvm(env: Record<string, string>, ...args: string[]): Promise<{code: number | null; out: string; err: string}> {
  const child = spawn(process.execPath, [bundleOf("mvm"), ...args], {
    env: {PATH: process.env["PATH"] ?? "", ...env},
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err] = [child.stdout, child.stderr].map((stream) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    return chunks;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return {code, out: Buffer.concat(out ?? []).toString(), err: Buffer.concat(err ?? []).toString()};
}
