import {randomUUID} from "node:crypto";
import {createAsset, createDevnetUser, type DevnetUser, mint, pay} from "./client.ts";
import {Devnet} from "./devnet.ts";
import {type BuiltPayment, buildGroupPayment, type Group, type GroupPayment, groupOutputs, idsOf} from "./group.ts";
import {DevnetServer} from "./server.ts";

/** A devnet over HTTP in this process, with a funded payer and a group of which `threshold` can spend. */
export class Fixture {
  readonly server: DevnetServer;
  readonly devnet: Devnet;
  readonly url: string;
  readonly asset: string;
  readonly payer: DevnetUser;
  readonly group: Group;

  private constructor(parts: Pick<Fixture, "server" | "devnet" | "url" | "asset" | "payer" | "group">) {
    this.server = parts.server;
    this.devnet = parts.devnet;
    this.url = parts.url;
    this.asset = parts.asset;
    this.payer = parts.payer;
    this.group = parts.group;
  }

  static async start(options: {file?: string; multiSign?: boolean; members?: number; threshold?: number} = {}): Promise<Fixture> {
    const {file = null, multiSign = true, members = 4, threshold = 3} = options;
    const devnet = new Devnet({file, multiSign});
    const server = new DevnetServer(devnet);
    const url = await server.start(0);
    const asset = await createAsset(url, {symbol: "XIN", name: "Mixin"});
    const payer = await createDevnetUser(url, "payer");
    await mint(url, {receivers: [payer.app_id], asset, amount: "1000"});
    const users = await Promise.all(Array.from({length: members}, (_, i) => createDevnetUser(url, `member ${i}`)));
    users.sort((a, b) => (a.app_id < b.app_id ? -1 : 1));
    return new Fixture({server, devnet, url, asset, payer, group: {members: users, threshold}});
  }

  /** The member at a place of the sorted group. */
  member(place: number): DevnetUser {
    const member = this.group.members[place];
    if (member === undefined) throw new Error(`no member ${place}`);
    return member;
  }

  /** Pays the group. */
  fund(amount: string, memo: Uint8Array | string = ""): Promise<{requestId: string; hash: string}> {
    const {group, asset} = this;
    return pay(this.url, this.payer, {members: idsOf(group), threshold: group.threshold, asset, amount, memo});
  }

  /** A payment of the group to the payer out of a new output of `funds`, or of what `change` says. */
  async payout(funds: string, amount: string, change: Partial<GroupPayment> = {}): Promise<BuiltPayment> {
    const inputs = change.inputs ?? [await this.funded(funds)];
    const of = {requestId: randomUUID(), inputs, receivers: [this.payer.app_id], receiversThreshold: 1, amount, memo: "back", ...change};
    return buildGroupPayment(this.url, this.member(0), this.group, of);
  }

  /** A new output of the group. */
  async funded(amount: string) {
    const {hash} = await this.fund(amount);
    const found = (await groupOutputs(this.url, this.member(0), this.group)).find((output) => output.transaction_hash === hash);
    if (found === undefined) throw new Error("the group's output is not there");
    return found;
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}
