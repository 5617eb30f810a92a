// Latencies: a small histogram for each kind of duration, and their percentiles.
import type { Picture, Summary } from "./picture.js";
import { count, micros, plural, seconds } from "./format.js";
import { html, keyed, set, setText, svg, table } from "./dom.js";

const kinds: Record<string, string> = {
  lookup: "Lookup: where is a user?",
  login: "Login, until the cluster has confirmed it",
  round_trip: "Round trip between nodes",
  callback: "Callbacks of the node's program",
  hook: "Webhook",
};
const bars = 23;
const size = { width: 230, height: 56 };

interface Kind {
  name: string;
  title: string;
  times: Summary;
}

function kindsOf(p: Picture): Kind[] {
  const none: Summary = { count: 0, p50: 0, p90: 0, p99: 0, buckets: [] };
  const known = Object.keys(kinds).filter((name) => name !== "hook" || p.times?.[name]);
  const more = Object.keys(p.times ?? {}).filter((name) => !(name in kinds));
  return [...known, ...more].map((name) => ({ name, title: kinds[name] ?? name, times: p.times?.[name] ?? none }));
}

export function showTimes(parent: HTMLElement, t: HTMLElement, note: HTMLElement, p: Picture): void {
  setText(note, p.window ? `of the last ${p.window < 55 ? seconds(p.window) : "minute"}` : "");
  const all = kindsOf(p);
  keyed(
    parent,
    all,
    (k) => k.name,
    (k) =>
      html(
        "figure",
        {},
        html("figcaption", {}, k.title),
        svg("svg", { viewBox: `0 0 ${size.width} ${size.height + 14}`, "aria-hidden": "true", focusable: "false" }, svg("g"), svg("g", { class: "axis" })),
        html("p", { class: "percentiles" }),
      ),
    draw,
  );
  table(
    t,
    `Percentiles of durations`,
    ["What", "Median", "90th", "99th", "Counted"],
    [1, 2, 3, 4],
    all.map((k) => ({ key: k.name, cells: [k.title, ...percentiles(k.times), count(k.times.count)] })),
    "",
  );
}

const percentiles = (s: Summary): string[] => (s.count ? [s.p50, s.p90, s.p99].map(micros) : ["–", "–", "–"]);

function draw(e: Element, k: Kind): void {
  const [drawn, axis] = e.querySelectorAll("g");
  const most = Math.max(1, ...k.times.buckets);
  const step = size.width / bars;
  keyed(
    drawn!,
    Array.from({ length: bars }, (_, i) => ({ i, n: k.times.buckets[i] ?? 0 })),
    (b) => String(b.i),
    () => svg("rect"),
    (r, b) => {
      const h = b.n ? Math.max(2, (b.n / most) * size.height) : 1;
      set(r, { x: b.i * step + 1, width: step - 2, y: size.height - h, height: h, class: b.n ? "some" : "" });
    },
  );
  keyed(
    axis!,
    [
      { text: "4 µs", x: 0, anchor: "start" },
      { text: "1 ms", x: 9 * step, anchor: "middle" },
      { text: "1 s", x: 19 * step, anchor: "middle" },
    ],
    (a) => a.text,
    (a) => svg("text", { x: a.x, y: size.height + 12, "text-anchor": a.anchor }, a.text),
  );
  const [p50, , p99] = percentiles(k.times);
  set(e, { class: k.times.count ? "some" : "none" });
  const text = e.querySelector(".percentiles")!;
  setText(text, k.times.count ? `median ${p50}, 99 % within ${p99} · ${plural(k.times.count, "time")}` : "none in this time");
}
