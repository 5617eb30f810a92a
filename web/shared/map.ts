/**
 * A map of a cluster, drawn as SVG: a card for each node with its users, the links between them,
 * and messages that travel. It follows the width of its container. Looks: map.css.
 *
 *	const map = new ClusterMap(container);
 *	map.update({ nodes, links, users });           // as often as something changes
 *	map.travel({ from: "ada", to: "ben", via: ["n1", "n2"], tone: "good", label: "delivered 0.2 ms" });
 */
import { layout, type Layout, type Point } from "./layout.js";
import { cut, reducedMotion, svg } from "./svg.js";

export interface MapNode {
  id: string;
  /** The title of the card. Default: the id. */
  name?: string;
  state: "up" | "changing" | "down";
  /** Small lines under the title, for example "12 users". */
  lines?: readonly string[];
}

export interface MapLink {
  a: string;
  b: string;
  state?: "up" | "down";
}

export interface MapUser {
  id: string;
  /** The node's id. A user of a node that is not on the map is not drawn. */
  node: string;
  /** The user's colour, as the page's panes have it. */
  tone?: "first" | "second";
  /** The session is there, but its reader is stalled, or likewise. */
  faded?: boolean;
}

export interface MapState {
  nodes: readonly MapNode[];
  links: readonly MapLink[];
  users?: readonly MapUser[];
}

export interface Travel {
  /** The sender and the recipient. Those not on the map are left out: the way begins at a node. */
  from?: string;
  to?: string;
  /** The nodes on the way, in order. */
  via: readonly string[];
  tone: "good" | "warn" | "bad";
  /** Shown at the end of the way for a moment. */
  label?: string;
}

export interface MapOptions {
  /** Pills of users on a card before the rest is counted. Default: 4. */
  maxUsers?: number;
  /** Pills for which a card has room at least, so that the map keeps its height. Default: 1. */
  minUsers?: number;
  /** Milliseconds of a leg of a way. Default: 340. */
  legTime?: number;
  /** Messages on the map at a time; of more, the rest is not drawn. Default: 24. */
  maxTravels?: number;
}

const titleHeight = 30;
const lineHeight = 17;
const pillHeight = 22;
const pillGap = 4;
const bottom = 8;
const labelTime = 2200;
const moveTime = 600;
const wayTime = 900;
/** Users whose latest place is remembered. */
const maxRemembered = 500;
const labelHeight = 22;

interface Card {
  center: Point;
  users: Map<string, Point>;
}

export class ClusterMap {
  #container: HTMLElement;
  #root = svg("svg", { class: "map", role: "img" });
  #links = svg("g");
  #ways = svg("g", { "aria-hidden": "true" });
  #cards = svg("g");
  #pills = svg("g");
  #moving = svg("g", { "aria-hidden": "true" });
  #lastAt = new Map<string, { node: string; at: Point }>(); // of each user, also of those that are not there at the moment
  #labels = new Map<string, SVGGElement>();
  #placed = new Map<string, Card>();
  #state: MapState = { nodes: [], links: [] };
  #width = 0;
  #options: Required<MapOptions>;
  #travels = 0;
  #resized: ResizeObserver;

  constructor(container: HTMLElement, options: MapOptions = {}) {
    this.#container = container;
    this.#options = { maxUsers: 4, minUsers: 1, legTime: 340, maxTravels: 24, ...options };
    this.#root.append(this.#links, this.#ways, this.#cards, this.#pills, this.#moving);
    container.append(this.#root);
    this.#resized = new ResizeObserver(() => {
      if (Math.abs(container.clientWidth - this.#width) >= 1) {
        this.#draw();
      }
    });
    this.#resized.observe(container);
  }

  update(state: MapState): void {
    this.#state = state;
    this.#draw();
  }

  /** Shows a message on its way. Resolves when it has arrived. */
  async travel(t: Travel): Promise<void> {
    const points = this.#way(t);
    if (points.length < 2 || this.#travels >= this.#options.maxTravels || document.hidden) {
      return;
    }
    this.#travels++;
    try {
      if (reducedMotion()) {
        await this.#flash(t);
      } else {
        await this.#move(points, t);
      }
    } finally {
      this.#travels--;
    }
  }

  close(): void {
    this.#resized.disconnect();
    this.#root.remove();
  }

