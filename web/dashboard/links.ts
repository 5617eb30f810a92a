// Links: both nodes of a pair tell of theirs.
import type { LinkPicture, Picture } from "./picture.js";
import { nameOf } from "./picture.js";
import { bytes, micros } from "./format.js";
import { table } from "./dom.js";

export interface Pair {
  key: string;
  a: string;
  b: string;
  ab?: LinkPicture;
  ba?: LinkPicture;
}

/** Puts the two halves of each link together. */
export function pairs(links: readonly LinkPicture[]): Pair[] {
  const all = new Map<string, Pair>();
  for (const l of links) {
    const [a, b] = l.from < l.to ? [l.from, l.to] : [l.to, l.from];
    const key = `${a} ${b}`;
    const pair = all.get(key) ?? { key, a, b };
    if (l.from === a) pair.ab = l;
    else pair.ba = l;
    all.set(key, pair);
  }
  return [...all.values()];
}

export const suspended = (p: Pair): boolean => Boolean(p.ab?.suspended || p.ba?.suspended);

/** The longer of the two round trips, in microseconds; 0: not known. */
export const roundTrip = (p: Pair): number => Math.max(p.ab?.round_trip ?? 0, p.ba?.round_trip ?? 0);

const queued = (p: Pair): number => (p.ab?.queued ?? 0) + (p.ba?.queued ?? 0);

/** Links in trouble come first. What is under way all the time is no trouble: else the order would change each second. */
const trouble = (p: Pair): number => (suspended(p) ? 2 : queued(p) > 64 * 1024 ? 1 : 0);

const heads = ["Link", "State", "Round trip", "Not acknowledged"];

export function linksTable(t: HTMLElement, note: HTMLElement, p: Picture): void {
  const all = pairs(p.links).sort((x, y) => trouble(y) - trouble(x));
  table(
    t,
    "Links between nodes",
    heads,
    [2, 3],
    all.map((l) => ({
      key: l.key,
      state: suspended(l) ? "bad" : "",
      cells: [
        `${nameOf(l.a)} – ${nameOf(l.b)}`,
        suspended(l) ? "suspended" : l.ab && l.ba ? "up" : "up, as one side says",
        roundTrip(l) ? micros(roundTrip(l)) : "–",
        bytes(queued(l)),
      ],
    })),
    p.members > 1 ? "No node that answers tells of a link." : "A node that is alone has no links.",
  );
  note.textContent = p.links_left_off
    ? `The ${p.links.length} halves of links that matter most; ${p.links_left_off} more are in order, or in less trouble.`
    : "Each two members have one link. A round trip is that of the last probe, one each second.";
}
