// The cards that are numbers and tables.
import type { Counts, Group, NodePicture, Picture } from "./picture.js";
import { stateText, sum } from "./picture.js";
import { bytes, count, moment, plural, rate, seconds, words } from "./format.js";
import { byId, html, keyed, setText, table } from "./dom.js";
import { carried, sentence } from "./map.js";
import { ways } from "./chart.js";

const good = new Set(["delivered", "declined", "dropped"]);

function errorsOf(counts: Counts | undefined): Record<string, number> {
  return Object.fromEntries(Object.entries(counts?.outcomes ?? {}).filter(([name]) => !good.has(name)));
}

/** What the window is called: it is shorter when the page was opened a moment ago. */
const lately = (p: Picture): string => (p.window < 55 ? `Last ${seconds(p.window)}` : "Last minute");

interface Tile {
  name: string;
  value: string;
  note: string;
  state: string;
}

export function showTiles(p: Picture): void {
  const gone = p.nodes.filter((n) => n.state === "gone").length;
  const errors = sum(errorsOf(p.minute));
  const tiles: Tile[] = [
    {
      name: "Nodes",
      value: p.answering === p.members ? count(p.members) : `${p.answering} of ${p.members}`,
      note: p.answering < p.members ? "give all figures: the sums are theirs" : gone ? `${plural(gone, "node")} gone` : "all answer",
      state: p.answering < p.members ? "bad" : gone ? "warn" : "good",
    },
    { name: "Users", value: count(p.users), note: "connected now", state: "" },
    { name: "Messages", value: rate(carried(p)), note: "per second", state: "" },
    { name: "Errors", value: count(errors), note: p.minute ? `in the ${lately(p).toLowerCase()}` : "are being counted", state: errors ? "warn" : "good" },
  ];
  keyed(
    byId("tiles"),
    tiles,
    (t) => t.name,
    (t) => html("li", { class: "card tile" }, html("span", { class: "tile-name" }, t.name), html("strong"), html("span", { class: "muted small" })),
    (e, t) => {
      e.setAttribute("data-state", t.state);
      setText(e.children[1]!, t.value);
      setText(e.children[2]!, t.note);
    },
  );
}

const maxAttention = 12;

export function showNodes(p: Picture): void {
  const odd = p.nodes.filter((n) => n.state !== "ready" || (n.members !== p.members && n.members > 0) || !n.settled);
  keyed(
    byId("attention"),
    odd.slice(0, maxAttention),
    (n) => n.id,
    () => html("li", {}, html("strong"), " ", html("span")),
    (e, n) => {
      e.setAttribute("data-state", n.state);
      setText(e.children[0]!, n.name);
      setText(e.children[1]!, n.state === "ready" ? disagreement(n, p) : sentence(n));
    },
  );
  setText(byId("more"), odd.length > maxAttention ? `and ${plural(odd.length - maxAttention, "other node")}: see the table.` : "");
  table(
    byId("nodes-table"),
    "Nodes. A star marks the one that serves this page.",
    ["Node", "State", "Users", "Sent/s", "Sees", "Queues", "Started", "Figures of", "ID"],
    [2, 3, 4, 5],
    p.nodes.map((n) => ({
      key: n.id,
      state: n.state === "ready" ? "" : n.state,
      cells: [
        n.name + (n.id === p.by ? " ★" : ""),
        n.state === "ready" ? "ready" : `${stateText[n.state]} since ${moment(n.since)}`,
        users(n),
        rate(carried(n)),
        n.heard ? `${n.members}` : "–",
        n.heard && n.state !== "other" ? bytes(n.queue_bytes) : "–",
        moment(n.started),
        moment(n.heard),
        n.id.slice(n.name.length),
      ],
    })),
    "",
  );
}

function disagreement(n: NodePicture, p: Picture): string {
  if (n.members !== p.members) return `sees ${plural(n.members, "member")}, the node that serves this page sees ${p.members}.`;
  return "has a view that not all members have announced: logins and “not found” wait.";
}

function users(n: NodePicture): string {
  if (!n.heard) return "–";
  const by = Object.entries(n.users ?? {}).filter(([name, c]) => c > 0 && name !== "any");
  return count(sum(n.users)) + (by.length ? ` (${by.map(([name, c]) => `${count(c)} ${name}`).join(", ")})` : "");
}

const wayText = { local: "local: to a user of the same node", link: "link: to another node", lookup: "lookup: asked first where the recipient is" };

export function showRates(p: Picture): void {
  keyed(
    byId("rates-legend"),
    [...ways],
    (w) => w,
    (w) => html("li", {}, html("span", { class: `swatch ${w}`, "aria-hidden": "true" }), html("strong"), html("span", {}, wayText[w])),
    (e, w) => setText(e.children[1]!, rate(p.per_second && (p.per_second.ways?.[w] ?? 0))),
  );
  table(
    byId("rates-table"),
    "Messages per second by node",
    ["Node", "Local", "Link", "Lookups", "Total sent"],
    [1, 2, 3, 4],
    p.nodes.map((n) => ({
      key: n.id,
      cells: [n.name, ...ways.map((w) => rate(n.per_second && (n.per_second.ways?.[w] ?? 0))), n.total ? count((n.total.ways?.local ?? 0) + (n.total.ways?.link ?? 0)) : "–"],
    })),
    "",
  );
}

