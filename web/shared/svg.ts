/** Making SVG elements: attributes that are undefined are left out. */
export function svg<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Record<string, string | number | undefined> = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) {
      element.setAttribute(key, typeof value === "number" ? String(Math.round(value * 10) / 10) : value);
    }
  }
  element.append(...children);
  return element;
}

/** Text that is cut to at most this many characters. */
export function cut(text: string, most: number): string {
  const all = [...text];
  return all.length <= most ? text : all.slice(0, most - 1).join("") + "…";
}

/** Tells whether the user wants no motion. */
export function reducedMotion(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
