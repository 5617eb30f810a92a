// Requests of the server-to-server API.

export interface User {
  id: string;
  online: boolean;
  node?: string;
  session?: string;
  since?: string;
  transport?: string;
  address?: string;
}

/** An answer that is a problem. Code is that of the wire; 0: it has none. */
export class Problem extends Error {
  constructor(
    readonly code: number,
    text: string,
  ) {
    super(text);
  }
}

/** The problem document that an answer is. */
export async function problemOf(answer: Response): Promise<Problem> {
  const status = `${answer.status} ${answer.statusText}`.trim();
  try {
    const p = (await answer.json()) as { title?: string; detail?: string; code?: number };
    return new Problem(p.code ?? 0, (p.detail ?? p.title ?? status) + (p.code ? ` (${p.code})` : ""));
  } catch {
    return new Problem(0, status);
  }
}

/** The code of a message whose outcome is not known. */
export const codeTimeout = 5001;

export class API {
  #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  /** Where a user is. */
  async user(id: string): Promise<User> {
    const { users } = await this.#ask<{ users: User[] }>("GET", `users?ids=${encodeURIComponent(id)}`);
    return users[0]!;
  }

  kick(id: string): Promise<{ removed: boolean }> {
    return this.#ask("DELETE", `users/${encodeURIComponent(id)}`);
  }

  /** Sends a message. A request with the same repeat sends nothing, and gets the same answer. */
  send(from: string, to: string, text: string, repeat: string): Promise<{ result: string }> {
    return this.#ask("POST", "messages", JSON.stringify({ from, to, text }), { "Idempotency-Key": repeat });
  }

  async #ask<T>(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<T> {
    let answer: Response;
    try {
      answer = await fetch(`../v1/${path}`, {
        method,
        headers: { Authorization: `Bearer ${this.#key}`, ...(body ? { "Content-Type": "application/json" } : {}), ...headers },
        signal: AbortSignal.timeout(15_000),
        cache: "no-store",
        ...(body ? { body } : {}),
      });
    } catch (e) {
      throw new Error(e instanceof DOMException && e.name === "TimeoutError" ? "The node has not answered within 15 s." : "The node cannot be reached.");
    }
    if (!answer.ok) throw await problemOf(answer);
    return (await answer.json()) as T;
  }
}
