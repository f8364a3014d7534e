import {ClientError, MvmClient} from "../sdk/client.ts";
import {blockPage} from "./block-page.ts";
import type {Status} from "./data.ts";
import {h} from "./dom.ts";
import {short} from "./format.ts";
import {messagesPage} from "./messages-page.ts";
import {paymentPage, payoutPage} from "./payment-page.ts";
import {validatorsPage} from "./validators-page.ts";
import type {View} from "./view.ts";

/** Least time between two refreshes, and the longest without one, ms. */
const LEAST_MS = 300;
const HEARTBEAT_MS = 4_000;

const client = new MvmClient(location.origin);
const network = h("span", {class: "network"});
const live = h("span", {class: "live", role: "status"}, "connecting");
const trouble = h("p", {class: "trouble", role: "alert", hidden: true});
const page = h("div");
const links = [
  ["#/", "Payments"],
  ["#/validators", "Validators"],
] as const;
const nav = h("nav", {"aria-label": "Pages"}, ...links.map(([href, name]) => h("a", {href}, name)));
let view: View | null = null;
let due = false;
let lastMs = 0;
let again: ReturnType<typeof setTimeout> | undefined;

function route(): View {
  const [name = "", first = "", second = ""] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  if (name === "payment") return paymentPage(client, first);
  if (name === "payout") return payoutPage(client, first, second);
  if (name === "block") return blockPage(client, first);
  return name === "validators" ? validatorsPage(client) : messagesPage(client);
}

function show(): void {
  view = route();
  document.title = `${view.title} · MVM explorer`;
  for (const link of nav.children) link.toggleAttribute("aria-current", (link as HTMLAnchorElement).hash === (location.hash || "#/"));
  page.replaceChildren(view.element);
  window.scrollTo(0, 0);
  void refresh();
}

async function refresh(): Promise<void> {
  clearTimeout(again);
  due = false;
  lastMs = performance.now();
  const asked = view;
  try {
    const [, status] = await Promise.all([asked?.refresh(), client.status()]);
    header(status as unknown as Status);
    trouble.hidden = true;
  } catch (error) {
    if (asked === view) tell(error);
  }
  again = setTimeout(() => void refresh(), HEARTBEAT_MS);
}

function header({networkId, height, active, dkg, alarms, lag}: Status): void {
  network.textContent = `network ${short(networkId, 8, 4)}`;
  live.textContent = active ? `live · ${height}` : dkg === "done" ? "activating" : `key ceremony: ${dkg}`;
  live.className = `live ${alarms.length > 0 ? "bad" : active && lag < 3 ? "good" : "warn"}`;
}

function tell(error: unknown): void {
  const text =
    error instanceof ClientError && error.code === "REFUSED"
      ? (error.data.message ?? "the node refused")
      : "The node does not answer. Trying again…";
  trouble.textContent = text;
  trouble.hidden = false;
  live.className = "live bad";
}

/** Soon, and once, however much happens meanwhile. */
function soon(): void {
  if (due) return;
  due = true;
  clearTimeout(again);
  again = setTimeout(() => void refresh(), Math.max(0, LEAST_MS - (performance.now() - lastMs)));
}

function find(event: Event): void {
  event.preventDefault();
  const text = search.value.trim();
  if (/^\d+$/.test(text)) location.hash = `#/block/${text}`;
  else if (text !== "") location.hash = `#/payment/${encodeURIComponent(text)}`;
  search.value = "";
}

function theme(): void {
  const dark = document.documentElement.dataset["theme"] ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const next = dark === "dark" ? "light" : "dark";
  document.documentElement.dataset["theme"] = next;
  try {
    localStorage.setItem("theme", next);
  } catch {} // a browser may refuse; then it lasts until the page is left
}

try {
  const chosen = localStorage.getItem("theme");
  if (chosen !== null) document.documentElement.dataset["theme"] = chosen;
} catch {}
const search = h("input", {
  type: "search",
  placeholder: "Output id, request id or height",
  "aria-label": "Find a payment or block",
  spellcheck: "false",
});
document
  .getElementById("app")
  ?.replaceChildren(
    h(
      "header",
      null,
      h("a", {href: "#/", class: "brand"}, h("span", {class: "logo"}), "MVM"),
      nav,
      h("form", {role: "search", onsubmit: find}, search),
      network,
      live,
      h("button", {class: "theme", type: "button", "aria-label": "Light or dark", title: "Light or dark", onclick: theme}, "◐"),
    ),
    trouble,
    page,
  );
const stream = new EventSource("/v1/stream"); // comes again by itself
for (const type of ["decided", "certified", "submitted"]) stream.addEventListener(type, soon);
addEventListener("hashchange", show);
let width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth !== width) soon();
  width = innerWidth;
});
show();
