// Small helpers around the DOM. Elements that stay are changed in place, so that focus, selection
// and open details survive each event.

type Child = Node | string;

export const byId = <E extends HTMLElement = HTMLElement>(id: string): E => {
  const e = document.getElementById(id);
  if (!e) throw new Error(`there is no element ${id}`);
  return e as E;
};

export function html<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  e.append(...children);
  return e;
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number> = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
  set(e, attributes);
  e.append(...children);
  return e;
}

export function set(e: Element, attributes: Record<string, string | number>): void {
  for (const [name, value] of Object.entries(attributes)) {
    const text = String(value);
    if (e.getAttribute(name) !== text) e.setAttribute(name, text);
  }
}

export function setText(e: Element, text: string): void {
  if (e.textContent !== text) e.textContent = text;
}

/** Has parent have one child for each item, in their order, and keeps those whose keys it had. */
export function keyed<T>(
  parent: Element,
  items: readonly T[],
  key: (item: T) => string,
  make: (item: T) => Element,
  update: (e: Element, item: T) => void = () => {},
): void {
  const old = new Map<string, Element>();
  for (const child of parent.children) old.set(child.getAttribute("data-key") ?? "", child);
  let next = parent.firstElementChild;
  for (const item of items) {
    const k = key(item);
    let e = old.get(k);
    old.delete(k);
    if (!e) {
      e = make(item);
      e.setAttribute("data-key", k);
    }
    update(e, item);
    if (e === next) next = next.nextElementSibling;
    else parent.insertBefore(e, next);
  }
  for (const e of old.values()) e.remove();
}

export interface Row {
  key: string;
  cells: string[];
  state?: string;
}

/** Fills a table: the first cell of each row is its header; numeric columns are set to the right. */
export function table(t: HTMLElement, caption: string, heads: string[], numeric: number[], rows: Row[], none: string): void {
  if (!t.firstElementChild) {
    t.append(
      html("caption", { class: "visually-hidden" }, caption),
      html("thead", {}, html("tr", {}, ...heads.map((h, i) => html("th", { scope: "col", class: numeric.includes(i) ? "number" : "" }, h)))),
      html("tbody"),
    );
  }
  heads.forEach((text, i) => setText(t.querySelector("thead tr")!.children[i]!, text));
  const body = t.querySelector("tbody")!;
  const shown = rows.length > 0 ? rows : [{ key: "\0none", cells: [none] }];
  keyed(
    body,
    shown,
    (r) => r.key,
    (r) =>
      r.key === "\0none"
        ? html("tr", {}, html("td", { colspan: String(heads.length), class: "muted" }, none))
        : html("tr", {}, ...r.cells.map((_, i) => (i === 0 ? html("th", { scope: "row" }) : html("td", { class: numeric.includes(i) ? "number" : "" })))),
    (e, r) => {
      r.cells.forEach((text, i) => setText(e.children[i]!, text));
      e.setAttribute("data-state", r.state ?? "");
    },
  );
}

/** Calls draw with the width of an element in CSS pixels, now and when it changes. */
export function onWidth(e: HTMLElement, draw: (width: number) => void): void {
  let last = 0;
  new ResizeObserver(() => {
    const width = Math.floor(e.clientWidth);
    if (width > 0 && width !== last) draw((last = width));
  }).observe(e);
}
