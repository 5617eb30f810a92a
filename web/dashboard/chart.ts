// Lines over the last five minutes: messages per second by way. The list above it has the newest
// values, and the table below it those of each node.
import type { Picture } from "./picture.js";
import { rate } from "./format.js";
import { keyed, onWidth, set, setText, svg } from "./dom.js";

export const ways = ["local", "link", "lookup"] as const;
const span = 300_000;
const gap = 3_500;
const height = 190;
const pad = { top: 10, right: 8, bottom: 22, left: 44 };

interface Sample {
  at: number;
  values: Record<string, number>;
}

export class RateChart {
  #samples: Sample[] = [];
  #width = 0;
  #grid = svg("g", { class: "grid" });
  #lines = svg("g", { class: "lines" });
  #svg = svg("svg", { "aria-hidden": "true", focusable: "false" }, this.#grid, this.#lines);

  constructor(parent: HTMLElement) {
    parent.append(this.#svg);
    onWidth(parent, (width) => {
      this.#width = width;
      this.#draw();
    });
  }

  show(p: Picture): void {
    if (!p.per_second) return;
    const at = Date.parse(p.at);
    this.#samples = this.#samples.filter((s) => s.at > at - span && s.at < at);
    this.#samples.push({ at, values: p.per_second.ways ?? {} });
    this.#draw();
  }

  #draw(): void {
    if (!this.#width) return;
    const width = this.#width;
    set(this.#svg, { viewBox: `0 0 ${width} ${height}`, width, height });
    const end = this.#samples.at(-1)?.at ?? 0;
    const top = ceiling(Math.max(10, ...this.#samples.flatMap((s) => ways.map((w) => s.values[w] ?? 0))));
    const x = (at: number) => pad.left + (width - pad.left - pad.right) * (1 - (end - at) / span);
    const y = (value: number) => height - pad.bottom - (height - pad.top - pad.bottom) * (value / top);
    const rows = [0, top / 2, top].map((v) => ({ key: `y${v / top}`, x1: pad.left, x2: width - pad.right, y: y(v), text: rate(v), tx: pad.left - 6, ty: y(v) + 4, anchor: "end" }));
    const columns = [5, 4, 3, 2, 1, 0].map((m) => {
      const at = x(end - m * 60_000);
      return { key: `x${m}`, x1: at, x2: at, y: height - pad.bottom, text: m ? `−${m} min` : "now", tx: at, ty: height - 6, anchor: m === 5 ? "start" : m ? "middle" : "end" };
    });
    keyed(
      this.#grid,
      [...rows, ...(width < 420 ? columns.filter((_, i) => i % 2 === 1) : columns)],
      (g) => g.key,
      () => svg("g", {}, svg("line"), svg("text")),
      (e, g) => {
        const [line, text] = e.children as unknown as SVGElement[];
        set(line!, { x1: g.x1, x2: g.x2, y1: g.y, y2: g.key.startsWith("x") ? g.y + 4 : g.y });
        set(text!, { x: g.tx, y: g.ty, "text-anchor": g.anchor });
        setText(text!, g.text);
      },
    );
    keyed(
      this.#lines,
      [...ways],
      (w) => w,
      (w) => svg("path", { class: `way ${w}` }),
      (e, w) => set(e, { d: path(this.#samples, (s) => [x(s.at), y(s.values[w] ?? 0)]) }),
    );
  }
}

/** A line through samples, which breaks where there were none for a while. */
function path(samples: readonly Sample[], point: (s: Sample) => [number, number]): string {
  let d = "";
  let before = -Infinity;
  for (const s of samples) {
    const [x, y] = point(s);
    d += `${s.at - before > gap ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
    if (s.at - before > gap) d += "h0.1"; // a point alone is seen, too
    before = s.at;
  }
  return d;
}

/** The next of 1, 2, 4, 6, 10, 20, … that is not below n. */
function ceiling(n: number): number {
  const unit = 10 ** Math.floor(Math.log10(n));
  return unit * [1, 2, 4, 6, 10].find((m) => m * unit >= n)!;
}
