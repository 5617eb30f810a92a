import { connect, ParleyError, type Client, type Message, type Receipt } from "../../sdk/js/src/index.js";
import { token } from "./api.js";

/** The command that sets the rules of internal/demopage. */
const rulesVer = 255;
const rulesCmd = 1;
/** Milliseconds before the next attempt of a login that no node has answered. */
const retryPause = 1000;

export interface Rules {
  decline: boolean;
  rewrite: boolean;
}

export interface Place {
  name: string;
  ws: string;
}

export interface SessionHandlers {
  message(from: string, text: string): void;
  peerGone(peer: string): void;
  /** The session is on another node than before, or in another state. */
  changed(): void;
  note(text: string): void;
}

/** A user of this page: one client after another, as the user moves and logs in again. */
export class Session {
  readonly user: string;
  rules: Rules = { decline: false, rewrite: false };
  #handlers: SessionHandlers;
  #client: Client | undefined;
  #brokenAt = 0;
  #login: Promise<void> | undefined; // under way

  constructor(user: string, handlers: SessionHandlers) {
    this.user = user;
    this.#handlers = handlers;
  }

  /** The name of the node, "" before the first login. */
  get node(): string {
    return this.#client === undefined ? "" : nodeName(this.#client);
  }

  get state(): "connecting" | "connected" | "reconnecting" | "closed" {
    return this.#client?.state ?? "connecting";
  }

  /** Logs in at the first place that answers, again and again until one does. */
  async start(places: () => Place[]): Promise<void> {
    for (;;) {
      try {
        await this.login(places());
        return;
      } catch (e) {
        this.#handlers.note(`No login yet: ${textOf(e)}. Trying again.`);
        await new Promise((done) => setTimeout(done, retryPause));
      }
    }
  }

  /**
   * Logs in at the first place that answers. An older session of the user ends: its channels go
   * over to the new one, and its peers notice nothing.
   */
  async login(places: Place[]): Promise<void> {
    if (this.#login !== undefined) {
      return this.#login;
    }
    this.#login = this.#connect(places);
    try {
      await this.#login;
    } finally {
      this.#login = undefined;
      this.#handlers.changed();
    }
  }

  /** Sends a message. While the user moves it waits for the new session. */
  async send(to: string, text: string): Promise<Receipt> {
    await this.#login?.catch(() => undefined);
    return this.#need().send(to, text);
  }

  /** Ends the channel with a peer. */
  clear(peer: string): Promise<void> {
    return this.#need().disconnectPeer(peer);
  }

  async setRules(rules: Rules): Promise<void> {
    this.rules = rules;
    await this.#need().request(rulesVer, rulesCmd, JSON.stringify(rules));
  }

  async #connect(places: Place[]): Promise<void> {
    const old = this.#client;
    const client = await connect(
      places.map((p) => p.ws),
      {
        getToken: () => token(this.user),
        name: "parley-demo-page",
        on: {
          message: (m: Message) => this.#handlers.message(m.from, readable(m)),
          peerDisconnect: (peer: string) => this.#handlers.peerGone(peer),
          state: (_state, why) => this.#stateChanged(client, why),
        },
      },
    );
    this.#client = client;
    void old?.close();
    await this.#sendRules();
  }

  #need(): Client {
    if (this.#client === undefined) {
      throw new Error(`${this.user} is not logged in yet`);
    }
    return this.#client;
  }

  async #sendRules(): Promise<void> {
    if (this.rules.decline || this.rules.rewrite) {
      await this.setRules(this.rules);
    }
  }

  #stateChanged(client: Client, why: ParleyError | undefined): void {
    if (client !== this.#client || (this.#login !== undefined && client.state === "closed")) {
      return; // the user moves: the older session has ended as it should
    }
    if (client.state === "reconnecting") {
      this.#brokenAt = performance.now();
      this.#handlers.note(`The connection broke. ${this.user} looks for a node.`);
    } else if (client.state === "connected") {
      const away = Math.round(performance.now() - this.#brokenAt);
      this.#handlers.note(`${this.user} is back, on ${nodeName(client)}, after ${away} ms.`);
      this.#sendRules().catch((e: unknown) => this.#handlers.note(textOf(e)));
    } else if (why?.code === "goodbye") {
      this.#handlers.note(
        why.goodbye === 2002
          ? `${this.user} has logged in elsewhere, perhaps in another tab. A user has one session: the newest.`
          : `The server sent ${this.user} away: ${why.message}`,
      );
    }
    this.#handlers.changed();
  }
}

function readable(m: Message): string {
  try {
    return m.text;
  } catch {
    return `(${m.data.length} bytes that are no text)`;
  }
}

function nodeName(client: Client): string {
  return client.node.split("#")[0]!;
}

export function textOf(e: unknown): string {
  return e instanceof Error ? e.message : String(e);
}
