import {toHex} from "../../../src/base/bytes.ts";
import {type AccountCall, type CallList, encodeCallList} from "../../../src/types/call-list.ts";
import {uuidFromHex} from "../../../src/types/ids.ts";
import type {Chain, Deployed, Receipt} from "./chain.ts";
import type {EventFields} from "./events.ts";
import {ALICE, activeGroup, BTC, type Group, register, STRICT, uuid} from "./group.ts";

export const ACCOUNTS = uuid("accounts");
export const GAS_LIMIT = 1_000_000;

export function callList(
  calls: readonly {target: string; allowance?: AccountCall["allowance"]; input?: string}[],
  of: Partial<CallList> = {},
): string {
  const list = calls.map(({target, allowance = 0n, input = "0x"}) => ({
    target: target.toLowerCase() as `0x${string}`,
    allowance,
    input: Uint8Array.from(Buffer.from(input.slice(2), "hex")),
  }));
  return toHex(encodeCallList({atomic: false, keep: false, assets: [], ...of, calls: list}));
}

/** MixinAccounts on a real group contract. */
export class Accounts {
  readonly chain: Chain;
  readonly group: Group;
  readonly hub: Deployed;
  constructor(chain: Chain, group: Group, hub: Deployed) {
    this.chain = chain;
    this.group = group;
    this.hub = hub;
  }
  async accountOf(sender = ALICE): Promise<string> {
    return (await this.hub.read("accountOf", sender))[0];
  }
  async token(asset = BTC): Promise<Deployed> {
    return this.chain.at("MixinAsset", (await this.hub.read("assetOf", asset))[0]);
  }
  async balanceOf(holder: string, asset = BTC): Promise<bigint> {
    return (await (await this.token(asset)).read("balanceOf", holder))[0];
  }
  /** A payment of `amount`, delivered; what the hub and the group logged. */
  async pay(
    extra: string,
    fields: Partial<EventFields> = {},
  ): Promise<{receipt: Receipt; hub: Record<string, unknown[]>; sent: {asset: string; amount: bigint; kind: bigint; memo: string}[]}> {
    const event = this.group.event(ACCOUNTS, {extra, amount: 1_000n, ...fields});
    const receipt = await this.group.deliver({events: [event]});
    return {receipt, hub: this.logsOfHub(receipt), sent: this.sentBy(receipt)};
  }
  logsOfHub({raw}: Receipt): Record<string, unknown[]> {
    const logs = raw.filter((log) => log.address.toLowerCase() === this.hub.address.toLowerCase());
    return Object.fromEntries(
      logs.flatMap((log) => {
        const parsed = this.hub.abi.parseLog(log);
        return parsed === null ? [] : [[parsed.name, [...parsed.args]]];
      }),
    );
  }
  sentBy({logs}: Receipt): {asset: string; amount: bigint; kind: bigint; memo: string}[] {
    return logs
      .filter((l) => l.name === "Outbound")
      .map((l) => ({asset: l.args["asset"], amount: l.args["amount"], kind: l.args["receiverKind"], memo: l.args["memo"]}));
  }
  /** What the process holds of an asset, and all of its tokens: the same, or money is lost or made. */
  async books(asset = BTC): Promise<{custody: bigint; supply: bigint}> {
    const token = await this.token(asset);
    const exists = (await this.chain.rpc<string>("eth_getCode", token.address, "latest")) !== "0x";
    return {custody: await this.group.balanceOf(ACCOUNTS, asset), supply: exists ? (await token.read("totalSupply"))[0] : 0n};
  }
}

export async function startAccounts(chain: Chain, policy = STRICT): Promise<Accounts> {
  const group = await activeGroup(chain);
  const hub = await chain.deploy("MixinAccounts", [group.contract.address, ACCOUNTS]);
  await group.deliver({system: [register(ACCOUNTS, hub.address, policy, GAS_LIMIT)]});
  return new Accounts(chain, group, hub);
}

export const asUuid = uuidFromHex;
