import { h } from "./dom.js";
import type { Verdict } from "./words.js";

/** Entries of a log; older ones are removed. */
const maxEntries = 200;
/** Sent messages that the server may still report. */
const maxUnreported = 20;

/** The messages of a pane. */
export class Log {
  readonly element: HTMLElement;
  #unreported: { to: string; bytes: number; tell: (us: number) => void }[] = [];
  #run: { from: string; element: HTMLElement; next: number; disorder: number } | undefined;

  constructor(label: string) {
    this.element = h("div", { class: "log", role: "log", "aria-label": label, "aria-live": "polite", tabindex: "0" });
  }

  note(text: string): void {
    this.#add(h("div", { "data-kind": "note" }, text));
  }

  received(from: string, text: string): void {
    const numbered = /^no\. (\d+) of \d+(, \d+ kb each)?/i.exec(text);
    if (numbered !== null) {
      this.#numbered(from, Number(numbered[1]), numbered[0]);
      return;
    }
    this.#run = undefined;
    this.#add(h("div", { "data-kind": "received", "data-from": from }, h("b", {}, `${from} `), h("span", { class: "text" }, cutText(text))));
  }

  /** Adds a sent message, and returns what tells its outcome. */
  sent(to: string, text: string): (v: Verdict) => void {
    const outcome = h("small", {}, "on its way");
    const entry = h(
      "div",
      { "data-kind": "sent", "data-outcome": "pending" },
      h("b", {}, `to ${to} `),
      h("span", { class: "text" }, cutText(text)),
      outcome,
    );
    this.#add(entry);
    let verdict: Verdict | undefined;
    let atServers: number | undefined; // milliseconds
    const show = (): void => {
      if (verdict !== undefined) {
        entry.dataset.outcome = verdict.outcome;
        outcome.className = verdict.tone;
        outcome.textContent = verdict.text(atServers);
      }
    };
    this.#unreported.push({
      to,
      bytes: new TextEncoder().encode(text).length,
      tell: (us) => {
        atServers = us / 1000;
        show();
      },
    });
    this.#unreported.splice(0, this.#unreported.length - maxUnreported);
    return (v) => {
      verdict = v;
      show();
    };
  }

  /** Adds what the sender's node has measured to the entry of the message. */
  reported(to: string, bytes: number, us: number): void {
    const i = this.#unreported.findIndex((u) => u.to === to && u.bytes === bytes);
    if (i >= 0) {
      this.#unreported.splice(0, i + 1).at(-1)!.tell(us); // those before were not reported
    }
  }

  /** One entry counts a run of numbered messages, and whether they came in order. */
  #numbered(from: string, n: number, text: string): void {
    if (this.#run === undefined || this.#run.from !== from || n === 1) {
      const element = h("span", { class: "text" });
      this.#run = { from, element, next: 1, disorder: 0 };
      this.#add(h("div", { "data-kind": "received", "data-from": from, "aria-live": "off" }, h("b", {}, `${from} `), element));
    }
    const run = this.#run;
    if (n !== run.next) {
      run.disorder++;
    }
    run.next = n + 1;
    run.element.textContent =
      `${text}: ` + (run.disorder === 0 ? "all in order, none twice, none missing" : `${run.disorder} times out of order`);
  }

  #add(entry: HTMLElement): void {
    const { element } = this;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
    element.append(entry);
    while (element.childElementCount > maxEntries) {
      element.firstElementChild!.remove();
    }
    if (atEnd) {
      element.scrollTop = element.scrollHeight;
    }
  }
}

function cutText(text: string): string {
  return text.length <= 400 ? text : `${text.slice(0, 60)}… (${text.length.toLocaleString("en")} characters)`;
}
