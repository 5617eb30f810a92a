import { ParleyError } from "./errors.js";

/**
 * How long an address is tried only when every address is bad, after its connection broke or an
 * attempt failed.
 */
const badFor = 30_000;

/** The addresses of a client: the one in use, and which of them are bad. */
export class Addresses {
  readonly all: readonly string[];
  #failed: number[]; // when each failed last; 0: not, or it works again
  #shuffle: <T>(list: T[]) => T[];

  constructor(urls: string | readonly string[], shuffle: <T>(list: T[]) => T[] = shuffled) {
    this.all = (typeof urls === "string" ? urls.split(",") : urls).map(checkUrl);
    if (this.all.length === 0) {
      throw new ParleyError("bad_argument", "no URL: one at least is needed");
    }
    this.#failed = this.all.map(() => 0);
    this.#shuffle = shuffle;
  }

  markGood(url: string): void {
    this.#failed[this.all.indexOf(url)] = 0;
  }

  markBad(url: string): void {
    this.#failed[this.all.indexOf(url)] = Date.now();
  }

  markAllBad(): void {
    this.#failed.fill(Date.now());
  }

  /** Those that are not bad, in random order: the clients of a dead node spread over the others. */
  good(): string[] {
    const now = Date.now();
    return this.#shuffle(this.all.filter((_, i) => now - this.#failed[i]! >= badFor));
  }

  /** All, those first that failed longest ago. */
  oldestFirst(): string[] {
    const failed = new Map(this.all.map((url, i) => [url, this.#failed[i]!]));
    return [...this.all].sort((a, b) => failed.get(a)! - failed.get(b)!);
  }
}

function shuffled<T>(list: T[]): T[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}

/** Makes a URL complete: the page's host if it has none, the path /ws if it has none. */
export function checkUrl(raw: string): string {
  let url: URL;
  const bad = (why: string): ParleyError => new ParleyError("bad_argument", `bad URL ${JSON.stringify(raw)}: ${why}`);
  try {
    url = new URL(raw.trim(), globalThis.location?.href);
  } catch {
    throw bad("want ws:// or wss:// and a host");
  }
  url.protocol = url.protocol.replace(/^http/, "ws");
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    throw bad(`its scheme is ${url.protocol.slice(0, -1)}, want ws or wss: the address of a server's HTTP listener`);
  }
  if (url.username || url.password) {
    throw bad("remove the user: the token names it");
  }
  if (url.pathname === "/") {
    url.pathname = "/ws";
  }
  url.hash = "";
  return url.href;
}
