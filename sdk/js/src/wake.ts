/** What of a page or a worker tells that the machine woke, or that its network has changed. */
interface Page {
  addEventListener?: (type: string, f: () => void) => void;
  removeEventListener?: (type: string, f: () => void) => void;
  document?: EventTarget & { visibilityState: string };
  navigator?: { connection?: EventTarget };
}

/**
 * Calls f when the page becomes visible, resumes, or its network changes. It returns a function
 * that ends that. In Node f is never called.
 */
export function onWake(f: () => void, page: Page = globalThis as Page): () => void {
  if (page.addEventListener === undefined) {
    return () => undefined;
  }
  const { document } = page;
  const visible = (): void => {
    if (document!.visibilityState === "visible") {
      f();
    }
  };
  const listeners: [Pick<EventTarget, "addEventListener" | "removeEventListener"> | undefined, string, () => void][] = [
    [page as EventTarget, "online", f],
    [page as EventTarget, "offline", f],
    [page as EventTarget, "pageshow", f],
    [document, "visibilitychange", visible],
    [document, "resume", f],
    [page.navigator?.connection, "change", f],
  ];
  for (const [target, type, listener] of listeners) {
    target?.addEventListener(type, listener);
  }
  return () => {
    for (const [target, type, listener] of listeners) {
      target?.removeEventListener(type, listener);
    }
  };
}
