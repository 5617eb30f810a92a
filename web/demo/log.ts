import { h } from "./dom.js";
import type { Verdict } from "./words.js";

/** Entries of a log; older ones are removed. */
const maxEntries = 200;

/** The messages of a pane. */
export class Log {
  readonly element: HTMLElement;
  #run: { from: string; element: HTMLElement; next: number; disorder: number } | undefined;

  constructor(label: string) {
    this.element = h("ol", { class: "log", role: "log", "aria-label": label, "aria-live": "polite", tabindex: "0" });
  }

  note(text: string): void {
    this.#add(h("li", { "data-kind": "note" }, text));
  }

  received(from: string, text: string): void {
    const numbered = /^no\. (\d+) of \d+/i.exec(text);
    if (numbered !== null) {
      this.#numbered(from, Number(numbered[1]), text);
      return;
    }
    this.#run = undefined;
    this.#add(h("li", { "data-kind": "received", "data-from": from }, h("b", {}, `${from} `), h("span", { class: "text" }, cutText(text))));
  }

  /** Adds a sent message, and returns what tells its outcome. */
  sent(to: string, text: string): (v: Verdict) => void {
    const outcome = h("small", {}, "on its way");
    const entry = h(
      "li",
      { "data-kind": "sent", "data-outcome": "pending" },
      h("b", {}, `to ${to} `),
      h("span", { class: "text" }, cutText(text)),
      outcome,
    );
    this.#add(entry);
    return (v) => {
      entry.dataset.outcome = v.outcome;
      outcome.className = v.tone;
      outcome.textContent = v.text;
    };
  }

  /** One entry counts a run of numbered messages, and whether they came in order. */
  #numbered(from: string, n: number, text: string): void {
    if (this.#run === undefined || this.#run.from !== from || n === 1) {
      const element = h("span", { class: "text" });
      this.#run = { from, element, next: 1, disorder: 0 };
      this.#add(h("li", { "data-kind": "received", "data-from": from, "aria-live": "off" }, h("b", {}, `${from} `), element));
    }
    const run = this.#run;
    if (n !== run.next) {
      run.disorder++;
    }
    run.next = n + 1;
    run.element.textContent =
      `${cutText(text)} — ` + (run.disorder === 0 ? "all in order, none twice, none missing" : `${run.disorder} times out of order`);
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
