import type {Payment} from "./data.ts";
import {s} from "./dom.ts";
import {duration} from "./format.ts";
import {type Station, stationsOf, wayBack} from "./stations.ts";

const NARROW = 720;

/** The journey of one payment as a picture, as wide as there is room. */
export function drawJourney(payment: Payment, width: number): SVGSVGElement {
  const stations = stationsOf(payment);
  return width < NARROW ? drawDown(payment, stations, width) : drawAcross(payment, stations, width);
}

function drawAcross(payment: Payment, stations: readonly Station[], width: number): SVGSVGElement {
  const back = wayBack(payment);
  const height = back === null ? 178 : 246;
  const y = 92;
  const step = (width - 40) / stations.length;
  const x = (i: number) => 20 + step * (i + 0.5);
  const picture = frame(width, height, payment);
  for (const zone of zonesOf(stations)) {
    const left = 20 + step * zone.from + 4;
    const size = step * (zone.to - zone.from + 1) - 8;
    picture.append(
      s("rect", {class: "zone", x: left, y: 8, width: size, height: height - 16, rx: 14}),
      s("text", {class: "zone-name", x: left + 16, y: 34}, zone.name),
    );
  }
  for (const [i, station] of stations.entries()) {
    const next = stations[i + 1];
    if (next === undefined) continue;
    const ahead = next.state === "ahead" || next.state === "now";
    picture.append(s("line", {class: `rail ${ahead ? "ahead" : "done"}`, x1: x(i) + 15, y1: y, x2: x(i + 1) - 15, y2: y}));
    const took = between(station, next);
    if (took !== null) picture.append(s("text", {class: "took", x: (x(i) + x(i + 1)) / 2, y: y - 12}, took));
  }
  for (const [i, station] of stations.entries()) picture.append(...drawStation(station, x(i), y), ...labelBelow(station, x(i), y));
  if (back !== null) {
    const from = back.fromApp ? stations.length - 1 : 2;
    const low = y + 112;
    const [right, left] = [x(from), x(0)];
    const path = `M${right} ${y + 62} V${low - 14} Q${right} ${low} ${right - 14} ${low} H${left + 14} Q${left} ${low} ${left} ${low - 14} V${y + 68}`;
    picture.append(
      s("path", {class: `rail back ${back.done ? "done" : "ahead"}`, d: path, "marker-end": "url(#tip)"}),
      s("text", {class: "took back", x: (right + left) / 2, y: low - 10}, back.text),
    );
  }
  return picture;
}

function drawDown(payment: Payment, stations: readonly Station[], width: number): SVGSVGElement {
  const back = wayBack(payment);
  const row = 66;
  const height = stations.length * row + (back === null ? 16 : row + 24);
  const x = 30;
  const y = (i: number) => 40 + row * i;
  const picture = frame(width, height, payment);
  for (const zone of zonesOf(stations)) {
    const top = y(zone.from) - 32;
    picture.append(
      s("rect", {class: "zone", x: 2, y: top, width: width - 4, height: row * (zone.to - zone.from + 1) - 6, rx: 12}),
      s("text", {class: "zone-name end", x: width - 16, y: top + 22}, zone.name),
    );
  }
  for (const [i, station] of stations.entries()) {
    const next = stations[i + 1];
    if (next === undefined) continue;
    const ahead = next.state === "ahead" || next.state === "now";
    picture.append(s("line", {class: `rail ${ahead ? "ahead" : "done"}`, x1: x, y1: y(i) + 15, x2: x, y2: y(i + 1) - 15}));
    const took = between(station, next);
    if (took !== null) picture.append(s("text", {class: "took start", x: x + 24, y: (y(i) + y(i + 1)) / 2 + 8}, took));
  }
  for (const [i, station] of stations.entries())
    picture.append(
      ...drawStation(station, x, y(i)),
      s("text", {class: `name start ${station.state}`, x: x + 24, y: y(i) - 1}, station.name),
      s("text", {class: "detail start", x: x + 24, y: y(i) + 15}, station.detail),
    );
  if (back !== null) {
    const last = y(stations.length - 1);
    const end = last + row + 4;
    picture.append(
      s("line", {class: `rail back ${back.done ? "done" : "ahead"}`, x1: x, y1: last + 15, x2: x, y2: end - 12, "marker-end": "url(#tip)"}),
      s("text", {class: "took back start", x: x + 24, y: end - 2}, `${back.text}, on Mixin`),
    );
  }
  return picture;
}

function frame(width: number, height: number, payment: Payment): SVGSVGElement {
  const words = stationsOf(payment)
    .filter((station) => station.state === "done" || station.state === "failed")
    .map((station) => station.name);
  return s(
    "svg",
    {class: "journey", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `Journey so far: ${words.join(", ")}`},
    s(
      "defs",
      null,
      s(
        "marker",
        {id: "tip", viewBox: "0 0 10 10", refX: 6, refY: 5, markerWidth: 6, markerHeight: 6, orient: "auto-start-reverse"},
        s("path", {class: "tip", d: "M0 0L10 5L0 10z"}),
      ),
    ),
  );
}

function drawStation({state}: Station, x: number, y: number): SVGElement[] {
  const parts: SVGElement[] = [s("circle", {class: `stop ${state}`, cx: x, cy: y, r: 13})];
  if (state === "done") parts.push(s("path", {class: "mark", d: `M${x - 5} ${y}l3.5 4 6.5-8`}));
  if (state === "failed") parts.push(s("path", {class: "mark", d: `M${x - 4} ${y - 4}l8 8m0-8l-8 8`}));
  if (state === "now") parts.push(s("circle", {class: "pulse", cx: x, cy: y, r: 5}));
  return parts;
}

function labelBelow(station: Station, x: number, y: number): SVGElement[] {
  return [
    s("text", {class: `name ${station.state}`, x, y: y + 36}, station.name),
    s("text", {class: "detail", x, y: y + 54}, station.detail),
  ];
}

function between(from: Station, to: Station): string | null {
  return from.atMs === null || to.atMs === null || to.atMs < from.atMs ? null : duration(to.atMs - from.atMs);
}

function zonesOf(stations: readonly Station[]): {name: string; from: number; to: number}[] {
  const zones: {name: string; from: number; to: number}[] = [];
  for (const [i, {zone}] of stations.entries()) {
    const last = zones.at(-1);
    if (last?.name === zone) last.to = i;
    else zones.push({name: zone, from: i, to: i});
  }
  return zones;
}