  #draw(): void {
    if (this.#width !== this.#container.clientWidth) {
      this.#width = this.#container.clientWidth;
      this.#lastAt.clear();
      this.#ways.replaceChildren();
      this.#moving.replaceChildren(); // what is there is at places of before
    }
    const { nodes, users = [] } = this.#state;
    const by = new Map<string, MapUser[]>(nodes.map((n) => [n.id, []]));
    for (const u of users) {
      by.get(u.node)?.push(u);
    }
    const heights = nodes.map((n) => cardHeight(n, by.get(n.id)!.length, this.#options));
    const at = layout(this.#width, heights);
    this.#root.setAttribute("viewBox", `0 0 ${this.#width} ${at.height}`);
    this.#root.setAttribute("height", String(at.height));
    this.#root.setAttribute("aria-label", describe(this.#state, by));
    this.#placed.clear();
    this.#pills.replaceChildren();
    this.#cards.replaceChildren(...nodes.map((n, i) => this.#card(n, by.get(n.id)!, at, i, heights[i]!)));
    this.#links.replaceChildren(...this.#state.links.flatMap((l) => this.#link(l)));
  }

  #card(n: MapNode, users: readonly MapUser[], at: Layout, i: number, height: number): SVGGElement {
    const { x, y } = at.tops[i]!;
    const left = x - at.cardWidth / 2;
    const letters = Math.floor((at.cardWidth - 40) / 7.6);
    const pills = new Map<string, Point>();
    const card = svg(
      "g",
      { class: `map-node ${n.state}`, "data-node": n.id },
      svg("rect", { x: left, y, width: at.cardWidth, height, rx: 10 }),
      svg("circle", { class: "lamp", cx: left + 16, cy: y + titleHeight / 2 + 1, r: 5 }),
      svg("text", { class: "title", x: left + 28, y: y + 20 }, cut(n.name ?? n.id, letters)),
    );
    let top = y + titleHeight;
    for (const line of n.lines ?? []) {
      card.append(svg("text", { class: "line", x: left + 12, y: top + 10 }, cut(line, Math.floor((at.cardWidth - 20) / 6.2))));
      top += lineHeight;
    }
    const shown = users.slice(0, users.length > this.#options.maxUsers ? this.#options.maxUsers - 1 : users.length);
    for (const u of shown) {
      this.#pill(u, left + 8, top, at.cardWidth - 16);
      pills.set(u.id, { x, y: top + pillHeight / 2 });
      top += pillHeight + pillGap;
    }
    if (shown.length < users.length) {
      card.append(svg("text", { class: "line", x: left + 12, y: top + 14 }, `and ${users.length - shown.length} more`));
      for (const u of users.slice(shown.length)) {
        pills.set(u.id, { x, y: top + pillHeight / 2 });
      }
    }
    this.#placed.set(n.id, { center: { x, y: y + titleHeight / 2 }, users: pills });
    return card;
  }

  /** Draws a user. One that was on another node before comes from there. */
  #pill(u: MapUser, x: number, y: number, width: number): void {
    const element = pill(u, x, y, width);
    this.#pills.append(element);
    const before = this.#lastAt.get(u.id);
    this.#lastAt.set(u.id, { node: u.node, at: { x, y } });
    if (before !== undefined && before.node !== u.node && !reducedMotion()) {
      const from = `translate(${before.at.x - x}px, ${before.at.y - y}px)`;
      element.animate([{ transform: from }, { transform: "none" }], { duration: moveTime, easing: "ease-in-out" });
    }
    if (this.#lastAt.size > maxRemembered) {
      this.#lastAt.delete(this.#lastAt.keys().next().value!);
    }
  }

  #link(l: MapLink): SVGLineElement[] {
    const a = this.#placed.get(l.a)?.center;
    const b = this.#placed.get(l.b)?.center;
    if (a === undefined || b === undefined) {
      return [];
    }
    return [svg("line", { class: `map-link ${l.state ?? "up"}`, x1: a.x, y1: a.y, x2: b.x, y2: b.y })];
  }

