import {spawn} from "node:child_process";
import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {createInterface} from "node:readline";
import {afterEach, beforeEach, describe, expect, test} from "vitest";
import {fromHex, type Hex} from "../../src/base/bytes.ts";
import {ShareFiles} from "../../src/node/dkg-files.ts";
import {readKeystoreFile} from "../../src/store/keystore.ts";
import {testNetwork} from "../support/ledger.ts";
import {findSecrets, groupSecret, writtenIn} from "../support/secrets.ts";

const CHILD = new URL("./dkg-child.ts", import.meta.url).pathname;
const LIFE_MS = 40_000;
const PASSWORD = "password";

let dir = "";
const running = new Set<() => void>();
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "mvm-dkg-crash-"));
});
afterEach(() => {
  for (const kill of running) kill();
  rmSync(dir, {recursive: true, force: true});
});

interface Life {
  readonly lines: string[];
  /** "killed", "done" when all four had their shares, or how it ended. */
  readonly end: string;
}

/** One life of the four validators: until it kills itself at `killAt`, is killed `afterMs` after that line, or all have their shares. */
async function life(of: {killAt?: string; afterMs?: number; password?: string} = {}): Promise<Life> {
  const {killAt = "", afterMs, password = PASSWORD} = of;
  const args = ["--import", "tsx", CHILD, dir, afterMs === undefined ? killAt : "", password];
  const child = spawn(process.execPath, args, {stdio: ["ignore", "pipe", "inherit"]});
  const kill = () => void child.kill("SIGKILL");
  running.add(kill);
  const lines: string[] = [];
  let done = false;
  const late = setTimeout(kill, LIFE_MS);
  const read = createInterface({input: child.stdout});
  read.on("line", (line) => {
    lines.push(line);
    if (afterMs !== undefined && line === `step ${killAt}`) setTimeout(kill, afterMs);
    const settled = (validator: number) => lines.some((l) => l.startsWith(`ready ${validator} `) || l.startsWith(`error ${validator} `));
    if ([0, 1, 2, 3].every(settled)) {
      done = true;
      kill();
    }
  });
  const closed = new Promise<void>((resolve) => read.once("close", resolve));
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => child.once("exit", (c, s) => resolve([c, s])));
  await closed;
  clearTimeout(late);
  running.delete(kill);
  return {lines, end: done ? "done" : signal === "SIGKILL" ? "killed" : `exit ${code}`};
}

const keyFiles = (validator: number) => {
  const keys = join(dir, `${validator}`, "keys");
  return existsSync(keys) ? readdirSync(keys).map((name) => join(keys, name)) : [];
};
const dealingsOf = (lives: readonly Life[]) => lives.flatMap(({lines}) => lines.filter((line) => line.startsWith("dealing ")));

/** What every key file must be after a kill: whole, or a temporary that nobody reads. */
function expectWholeFiles(): void {
  for (const file of [0, 1, 2, 3].flatMap(keyFiles)) if (file.endsWith(".json")) expect(readKeystoreFile(file).version).toBe(4);
}

/** All seats have their shares, in files: by seat. */
async function expectShares(): Promise<Map<number, Uint8Array>> {
  const [, sid] =
    /^shares-([0-9a-f]{16})\.json$/m.exec(
      keyFiles(0)
        .map((file) => file.split("/").at(-1))
        .join("\n"),
    ) ?? [];
  expect(sid).toBeDefined();
  const name: Hex = `0x${sid}${"0".repeat(48)}`;
  const seats = await Promise.all(
    [0, 1, 2, 3].map(async (validator) => [...((await new ShareFiles(join(dir, `${validator}`), PASSWORD).readShares(name)) ?? [])]),
  );
  expect(seats.flat().map(([seat]) => seat)).toEqual([1, 2, 3, 4, 5]);
  return new Map(seats.flat());
}

describe("validators that make the group key on real disks", () => {
  test("22 are killed at every step, and go on with the same dealings to the same key", async () => {
    const lives: Life[] = [];
    for (const killAt of ["seed", "broadcast dealing", "complain", "ack", "written"]) {
      const next = await life({killAt});
      expect(next.end, next.lines.join("\n")).toBe("killed");
      expect(next.lines.filter((line) => line.startsWith("error "))).toEqual([]);
      expectWholeFiles();
      lives.push(next);
    }
    const last = await life();
    expect(last.end, last.lines.join("\n")).toBe("done");
    const dealings = dealingsOf([...lives, last]);
    expect(new Set(dealings).size).toBe(new Set(dealings.map((line) => line.split(" ").slice(0, 3).join(" "))).size);
    expect(new Set(dealings).size).toBe(4); // one session: each has said one thing, however often
    const shares = await expectShares();
    expect([0, 1, 2, 3].flatMap(keyFiles).filter((file) => file.includes("dealer-"))).toEqual([]); // erased once they were decided

    const secrets = [
      ...testNetwork([2, 1, 1, 1]).keys.flatMap(({consensus, encSecret}, i) => [
        {name: `consensus key of ${i}`, bytes: consensus},
        {name: `dealing key of ${i}`, bytes: encSecret},
      ]),
      ...[...shares].map(([seat, share]) => ({name: `share of seat ${seat}`, bytes: share})),
      {name: "what the group key stands for", bytes: groupSecret(shares)},
    ];
    expect(secrets).toHaveLength(14);
    const logged = {where: "log", bytes: Buffer.from([...lives, last].flatMap(({lines}) => lines).join("\n"))};
    const stored = (await Promise.all([0, 1, 2, 3].map((i) => writtenIn(join(dir, `${i}`))))).flat();
    const written = [logged, ...stored];
    const sid = {name: "session id", bytes: fromHex(dealings[0]?.split(" ")[2] as Hex)};
    expect(findSecrets([sid], stored).length).toBeGreaterThan(0); // what is public is found
    expect(findSecrets(secrets, written)).toEqual([]);
  }, 120_000);

  test("22, 23, 24 lose no shares while they write them, derive lost ones again, and touch no file that they cannot read", async () => {
    for (const afterMs of [5, 45]) {
      await life({killAt: "writing", afterMs});
      expectWholeFiles();
      for (const file of [0, 1, 2, 3].flatMap(keyFiles)) if (file.includes("shares-")) rmSync(file); // written anew in each life
    }
    expect((await life()).end).toBe("done");
    await expectShares();

    rmSync(join(dir, "0"), {recursive: true}); // all but the dealing key, which it is given
    expect((await life()).end).toBe("done");
    await expectShares();

    const [shares] = keyFiles(0).filter((file) => file.includes("shares-")) as [string];
    const whole = readFileSync(shares, "utf8");
    const wrong = await life({password: "another"});
    expect(wrong.lines.filter((line) => line.startsWith("error 0"))[0]).toContain("WRONG_PASSWORD");
    expect(readFileSync(shares, "utf8")).toBe(whole);
    writeFileSync(shares, whole.slice(0, 300));
    const refused = await life();
    expect(refused.lines.filter((line) => line.startsWith("error 0"))[0]).toContain("MALFORMED");
    expect(readFileSync(shares, "utf8")).toBe(whole.slice(0, 300));
  }, 120_000);
});
