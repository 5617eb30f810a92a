/** The page's side of internal/demopage. */

export interface UserState {
  id: string;
  transport: string;
  stalled?: boolean;
}

export interface NodeState {
  name: string;
  state: "up" | "starting" | "down";
  ws: string;
  users: UserState[];
  more: number;
  visitor?: boolean;
}

export interface State {
  mode: "cluster" | "node";
  nodes: NodeState[];
  links: [string, string][];
  join: { url: string; local: boolean };
}

export interface MessageReport {
  kind: string;
  from: string;
  to: string;
  via: string;
  owner?: string;
  at?: string;
  way: "local" | "lookup" | "link";
  /** From its sending to its outcome at the sender's node, in microseconds. */
  us: number;
  outcome: string;
  bytes: number;
}

export interface Caption {
  step?: number;
  steps?: number;
  text: string;
}

export interface FeedHandlers {
  state(state: State): void;
  messages(messages: MessageReport[], left: number): void;
  caption(caption: Caption): void;
  /** The server of the page is there, or not. */
  alive(alive: boolean): void;
}

/** Tells what happens until the page is closed. The browser connects again by itself. */
export function follow(handlers: FeedHandlers): void {
  const source = new EventSource("/api/events");
  const on = <T>(name: string, handle: (data: T) => void): void =>
    source.addEventListener(name, (e) => handle(JSON.parse((e as MessageEvent<string>).data) as T));
  on("state", handlers.state);
  on<{ messages?: MessageReport[]; left?: number }>("messages", (m) => handlers.messages(m.messages ?? [], m.left ?? 0));
  on("caption", handlers.caption);
  source.onopen = () => handlers.alive(true);
  source.onerror = () => handlers.alive(false);
}

/** Asks the server for something. An error's message is what the server says. */
export async function post<T>(path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method: "POST" };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { "Content-Type": "application/json" };
  }
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new Error("the demo does not answer: is it still running?");
  }
  const answer = (await response.json().catch(() => ({ error: response.statusText }))) as T & { error?: string };
  if (!response.ok) {
    throw new Error(answer.error ?? response.statusText);
  }
  return answer;
}

export function token(user: string): Promise<string> {
  return post<{ token: string }>("/api/token", { user }).then((a) => a.token);
}
