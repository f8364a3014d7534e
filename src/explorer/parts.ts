import type {Payment, Payout, Words} from "./data.ts";
import {h} from "./dom.ts";
import {short} from "./format.ts";

const TONES: Readonly<Record<string, string>> = {
  delivered: "good",
  registered: "good",
  credited: "good",
  paid: "good",
  refunded: "warn",
  refunding: "warn",
  returned: "warn",
  parked: "bad",
  held: "bad",
};

/** The stage as a coloured word. */
export function badge(stage: string, note = ""): HTMLElement {
  return h("span", {class: `badge ${TONES[stage] ?? "busy"}`}, stage, note !== "" && h("small", null, ` ${note}`));
}

/** An id that is shown short and copied whole. */
export function id(text: string, head = 8, tail = 4): HTMLElement {
  const copy = (event: Event) => {
    event.preventDefault();
    event.stopPropagation();
    void navigator.clipboard?.writeText(text).then(() => {
      const button = event.target as HTMLElement;
      button.classList.add("copied");
      setTimeout(() => button.classList.remove("copied"), 900);
    });
  };
  return h("button", {class: "id", type: "button", title: `${text}: copy`, onclick: copy}, short(text, head, tail));
}

export function card(title: string | null, ...children: (Node | string | null | false)[]): HTMLElement {
  return h("section", {class: "card"}, title !== null && h("h2", null, title), ...children);
}

/** Names and values. */
export function facts(rows: readonly (readonly [string, Node | string | number | null | undefined])[]): HTMLElement {
  return h(
    "dl",
    {class: "facts"},
    ...rows.flatMap(([name, value]) =>
      value === null || value === undefined || value === "" ? [] : [h("dt", null, name), h("dd", null, value)],
    ),
  );
}

/** What it means, and what to do. */
export function words({means, cure}: Words, tone: string): HTMLElement {
  return h(
    "div",
    {class: `words ${tone}`},
    h("p", null, means),
    cure !== "Nothing to do." && h("p", {class: "cure"}, h("strong", null, "Next: "), cure),
  );
}

export function toneOf(stage: string): string {
  return TONES[stage] ?? "busy";
}

export function linkTo(item: Payment | Payout): string {
  return "outputId" in item ? `#/payment/${item.outputId}` : `#/payout/${item.process}/${item.nonce}`;
}

export function nothing(text: string): HTMLElement {
  return h("p", {class: "nothing"}, text);
}