  #way(t: Travel): Point[] {
    const points: Point[] = [];
    const nodes = t.via.flatMap((id) => this.#placed.get(id) ?? []);
    const sender = t.from === undefined ? undefined : nodes[0]?.users.get(t.from);
    const recipient = t.to === undefined ? undefined : nodes.at(-1)?.users.get(t.to);
    if (sender !== undefined) {
      points.push(sender);
    }
    points.push(...nodes.map((n) => n.center));
    if (recipient !== undefined) {
      points.push(recipient);
    }
    return points;
  }

  async #move(points: readonly Point[], t: Travel): Promise<void> {
    const dot = svg("circle", { class: `map-dot ${t.tone}`, r: 6 });
    this.#moving.append(dot);
    const lengths = points.slice(1).map((p, i) => Math.hypot(p.x - points[i]!.x, p.y - points[i]!.y));
    const whole = lengths.reduce((sum, l) => sum + Math.max(l, 40), 0);
    let gone = 0;
    const frames = points.map((p, i) => {
      gone += i === 0 ? 0 : Math.max(lengths[i - 1]!, 40);
      return { transform: `translate(${p.x}px, ${p.y}px)`, offset: gone / whole };
    });
    const time = this.#options.legTime * lengths.length;
    await finished(dot.animate(frames, { duration: time, fill: "both" }));
    dot.remove();
    this.#label(t);
  }

  /** Without motion the links on the way light up for a moment. */
  async #flash(t: Travel): Promise<void> {
    const points = t.via.flatMap((id) => this.#placed.get(id)?.center ?? []);
    const line = svg("polyline", { class: `map-way ${t.tone}`, points: points.map((p) => `${p.x},${p.y}`).join(" ") });
    this.#ways.append(line);
    this.#label(t);
    await new Promise((done) => setTimeout(done, wayTime));
    line.remove();
  }

  /** One label above each card: a newer one takes the older one's place. */
  #label(t: Travel): void {
    const place = [...t.via].reverse().find((id) => this.#placed.has(id));
    if (t.label === undefined || place === undefined) {
      return;
    }
    this.#labels.get(place)?.remove();
    const { center } = this.#placed.get(place)!;
    const width = t.label.length * 6.9 + 20;
    const x = Math.min(Math.max(center.x, width / 2 + 2), this.#width - width / 2 - 2);
    const y = center.y - titleHeight / 2 - labelHeight / 2 - 2;
    const label = svg(
      "g",
      { class: `map-label ${t.tone}` },
      svg("rect", { x: x - width / 2, y: y - labelHeight / 2, width, height: labelHeight, rx: labelHeight / 2 }),
      svg("text", { x, y: y + 4.5, "text-anchor": "middle" }, t.label),
    );
    this.#labels.set(place, label);
    this.#moving.append(label);
    setTimeout(() => {
      label.remove();
      if (this.#labels.get(place) === label) {
        this.#labels.delete(place);
      }
    }, labelTime);
  }
}

function cardHeight(n: MapNode, users: number, options: Required<MapOptions>): number {
  const pill = pillHeight + pillGap;
  const content = (n.lines ?? []).length * lineHeight + Math.min(users, options.maxUsers) * pill;
  return titleHeight + Math.max(content, options.minUsers * pill) + bottom;
}

function pill(u: MapUser, x: number, y: number, width: number): SVGGElement {
  return svg(
    "g",
    { class: `map-user ${u.tone ?? ""} ${u.faded ? "faded" : ""}`, "data-user": u.id },
    svg("title", {}, u.id),
    svg("rect", { x, y, width, height: pillHeight, rx: pillHeight / 2 }),
    svg("text", { x: x + width / 2, y: y + 15, "text-anchor": "middle" }, cut(u.id, Math.floor((width - 16) / 7.2))),
  );
}

function describe(state: MapState, by: ReadonlyMap<string, readonly MapUser[]>): string {
  const words = { up: "", changing: ", changing", down: ", down" };
  const cards = state.nodes.map((n) => {
    const users = by.get(n.id)!.map((u) => u.id);
    const detail = [...(n.lines ?? []), users.length > 0 ? `users ${users.slice(0, 8).join(", ")}` : ""].filter((s) => s !== "");
    return `${n.name ?? n.id}${words[n.state]}: ${detail.join(", ") || "no users"}`;
  });
  return `Cluster of ${state.nodes.length} nodes. ${cards.join(". ")}.`;
}

function finished(a: Animation): Promise<unknown> {
  return a.finished.catch(() => undefined); // cancelled with its page
}
