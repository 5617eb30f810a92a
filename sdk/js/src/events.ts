/** Handlers of events. Each event may have several, which run in the order they were added. */
export class Emitter<Events extends Record<string, (...args: any[]) => void>> {
  #handlers = new Map<keyof Events, Set<(...args: any[]) => void>>();

  /** Adds a handler, and returns a function that removes it. */
  on<E extends keyof Events>(event: E, handler: Events[E]): () => void {
    const wrapped = (...args: unknown[]): void => handler(...args);
    const all = this.#handlers.get(event) ?? new Set();
    this.#handlers.set(event, all.add(wrapped));
    return () => void all.delete(wrapped);
  }

  /** Calls the handlers. What one throws is reported as uncaught, and the others run. */
  emit<E extends keyof Events>(event: E, ...args: Parameters<Events[E]>): void {
    for (const handler of [...(this.#handlers.get(event) ?? [])]) {
      try {
        handler(...args);
      } catch (e) {
        queueMicrotask(() => {
          throw e;
        });
      }
    }
  }
}
