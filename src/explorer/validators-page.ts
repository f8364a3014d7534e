import type {MvmClient} from "../sdk/client.ts";
import type {Validator, Validators} from "./data.ts";
import {h, s} from "./dom.ts";
import {badge, card, facts, id} from "./parts.ts";
import type {View} from "./view.ts";

/** Who decides: seats, connection, lag, votes and turns as this node sees them. */
export function validatorsPage(client: MvmClient): View {
  const element = h("main");
  async function refresh(): Promise<void> {
    const all = (await client.get("/v1/validators")) as unknown as Validators;
    const {heights, failedRounds} = all.window;
    element.replaceChildren(
      h("h1", null, "Validators"),
      card(
        "Seats",
        seatBar(all),
        facts([
          ["Epoch", all.epoch],
          ["Quorum", `${all.quorum} of ${all.seats} seats`],
          ["Next turns", turns(all)],
          ["Rounds lost", heights === 0 ? null : `${failedRounds} in the last ${heights} heights`],
        ]),
      ),
      h("div", {class: "grid"}, ...all.validators.map((validator) => one(validator, all))),
    );
  }
  return {title: "Validators", element, refresh};
}

function seatBar({seats, quorum, validators}: Validators): SVGElement {
  const width = 600;
  const unit = width / seats;
  const bar = s("svg", {
    class: "seats",
    viewBox: `0 0 ${width} 34`,
    role: "img",
    "aria-label": `${seats} seats, quorum ${quorum}`,
    preserveAspectRatio: "none",
  });
  let at = 0;
  for (const {index, seats: own, connected} of validators) {
    for (let k = 0; k < own; k++, at++)
      bar.append(
        s("rect", {class: `seat v${index % 6} ${connected ? "" : "gone"}`, x: at * unit + 1.5, y: 8, width: unit - 3, height: 18, rx: 4}),
      );
  }
  bar.append(s("line", {class: "quorum", x1: quorum * unit, x2: quorum * unit, y1: 0, y2: 34}));
  return bar;
}

/** The proposers of round 0 of the next heights. */
function turns({height, schedule}: Validators): HTMLElement {
  const next = Array.from({length: Math.min(8, schedule.length * 2)}, (_, i) => schedule[(height + 1 + i) % schedule.length] ?? 0);
  return h(
    "span",
    {class: "turns"},
    ...next.map((index, i) => h("span", {class: `turn v${index % 6}`, title: `height ${height + 1 + i}`}, index)),
  );
}

function one(validator: Validator, {own, window, seats}: Validators): HTMLElement {
  const {index, operator, consensusKey, peerId, connected, equivocated, lag, voted, proposed} = validator;
  const share = window.heights === 0 ? null : voted / window.heights;
  return h(
    "section",
    {class: "card validator"},
    h(
      "h2",
      null,
      h("span", {class: `turn v${index % 6}`}, index),
      index === own ? " this node " : " ",
      equivocated ? h("span", {class: "badge bad"}, "contradicted itself") : badge(connected ? "connected" : "away").cloneNode(true),
    ),
    facts([
      ["Seats", `${validator.seats} of ${seats}`],
      ["Height", validator.height === null ? "not told yet" : `${validator.height}${lag ? `, ${lag} behind` : ""}`],
      ["In quorums", share === null ? "none seen yet" : meter(share, `${voted} of ${window.heights}`)],
      ["Blocks", proposed],
      ["Operator", id(operator, 10, 6)],
      ["Votes with", id(consensusKey, 10, 6)],
      ["Peer", id(peerId, 10, 6)],
    ]),
  );
}

function meter(share: number, text: string): HTMLElement {
  return h(
    "span",
    {class: "meter"},
    h("meter", {min: 0, max: 1, low: 0.34, high: 0.67, optimum: 1, value: share.toFixed(3)}),
    h("small", null, text),
  );
}
