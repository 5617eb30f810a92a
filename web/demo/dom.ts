/** Makes an element. Attributes that are undefined or false are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Record<string, string | boolean | undefined> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) {
      element.setAttribute(key, value === true ? "" : value);
    }
  }
  element.append(...children);
  return element;
}

export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) {
    throw new Error(`index.html has no element ${id}`);
  }
  return element;
}

/** A button that shows what goes wrong with its work, and is disabled meanwhile. */
export function actionButton(label: string, work: () => Promise<void> | void, failed: (e: unknown) => void): HTMLButtonElement {
  const button = h("button", { type: "button" }, label);
  button.addEventListener("click", async () => {
    button.setAttribute("aria-busy", "true");
    try {
      await work();
    } catch (e) {
      failed(e);
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
  return button;
}
