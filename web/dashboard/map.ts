// The nodes and their links as a drawing. It says nothing that the table and the list below it do
// not say: it is hidden from screen readers.
import type { NodePicture, Picture } from "./picture.js";
import { stateText, sum } from "./picture.js";
import type { Pair } from "./links.js";
import { pairs, roundTrip, suspended } from "./links.js";
import { count, micros, moment, plural, rate } from "./format.js";
import { keyed, onWidth, set, setText, svg } from "./dom.js";

/** With more nodes than these, links have no labels, and thin lines. */
const maxThick = 5;
/** With more, nodes stand in rows, and only the links in trouble are drawn. */
const maxRing = (width: number): number => (width < 480 ? 6 : 8);
/** With more, nodes have no names. */
const maxNames = 48;

interface Place {
  x: number;
  y: number;
  r: number;
}

export class NodeMap {
  #svg = svg("svg", { "aria-hidden": "true", focusable: "false" });
  #links = svg("g", { class: "links" });
  #trips = svg("g", { class: "trips" });
  #nodes = svg("g", { class: "nodes" });
  #width = 0;
  #picture: Picture | null = null;

  constructor(parent: HTMLElement) {
    this.#svg.append(this.#links, this.#nodes, this.#trips);
    parent.append(this.#svg);
    onWidth(parent, (width) => {
      this.#width = width;
      this.#draw();
    });
  }

  show(p: Picture): void {
    this.#picture = p;
    this.#draw();
  }

  #draw(): void {
    const p = this.#picture;
    if (!p || !this.#width) return;
    const n = p.nodes.length;
    const width = this.#width;
    const many = n > maxRing(width);
    const { places, height } = many ? rows(p.nodes, width) : ring(p.nodes, width);
    set(this.#svg, { viewBox: `0 0 ${width} ${height}`, width, height });
    const shown = pairs(p.links).filter((l) => places.has(l.a) && places.has(l.b) && (!many || suspended(l)));
    keyed(
      this.#links,
      shown,
      (l) => l.key,
      () => svg("line"),
      (e, l) => {
        const [a, b] = ends(l, places);
        set(e, { x1: a.x, y1: a.y, x2: b.x, y2: b.y, class: suspended(l) ? "suspended" : n > maxThick ? "up thin" : "up" });
      },
    );
    keyed(
      this.#trips,
      n <= maxThick ? shown : [],
      (l) => l.key,
      () => svg("g", {}, svg("rect", { y: -9, height: 18 }), svg("text")),
      (e, l) => {
        const text = suspended(l) ? "suspended" : roundTrip(l) ? micros(roundTrip(l)) : "";
        const { x, y } = between(...ends(l, places));
        const half = text.length * 3.4 + (text ? 5 : 0);
        set(e, { transform: `translate(${x} ${y})` });
        set(e.children[0]!, { x: -half, width: 2 * half });
        set(e.children[1]!, { class: suspended(l) ? "suspended" : "" });
        setText(e.children[1]!, text);
      },
    );
    keyed(
      this.#nodes,
      p.nodes,
      (node) => node.id,
      () => svg("g", {}, svg("circle"), svg("text", { class: "users" }), svg("text", { class: "name" }), svg("text", { class: "note" }), svg("title")),
      (e, node) => drawNode(e, node, places.get(node.id)!, n > maxNames, node.id === p.by),
    );
  }
}

function ends(l: Pair, places: Map<string, Place>): [Place, Place] {
  return [places.get(l.a)!, places.get(l.b)!];
}

/** Where the label of a line stands: in the middle of what is seen of it. */
function between(a: Place, b: Place): { x: number; y: number } {
  const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
  const from = a.r / length;
  const to = 1 - b.r / length;
  const at = (from + to) / 2;
  return { x: round(a.x + (b.x - a.x) * at), y: round(a.y + (b.y - a.y) * at) };
}

const round = (n: number): number => Math.round(n * 10) / 10;

/** The radius of a node: its area shows its users, between a smallest and a largest. */
function radius(nodes: readonly NodePicture[], small: number, large: number): (n: NodePicture) => number {
  const most = Math.max(1, ...nodes.map((n) => sum(n.users)));
  return (n) => round(small + (large - small) * Math.sqrt(sum(n.users) / most));
}

interface Layout {
  places: Map<string, Place>;
  height: number;
}

/** Places many nodes in rows: with room for names, or as dots. */
function rows(nodes: readonly NodePicture[], width: number): Layout {
  const named = nodes.length <= maxNames;
  const [wide, high, middle] = named ? [112, 104, 34] : [36, 36, 18];
  const across = Math.max(1, Math.floor(width / wide));
  const step = width / across;
  const r = named ? radius(nodes, 20, 32) : radius(nodes, 6, 15);
  const places = new Map(nodes.map((n, i) => [n.id, { x: round(((i % across) + 0.5) * step), y: Math.floor(i / across) * high + middle, r: r(n) }]));
  return { places, height: Math.ceil(nodes.length / across) * high };
}

/** Places nodes on an ellipse, the first on the left if there are two, else at the top. */
function ring(nodes: readonly NodePicture[], width: number): Layout {
  const n = nodes.length;
  const height = n <= 1 ? 190 : n === 2 ? 230 : Math.round(Math.min(420, Math.max(320, width * 0.45)));
  const large = width < 480 || nodes.length > 6 ? 34 : 46;
  const sized = radius(nodes, large * 0.6, large);
  const label = 40;
  const places = new Map<string, Place>();
  const angles = nodes.map((_, i) => (nodes.length === 2 ? Math.PI : -Math.PI / 2) + (2 * Math.PI * i) / nodes.length);
  const low = Math.max(...angles.map(Math.sin));
  const high = Math.min(...angles.map(Math.sin));
  nodes.forEach((node, i) => {
    const r = sized(node);
    if (nodes.length === 1) {
      places.set(node.id, { x: width / 2, y: height / 2 - label / 2, r });
      return;
    }
    const x = width / 2 + Math.cos(angles[i]!) * Math.min(width / 2 - large - 24, height * 0.95);
    const top = large + 4;
    const bottom = height - large - label;
    const down = low - high < 0.1 ? 0.5 : (Math.sin(angles[i]!) - high) / (low - high);
    places.set(node.id, { x: round(x), y: round(top + down * (bottom - top)), r });
  });
  return { places, height };
}

const marks = { ready: "", not_ready: "…", silent: "?", other: "?", gone: "×" } as const;

function drawNode(e: Element, node: NodePicture, at: Place, many: boolean, serves: boolean): void {
  const [circle, users, name, note, title] = e.children as unknown as SVGElement[];
  set(e, { class: `node ${node.state}`, transform: `translate(${at.x} ${at.y})` });
  set(circle!, { r: at.r });
  const present = node.state !== "gone" && node.state !== "silent";
  set(users!, { y: 1 });
  setText(users!, many ? "" : present ? count(sum(node.users)) : marks[node.state]);
  set(name!, { y: at.r + 17 });
  setText(name!, many ? "" : node.name + (serves ? " ★" : ""));
  set(note!, { y: at.r + 33 });
  setText(note!, many ? "" : nodeNote(node));
  setText(title!, `${node.name}: ${sentence(node)}`);
}

/** The line below a node's name. */
function nodeNote(node: NodePicture): string {
  switch (node.state) {
    case "ready":
      return node.per_second ? `${rate(carried(node))} msg/s` : "";
    case "other":
    case "not_ready":
      return stateText[node.state];
    case "silent":
      return `no answer, ${moment(node.since)}`;
    case "gone":
      return `gone, ${moment(node.since)}`;
  }
}

/** Messages that a node's users sent, each second. */
export const carried = (f: NodePicture | Picture): number | undefined =>
  f.per_second && (f.per_second.ways?.local ?? 0) + (f.per_second.ways?.link ?? 0);

/** What is to be said of a node, without its name. */
export function sentence(node: NodePicture): string {
  const why = node.reason ? `: ${node.reason}` : "";
  const had = node.heard ? ` It had ${plural(sum(node.users), "user")} at ${moment(node.heard)}.` : "";
  switch (node.state) {
    case "ready":
      return `${plural(sum(node.users), "user")}, ${rate(carried(node))} messages per second`;
    case "not_ready":
      return `has taken no users since ${moment(node.since)}${why}.`;
    case "silent":
      return `has not answered since ${moment(node.since)}${why}.${had}`;
    case "other":
      return `answers with less than the others${why}. It has ${plural(sum(node.users), "user")}.`;
    case "gone":
      return `left at ${moment(node.since)}${why}.${had}`;
  }
}
