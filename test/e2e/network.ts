import {randomUUID} from "node:crypto";
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {bundleOf} from "../../scripts/build.ts";
import {MvmClient, type PaymentStatus} from "../../src/sdk/client.ts";
import {units} from "../../src/sdk/payment.ts";
import {type Child, startChild} from "../../testnet/children.ts";
import {ASSET, startTestnet, type Testnet} from "../../testnet/launcher.ts";
import {balanceOf, type DevnetUser, pay, sdkOf} from "../../testnet/mixin/client.ts";
import {parseOptions} from "../../testnet/options.ts";
import type {Report} from "../../testnet/report.ts";
import {until} from "./processes.ts";

const START_MS = 80_000;

/** A testnet of this test: every part a process of its own, started by this one. */
export interface TestNetwork {
  readonly net: Testnet;
  /** What the launcher and the demo have told so far. */
  readonly told: Report[];
  tell(report: Report): void;
  client(validator: number): MvmClient;
  pid(validator: number): number;
  /** Where a validator's libp2p listens. */
  address(validator: number): string;
  /** Ends a validator's process at once, whichever of its lives it is in. */
  kill(validator: number): Promise<void>;
  /** Starts a validator again with its directory. */
  restart(validator: number): Promise<Child>;
  /** Stops a validator in order. */
  stopNode(validator: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startNetwork(...args: string[]): Promise<TestNetwork> {
  const dir = mkdtempSync(join(tmpdir(), "mvm-e2e-"));
  const told: Report[] = [];
  const tell = (report: Report) => void told.push(report);
  const stopping = new AbortController();
  const late = setTimeout(() => stopping.abort(new Error("not up in time")), START_MS);
  const net = await startTestnet(parseOptions([...args, "--dir", dir]), tell, stopping.signal).catch((cause: unknown) => {
    throw new Error(`the testnet did not start: ${cause}; it told ${JSON.stringify(told)}`, {cause});
  });
  clearTimeout(late);
  const again = new Map<number, Child>();
  const running = (validator: number): Child => {
    const child = again.get(validator) ?? net.nodes[validator];
    if (child === undefined) throw new Error(`no validator ${validator}`);
    return child;
  };
  return {
    net,
    told,
    tell,
    client: (validator) => new MvmClient(String(running(validator).ready["api"])),
    pid: (validator) => running(validator).pid,
    address: (validator) => (running(validator).ready["addresses"] as string[])[0] ?? "",
    async kill(validator) {
      running(validator).kill("SIGKILL");
      await running(validator).exited;
    },
    async restart(validator) {
      const own = join(dir, `validator-${validator}`);
      const child = await startChild({
        name: `validator ${validator}`,
        args: [bundleOf("mvm"), "run", "--dir", own],
        env: {MVM_PASSWORD_FILE: join(dir, "password")},
        log: join(own, "stderr.log"),
        signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(20_000)]),
      });
      again.set(validator, child);
      return child;
    },
    stopNode: (validator) => running(validator).stop(),
    async stop() {
      stopping.abort(new Error("the test is over"));
      await Promise.all([...again.values()].map((child) => child.stop()));
      await net.stop();
      rmSync(dir, {recursive: true, force: true});
    },
  };
}

/** Pays the group; resolves with the request id. `amount`: decimal text. */
export async function payGroup(net: Testnet, from: DevnetUser, amount: string, memo: Uint8Array | string): Promise<string> {
  const {mixin, members, threshold} = net;
  const requestId = randomUUID();
  await pay(mixin, from, {members, threshold, asset: ASSET.asset_id, amount, memo, requestId});
  return requestId;
}

/** Resolves once `client`'s node shows the payment in `stage`; rejects after `ms` with the last that it showed. */
export async function stageOf(client: MvmClient, id: string, stage: string, ms: number): Promise<PaymentStatus> {
  let last: PaymentStatus | null = null;
  await until(
    async () => {
      last = await client.payment(id).catch(() => last);
      return last?.stage === stage;
    },
    () => `payment ${id} is ${stage}; last seen: ${JSON.stringify(last)}`,
    ms,
  );
  return last as unknown as PaymentStatus;
}

/** Resolves once the user has exactly so many 1e-8 units. */
export async function hasBalance(net: Testnet, user: DevnetUser, units: bigint, ms: number): Promise<void> {
  let last = -1n;
  await until(
    async () => {
      last = await balanceOf(net.mixin, user, ASSET.asset_id);
      return last === units;
    },
    () => `a balance of ${units}; last seen: ${last}`,
    ms,
  );
}

/** Every output that the user has ever received, spent ones too: 1e-8 units and memo. */
export async function receivedBy(net: Testnet, user: DevnetUser): Promise<{amount: bigint; memo: string}[]> {
  const of = {members: [user.app_id], threshold: 1, asset: ASSET.asset_id, limit: 500};
  const outputs = await sdkOf(net.mixin, user).utxo.safeOutputs(of);
  return outputs.map(({amount, extra}) => ({amount: units(amount), memo: Buffer.from(extra, "hex").toString()}));
}