const groupText: Partial<Record<Group, string>> = { outcomes: "message", refused: "login refused", ended: "link ended" };

export function showErrors(p: Picture): void {
  const minute = p.minute?.outcomes ?? {};
  const all = sum(minute);
  const parts = [
    { name: "delivered", n: minute.delivered ?? 0 },
    { name: "declined or dropped", n: (minute.declined ?? 0) + (minute.dropped ?? 0) },
    { name: "errors", n: sum(errorsOf(p.minute)) },
  ];
  keyed(
    byId("outcomes"),
    parts,
    (o) => o.name,
    (o) => html("div", { class: "part" }, html("span"), html("meter", { min: "0", max: "1", "aria-label": `Part of the outcomes lately: ${o.name}` })),
    (e, o) => {
      setText(e.children[0]!, `${o.name} ${count(o.n)}`);
      const meter = e.children[1] as HTMLMeterElement;
      meter.value = all ? o.n / all : 0;
      meter.className = o.n && o.name === "errors" ? "bad" : "";
    },
  );
  const rows = (["outcomes", "refused", "ended"] as const).flatMap((group) => {
    const total = group === "outcomes" ? errorsOf(p.total) : (p.total?.[group] ?? {});
    return Object.entries(total).map(([name, n]) => ({ group, name, n, now: p.minute?.[group]?.[name] ?? 0 }));
  });
  rows.sort((a, b) => b.now - a.now || b.n - a.n);
  table(
    byId("errors-table"),
    "Errors by reason",
    ["Reason", lately(p), "Since start"],
    [1, 2],
    rows.map((r) => ({
      key: `${r.group} ${r.name}`,
      state: r.now ? "warn" : "",
      cells: [`${groupText[r.group]}: ${words(r.name)}`, p.minute ? count(r.now) : "–", count(r.n)],
    })),
    "No message has failed, no login was refused, and no link has ended since the nodes started.",
  );
}

const shapingText: Record<string, string> = {
  shaped: "a client had used up its budget",
  paused: "a client did not read, or waited for outcomes",
  held: "messages of a client found no room",
  stalled: "a client did not take at once what it was sent",
  push_refused: "the queue of a recipient was full",
  login_delayed: "a login waited: too many of an address or user",
  queue_memory_refused: "the memory of all queues was used up",
};

export function showShaping(p: Picture): void {
  const answering = p.nodes.filter((n) => n.heard && n.state !== "gone" && n.state !== "silent" && n.state !== "other");
  const used = answering.reduce((all, n) => all + n.queue_bytes, 0);
  const limit = answering.every((n) => n.queue_limit) ? answering.reduce((all, n) => all + (n.queue_limit ?? 0), 0) : 0;
  setText(byId("queue"), `Queues of all users hold ${bytes(used)}${limit ? ` of ${bytes(limit)}` : ""}.`);
  table(
    byId("shaping-table"),
    "Times that a client was slowed or a queue was full",
    ["Times that", lately(p), "Since start"],
    [1, 2],
    Object.entries(shapingText).map(([name, text]) => ({
      key: name,
      state: p.minute?.shaping?.[name] ? "warn" : "",
      cells: [text, p.minute ? count(p.minute.shaping?.[name] ?? 0) : "–", count(p.total?.shaping?.[name] ?? 0)],
    })),
    "",
  );
}

export function showChanges(p: Picture): void {
  const list = byId("changes");
  const shown = p.changes.slice(0, 30);
  keyed(
    list,
    shown,
    (c) => `${c.kind} ${c.node} ${c.seen[0]!.by} ${c.at}`,
    () => html("li", {}, html("time"), html("p", {}, html("strong"), " ", html("span")), html("p", { class: "muted small" })),
    (e, c) => {
      e.setAttribute("data-kind", c.kind);
      e.children[0]!.setAttribute("datetime", c.at);
      setText(e.children[0]!, moment(c.at));
      setText(e.querySelector("strong")!, c.node.replace(/#.*/, ""));
      setText(e.querySelector("span")!, c.kind === "joined" ? "joined" : `left${c.why ? `: ${c.why}` : ""}`);
      setText(e.children[2]!, `seen by ${c.seen.map((s) => s.by.replace(/#.*/, "") + delay(c.at, s.at)).join(", ")}`);
    },
  );
}

function delay(first: string, at: string): string {
  const ms = Date.parse(at) - Date.parse(first);
  return ms >= 1 ? ` ${ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`} later` : "";
}
