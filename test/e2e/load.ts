import {utf8} from "../../src/base/bytes.ts";
import {decimal, units} from "../../src/sdk/payment.ts";
import {encodeMemo, PURPOSE} from "../../src/types/operation.ts";
import {payGroup, receivedBy, type TestNetwork} from "./network.ts";
import {until} from "./processes.ts";

const TEXT = "under load ";

/** Payments to the echo app, each of another amount and with another text, which the app sends back as they came. */
export class Load {
  readonly #network: TestNetwork;
  #last: Promise<unknown> = Promise.resolve();
  readonly #paid: {readonly id: string; readonly amount: bigint}[] = [];

  constructor(network: TestNetwork) {
    this.#network = network;
  }

  get count(): number {
    return this.#paid.length;
  }

  /** One after the other, as a wallet pays: two at once would spend the same output. Resolves with what was paid, 1e-8 units. */
  pay(): Promise<bigint> {
    const paid = this.#last.then(() => this.#pay());
    this.#last = paid.catch(() => {});
    return paid;
  }

  async #pay(): Promise<bigint> {
    const {net} = this.#network;
    const amount = units("0.001") + BigInt(this.#paid.length);
    const extra = utf8(`${TEXT}${this.#paid.length}`);
    const memo = encodeMemo({purpose: PURPOSE.message, process: net.developer.app_id, platform: "", address: "", extra});
    this.#paid.push({id: await payGroup(net, net.user, decimal(amount), memo), amount});
    return amount;
  }

  /** Pays every so often while `work` runs. */
  async during(everyMs: number, work: () => Promise<void>): Promise<void> {
    let isOver = false;
    const worked = work().finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await this.pay();
      await Promise.race([worked, new Promise((resolve) => setTimeout(resolve, everyMs))]);
    }
    await worked;
  }

  /** ms until a payment that is made now has come back. Rejects after `ms`. */
  async roundTrip(ms: number): Promise<number> {
    const began = performance.now();
    const amount = await this.pay();
    await until(async () => (await this.#returned()).includes(amount), `a payment of ${amount} comes back`, ms);
    return performance.now() - began;
  }

  /** Resolves once every payment has come back; rejects where one does not within `ms`. */
  async allBack(ms: number): Promise<void> {
    const missing = async () => {
      const returned = await this.#returned();
      return this.#paid.filter(({amount}) => !returned.includes(amount));
    };
    let left = await missing();
    await until(
      async () => {
        left = await missing();
        return left.length === 0;
      },
      () => `${left.length} of ${this.#paid.length} payments have not come back: ${left.map(({id}) => id).join(", ")}`,
      ms,
    );
  }

  /** What is wrong with what has come back: payments that came back twice, and money that nobody paid. */
  async strange(): Promise<bigint[]> {
    const expected = new Set(this.#paid.map(({amount}) => amount));
    return (await this.#returned()).filter((amount) => !expected.delete(amount));
  }

  /** One entry for each output that the app has sent; the user's own change says nothing. */
  async #returned(): Promise<bigint[]> {
    const outputs = await receivedBy(this.#network.net, this.#network.net.user);
    return outputs.filter(({memo}) => memo.startsWith(TEXT)).map(({amount}) => amount);
  }
}
