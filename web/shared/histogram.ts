/**
 * A histogram of times, drawn as SVG on a logarithmic axis, with its percentiles as text beside it.
 * Looks: histogram.css.
 *
 *	drawHistogram(container, histogramOf(times), { title: "1,000 messages" });
 *
 * The dashboard has buckets and percentiles from the nodes: it fills in Histogram by itself.
 */
import { svg } from "./svg.js";

export interface Bucket {
  /** Bounds in milliseconds: from excluded, to included. */
  from: number;
  to: number;
  count: number;
}

export interface Histogram {
  buckets: readonly Bucket[];
  count: number;
  /** Percentiles and the like in milliseconds, in the order in which they are to be listed. */
  marks: readonly { name: string; ms: number }[];
}

export interface HistogramOptions {
  title: string;
  /** CSS pixels. Default: 140. */
  height?: number;
}

/** Buckets for each doubling of the time. */
const perDoubling = 4;

/** Sorts times, in milliseconds, into buckets that grow evenly. */
export function histogramOf(times: readonly number[]): Histogram {
  const sorted = [...times].sort((a, b) => a - b);
  if (sorted.length === 0) {
    return { buckets: [], count: 0, marks: [] };
  }
  const index = (ms: number): number => Math.ceil(Math.log2(Math.max(ms, 0.001)) * perDoubling);
  const first = index(sorted[0]!);
  const last = index(sorted.at(-1)!);
  const buckets = Array.from({ length: last - first + 1 }, (_, i) => ({
    from: 2 ** ((first + i - 1) / perDoubling),
    to: 2 ** ((first + i) / perDoubling),
    count: 0,
  }));
  for (const ms of sorted) {
    buckets[index(ms) - first]!.count++;
  }
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)]!;
  const marks = [
    { name: "median", ms: at(0.5) },
    { name: "90th percentile", ms: at(0.9) },
    { name: "99th percentile", ms: at(0.99) },
    { name: "slowest", ms: sorted.at(-1)! },
  ];
  return { buckets, count: sorted.length, marks };
}

/** A time in three digits: 214 µs, 3.41 ms, 1.20 s. */
export function shortTime(ms: number): string {
  if (ms < 0.9995) {
    return `${Math.round(ms * 1000)} µs`;
  }
  const [value, unit] = ms < 999.5 ? [ms, "ms"] : [ms / 1000, "s"];
  return `${value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0)} ${unit}`;
}

/** Fills the container with the histogram. What was in it is gone. */
export function drawHistogram(container: HTMLElement, h: Histogram, options: HistogramOptions): void {
  const figure = document.createElement("figure");
  figure.className = "histogram";
  const caption = document.createElement("figcaption");
  caption.textContent = options.title;
  const marks = document.createElement("dl");
  for (const m of h.marks) {
    const name = document.createElement("dt");
    name.textContent = m.name;
    const value = document.createElement("dd");
    value.textContent = shortTime(m.ms);
    const pair = document.createElement("div");
    pair.append(name, value);
    marks.append(pair);
  }
  figure.append(caption, bars(h, Math.max(container.clientWidth, 240), options), marks);
  container.replaceChildren(figure);
}

function bars(h: Histogram, width: number, options: HistogramOptions): SVGSVGElement {
  const height = options.height ?? 140;
  const axis = 20;
  const plot = height - axis - 14;
  const root = svg("svg", {
    viewBox: `0 0 ${width} ${height}`,
    role: "img",
    "aria-label": `${options.title}. ${h.marks.map((m) => `${m.name} ${shortTime(m.ms)}`).join(", ")}`,
  });
  if (h.buckets.length === 0) {
    root.append(svg("text", { x: 4, y: plot }, "no messages yet"));
    return root;
  }
  // A slot wider than this would make a few buckets look like a wall.
  const slot = Math.min(width / h.buckets.length, 48);
  const left = (width - slot * h.buckets.length) / 2;
  const most = Math.max(...h.buckets.map((b) => b.count));
  for (const [i, b] of h.buckets.entries()) {
    const tall = b.count === 0 ? 0 : Math.max(2, (b.count / most) * plot);
    const x = left + i * slot;
    root.append(
      svg(
        "rect",
        { class: "bar", x: x + 1, y: 14 + plot - tall, width: Math.max(slot - 2, 1), height: tall },
        svg("title", {}, `${shortTime(b.from)} to ${shortTime(b.to)}: ${b.count}`),
      ),
    );
  }
  root.append(svg("line", { class: "axis", x1: 0, y1: 14 + plot, x2: width, y2: 14 + plot }));
  root.append(svg("text", { class: "tick", x: Math.max(left, 2), y: 11 }, `most in one bar: ${most}`));
  let free = -Infinity; // where the last label ends
  for (const [i, b] of h.buckets.entries()) {
    const text = shortTime(b.from);
    const x = left + i * slot;
    const half = text.length * 3.4;
    const at = Math.min(Math.max(x, half), width - half);
    if (at - half > free + 14) {
      root.append(svg("line", { class: "axis", x1: x, y1: 14 + plot, x2: x, y2: 18 + plot }));
      root.append(svg("text", { class: "tick", x: at, y: height - 3, "text-anchor": "middle" }, text));
      free = at + half;
    }
  }
  return root;
}
