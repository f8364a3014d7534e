import type {Item} from "./data.ts";
import {s} from "./dom.ts";
import {duration} from "./format.ts";
import {latencyMs} from "./stations.ts";

const HEIGHT = 150;
const PAD = {left: 56, right: 8, top: 10, bottom: 22};
const BARS_MAX = 40;
export const PARTS = ["seen to decided", "to certificate", "to the contract", "to final"] as const;

/** What each of the newest messages took, in its parts; newest on the right. */
export function latencyChart(items: readonly Item[], width: number): SVGSVGElement {
  const all = items.flatMap((item) => {
    const total = item.direction === "in" && item.nonce !== null ? latencyMs(item) : null;
    return total === null || item.direction === "out" ? [] : [{item, total, parts: partsOf(item.times)}];
  });
  const bars = all.slice(0, BARS_MAX).reverse();
  const top = nice(Math.max(100, ...bars.map((bar) => bar.total)));
  const picture = axes(
    width,
    [0, top / 2, top].map((ms) => ({at: ms / top, text: duration(ms)})),
    "Latency of the newest messages, by part",
  );
  const room = width - PAD.left - PAD.right;
  const step = room / Math.max(bars.length, 20);
  for (const [i, {item, total, parts}] of bars.entries()) {
    const x = width - PAD.right - step * (bars.length - i);
    const group = s("g", {class: "bar"}, s("title", null, `nonce ${item.nonce}: ${duration(total)}`));
    let below = 0;
    for (const [k, part] of parts.entries()) {
      const size = (part / top) * plot();
      const y = PAD.top + plot() - below - size;
      group.append(s("rect", {class: `part p${k}`, x, y, width: Math.max(2, step - 3), height: Math.max(0, size)}));
      below += size;
    }
    picture.append(group);
  }
  return picture;
}

/** Payments per minute in and out, for the last half hour. */
export function throughputChart(items: readonly Item[], width: number, nowMs: number): SVGSVGElement {
  const minutes = 30;
  const counts = Array.from({length: minutes}, () => ({in: 0, out: 0}));
  for (const {direction, times} of items) {
    const atMs = times.decidedMs;
    const back = atMs === undefined ? minutes : Math.floor((nowMs - atMs) / 60_000);
    const bucket = counts[minutes - 1 - back];
    if (bucket !== undefined) bucket[direction]++;
  }
  const top = Math.max(4, nice(Math.max(...counts.map((c) => c.in + c.out))));
  const picture = axes(
    width,
    [0, top / 2, top].map((n) => ({at: n / top, text: `${n}`})),
    "Payments per minute in the last half hour",
  );
  const step = (width - PAD.left - PAD.right) / minutes;
  for (const [i, count] of counts.entries()) {
    const x = PAD.left + step * i;
    const sizes = [count.in, count.out].map((n) => (n / top) * plot());
    const [inSize = 0, outSize = 0] = sizes;
    picture.append(
      s("rect", {class: "part in", x, y: PAD.top + plot() - inSize, width: Math.max(2, step - 3), height: inSize}),
      s("rect", {class: "part out", x, y: PAD.top + plot() - inSize - outSize, width: Math.max(2, step - 3), height: outSize}),
    );
  }
  picture.append(
    s("text", {class: "axis start", x: PAD.left, y: HEIGHT - 6}, "30 min ago"),
    s("text", {class: "axis end", x: width - PAD.right, y: HEIGHT - 6}, "now"),
  );
  return picture;
}

function partsOf({observedMs, decidedMs, certifiedMs, submittedMs, deliveredMs, parkedMs}: Item["times"]): number[] {
  const points = [observedMs ?? decidedMs, decidedMs, certifiedMs, submittedMs, deliveredMs ?? parkedMs];
  const parts: number[] = [];
  let last = points[0] ?? 0;
  for (const point of points.slice(1)) {
    const at = Math.max(last, point ?? last); // only the submitter knows when it submitted
    parts.push(at - last);
    last = at;
  }
  return parts;
}

function plot(): number {
  return HEIGHT - PAD.top - PAD.bottom;
}

function axes(width: number, marks: readonly {at: number; text: string}[], label: string): SVGSVGElement {
  const picture = s("svg", {class: "chart", viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": label});
  for (const {at, text} of marks) {
    const y = PAD.top + plot() * (1 - at);
    picture.append(
      s("line", {class: "grid", x1: PAD.left, x2: width - PAD.right, y1: y, y2: y}),
      s("text", {class: "axis end", x: PAD.left - 8, y: y + 4}, text),
    );
  }
  return picture;
}

/** The next of 1, 2, 4, 5, 10 times a power of ten. */
function nice(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return ([1, 2, 4, 5, 10].find((n) => n * power >= value) ?? 10) * power;
}
