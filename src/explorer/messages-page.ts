import type {MvmClient} from "../sdk/client.ts";
import {latencyChart, PARTS, throughputChart} from "./charts.ts";
import type {Item, Page, Status, Validators} from "./data.ts";
import {h} from "./dom.ts";
import {ago, amountOf, duration, median, short} from "./format.ts";
import {badge, card, linkTo, nothing} from "./parts.ts";
import {latencyMs} from "./stations.ts";
import type {View} from "./view.ts";

const LIMIT = 200;
const ROWS = 60;

/** Everything at a glance: four numbers, two charts, and the list of payments both ways as it grows. */
export function messagesPage(client: MvmClient): View {
  const tiles = h("div", {class: "tiles"});
  const latency = h("div", {class: "plot"});
  const throughput = h("div", {class: "plot"});
  const body = h("tbody");
  const empty = nothing("No payment yet. The first one appears here as soon as a validator sees it on Mixin.");
  const older = h("div", {class: "older"});
  const known = new Set<string>();
  const more: Item[] = [];
  let first = true;

  const element = h(
    "main",
    null,
    tiles,
    h(
      "div",
      {class: "pair"},
      card("Latency", latency, h("p", {class: "legend"}, ...PARTS.map((name, i) => h("span", {class: `key p${i}`}, name)))),
      card("Throughput", throughput, h("p", {class: "legend"}, h("span", {class: "key in"}, "in"), h("span", {class: "key out"}, "out"))),
    ),
    card(
      "Payments",
      h(
        "table",
        {class: "list"},
        h(
          "thead",
          null,
          h("tr", null, ...["", "Amount", "Process", "Place", "Stage", "Took", "When"].map((name) => h("th", {scope: "col"}, name))),
        ),
        body,
      ),
      empty,
      older,
    ),
  );

  async function refresh(): Promise<void> {
    const [page, status, validators] = (await Promise.all([
      client.get(`/v1/activity?limit=${LIMIT}`),
      client.get("/v1/status"),
      client.get("/v1/validators"),
    ])) as unknown as [Page, Status, Validators];
    const now = Date.now();
    tiles.replaceChildren(...tilesOf(page.items, status, validators, now));
    latency.replaceChildren(latencyChart(page.items, latency.clientWidth));
    throughput.replaceChildren(throughputChart(page.items, throughput.clientWidth, now));
    const items = [...page.items.slice(0, ROWS), ...more];
    empty.hidden = items.length > 0;
    const fresh = (key: string) => !first && !known.has(key);
    body.replaceChildren(...items.map((item) => row(item, now, fresh(keyOf(item)))));
    for (const item of items) known.add(keyOf(item));
    first = false;
    const next = page.items.length > ROWS ? indexOf(page.items[ROWS - 1]) : page.next;
    older.replaceChildren(
      ...(next === null || more.length > 0
        ? []
        : [h("button", {class: "plain", type: "button", onclick: () => void showOlder(next)}, "Older payments")]),
    );
  }

  async function showOlder(before: number): Promise<void> {
    const page = (await client.get(`/v1/activity?limit=${LIMIT}&before=${before}`)) as unknown as Page;
    more.push(...page.items);
    await refresh();
  }

  return {title: "Payments", element, refresh};
}

function tilesOf(items: readonly Item[], status: Status, {validators}: Validators, now: number): HTMLElement[] {
  const took = items.flatMap((item) => (item.direction === "in" && item.nonce !== null ? (latencyMs(item) ?? []) : [])).slice(0, 100);
  const middle = median(took);
  const recent = items.filter(({times}) => (times.decidedMs ?? 0) > now - 600_000).length;
  const connected = validators.filter((v) => v.connected).length;
  const stuck = items.filter((item) => item.stage === "parked" || item.stage === "held").length;
  const tile = (name: string, value: string, note: string, tone = "") =>
    h(
      "div",
      {class: `tile ${tone}`},
      h("span", {class: "tile-name"}, name),
      h("strong", null, value),
      h("span", {class: "tile-note"}, note),
    );
  return [
    tile(
      "Height",
      status.height.toLocaleString("en"),
      status.lag > 0 ? `${status.lag} behind the others` : `epoch ${status.epoch}`,
      status.lag > 2 ? "warn" : "",
    ),
    tile("Mixin to app", middle === null ? "–" : duration(middle), took.length === 0 ? "no message seen yet" : `median of ${took.length}`),
    tile("Last 10 minutes", String(recent), recent === 1 ? "payment" : "payments"),
    tile("Validators", `${connected} / ${validators.length}`, "connected to this node", connected < validators.length ? "warn" : ""),
    tile("Stuck", String(stuck), stuck === 0 ? "nothing parked or held" : "parked or held", stuck > 0 ? "bad" : ""),
  ];
}

function row(item: Item, now: number, fresh: boolean): HTMLTableRowElement {
  const took = item.direction === "in" ? latencyMs(item) : outTook(item);
  const atMs = item.times.createdMs ?? item.times.decidedMs;
  const back = item.direction === "in" && item.refundByApp != null ? "paid back" : "";
  const cell = (name: string, ...children: (Node | string)[]) => h("td", {"data-name": name}, ...children);
  const link = h("a", {href: linkTo(item), class: "row-link"}, amountOf(item.amount, item.asset));
  return h(
    "tr",
    {class: fresh ? "fresh" : "", onclick: () => link.click()},
    cell(
      "",
      h(
        "span",
        {class: `arrow ${item.direction}`, title: item.direction === "in" ? "Mixin to app" : "app to Mixin"},
        item.direction === "in" ? "→" : "←",
      ),
    ),
    cell("Amount", link),
    cell("Process", h("code", null, item.process == null ? "–" : short(item.process, 8, 0))),
    cell("Place", item.height === null ? "–" : `${item.nonce == null ? "" : `#${item.nonce} · `}h ${item.height}`),
    cell("Stage", badge(item.stage, item.reason !== null && item.reason !== "REGISTERED" ? item.reason : back)),
    cell("Took", took === null ? "–" : duration(took)),
    cell("When", atMs === undefined ? "before this run" : ago(atMs, now)),
  );
}

function outTook({times}: Item): number | null {
  return times.decidedMs === undefined || times.paidMs === undefined ? null : times.paidMs - times.decidedMs;
}
function keyOf(item: Item): string {
  return item.direction === "in" ? item.outputId : item.traceId;
}
function indexOf(item: Item | undefined): number | null {
  const index = (item as {index?: number | null} | undefined)?.index;
  return index ?? null;
}
