import { Addresses } from "./addresses.js";
import { isFinal, type Connection } from "./connection.js";
import { closedError, Dialer } from "./dialer.js";
import { messageOf, ParleyError } from "./errors.js";
import { Emitter } from "./events.js";
import { decodeText, empty, encodeText, Kind, type Frame } from "./frame.js";
import { Message, MessageBuffer } from "./messages.js";
import type { ConnectOptions, Handlers, State } from "./options.js";
import { decodePeer, decodeReceipt, encodePeer, type Receipt, type Welcome } from "./payload.js";
import { renewTokens } from "./renewal.js";
import { Requests, type RequestOptions } from "./requests.js";
import { onWake } from "./wake.js";
import { platformWebSocket } from "./websocket.js";

const engineVer = 1;
const cmdDisconnect = 700;
const cmdSend = 701;
const cmdConnect = 702;
const cmdToken = 703;
const maxUserId = 128;
const leaveTimeout = 1000;

/** A user's connection to Parley, and the next one when that is lost. Made by connect. */
export class Client {
  #dialer: Dialer;
  #requests: Requests;
  #events = new Emitter<Handlers>();
  #iterators = new Set<MessageBuffer>();
  #maxBuffered: number;
  #connection: Connection | undefined;
  #welcome: Welcome;
  #error: ParleyError | undefined;
  #stopWaking: () => void;
  #closing: Promise<void> | undefined;
  #renewal = new AbortController(); // of the connection

  /** @internal */
  constructor(dialer: Dialer, first: Connection, options: ConnectOptions) {
    this.#dialer = dialer;
    this.#requests = new Requests(options.maxQueued ?? 8 << 20, options.maxWait ?? 30_000);
    this.#maxBuffered = options.maxBuffered ?? 8 << 20;
    this.#welcome = first.welcome;
    for (const [event, handler] of Object.entries(options.on ?? {})) {
      if (handler !== undefined) {
        this.#events.on(event as keyof Handlers, handler);
      }
    }
    this.#stopWaking = onWake(() => {
      this.#connection?.probe();
      this.#dialer.wake();
    });
    this.#adopt(first);
    // A turn later: what calls connect is then past its await and has added its handlers.
    setTimeout(() => this.#start(first), 0);
  }

  /** The user ID, which the server took from the token. */
  get user(): string {
    return this.#welcome.user;
  }

  /** The ID of the session. Each login makes a new one. */
  get session(): string {
    return this.#welcome.session;
  }

  /** The ID of the node that the client is connected to, or was last. */
  get node(): string {
    return this.#welcome.node;
  }

  /** The address of the connection, or of the last one. */
  get url(): string {
    return this.#dialer.url;
  }

  /** The longest message in bytes. */
  get maxMessage(): number {
    return this.#welcome.max_message;
  }

  get state(): State {
    return this.#error !== undefined ? "closed" : this.#connection !== undefined ? "connected" : "reconnecting";
  }

  /** Why the client is closed: its code is `closed` after close, `goodbye` if the server sent it away. */
  get error(): ParleyError | undefined {
    return this.#error;
  }

  /** Adds a handler of an event, and returns a function that removes it. */
  on<E extends keyof Handlers>(event: E, handler: Handlers[E]): () => void {
    return this.#events.on(event, handler);
  }

  /**
   * The messages from now on, for `for await`. The loop ends when the client is closed, with an
   * error if the server sent it away. What happens when the loop is slow: see MessageBuffer.
   */
  messages(): AsyncIterableIterator<Message> {
    const buffer = new MessageBuffer(this.#maxBuffered, () => this.#iterators.delete(buffer));
    if (this.#error === undefined) {
      this.#iterators.add(buffer);
    } else {
      buffer.finish(this.#whyEnded());
    }
    return buffer;
  }

  /**
   * Sends a message to another user. It resolves with what became of it; an error's `outcome`
   * tells whether the message can have arrived. While there is no connection the message waits for
   * the next one. The caller may change data after the call.
   */
  async send(to: string, data: string | Uint8Array, options?: RequestOptions): Promise<Receipt> {
    const bytes = asBytes(data);
    if (bytes.length === 0) {
      throw new ParleyError("message_nil", `nothing is sent to ${to}`, { outcome: "not_sent", number: 5002, userId: to });
    }
    return readReceipt(await this.#command(cmdSend, to, bytes, options));
  }

  /** Opens the channel with a peer ahead of the first message, which then needs no lookup. */
  async connectPeer(peer: string, options?: RequestOptions): Promise<Receipt> {
    return readReceipt(await this.#command(cmdConnect, peer, empty, options));
  }

  /** Closes the channel with a peer. A last message that is not empty is given to it. */
  async disconnectPeer(peer: string, last: string | Uint8Array = empty, options?: RequestOptions): Promise<void> {
    await this.#command(cmdDisconnect, peer, asBytes(last), options);
  }

  /** Runs a command of the server's program, and resolves with the data of its response. */
  async request(ver: number, cmd: number, payload: string | Uint8Array = empty, options?: RequestOptions): Promise<Uint8Array> {
    if (!inRange(ver, 0xff) || !inRange(cmd, 0xffff)) {
      throw new ParleyError("bad_argument", `command ${ver}.${cmd}: ver is 0 to 255, cmd 0 to 65535`, { outcome: "not_sent" });
    }
    return this.#requests.add(ver, cmd, asBytes(payload).slice(), undefined, options?.signal);
  }

  /**
   * Says goodbye to the server and ends the client. Requests under way are rejected with `closed`.
   * It resolves when the server has closed the connection, or after a second.
   */
  close(): Promise<void> {
    if (this.#closing === undefined) {
      const connection = this.#connection;
      this.#closing = connection === undefined ? Promise.resolve() : connection.leave(leaveTimeout);
      this.#finish(closedError());
    }
    return this.#closing;
  }

  async #command(cmd: number, peer: string, message: Uint8Array, options?: RequestOptions): Promise<Uint8Array> {
    const name = encodeText(peer);
    if (name.length === 0 || name.length > maxUserId || decodeText(name) !== peer) {
      const text = `user ID of ${name.length} bytes of UTF-8, 1 to ${maxUserId} are allowed`;
      throw new ParleyError("malformed", text, { outcome: "not_sent", number: 4001, userId: peer });
    }
    if (message.length > this.maxMessage) {
      const text = `${message.length} bytes to ${peer}, at most ${this.maxMessage} are allowed`;
      throw new ParleyError("too_large", text, { outcome: "not_sent", number: 5005, userId: peer });
    }
    return this.#requests.add(engineVer, cmd, encodePeer(name, message), peer, options?.signal);
  }

  #adopt(connection: Connection): void {
    this.#connection = connection;
    this.#welcome = connection.welcome;
    this.#requests.attach(connection);
    this.#renewal = new AbortController();
    if (this.#dialer.renewable) {
      const { signal } = this.#renewal;
      const send = async (token: string): Promise<Uint8Array> => {
        const data = await this.#requests.add(engineVer, cmdToken, encodeText(token), undefined, signal);
        this.#dialer.keepToken(token); // the server has accepted it
        return data;
      };
      void renewTokens(this.#welcome.token_expires_in_ms ?? 0, signal, () => this.#dialer.fetchToken(), send);
    }
  }

  #start(connection: Connection): void {
    connection.start({
      received: (f) => this.#received(f),
      ended: (why) => void this.#lost(connection, why),
    });
  }

  #received(f: Frame): void {
    if (this.#error !== undefined) {
      return;
    }
    if (f.kind === Kind.response) {
      this.#requests.response(f);
    } else if (f.ver === engineVer && f.cmd === cmdSend) {
      const { user, rest } = decodePeer(f.payload);
      const message = new Message(user, rest);
      this.#events.emit("message", message);
      for (const iterator of this.#iterators) {
        iterator.push(message);
      }
    } else if (f.ver === engineVer && f.cmd === cmdDisconnect) {
      const { user, rest } = decodePeer(f.payload);
      this.#events.emit("peerDisconnect", user, rest);
    } else {
      this.#events.emit("push", f.ver, f.cmd, f.payload);
    }
  }

  async #lost(connection: Connection, why: ParleyError): Promise<void> {
    if (this.#error !== undefined) {
      return;
    }
    this.#connection = undefined;
    this.#renewal.abort();
    this.#requests.detach(why);
    if (isFinal(why) && !this.#dialer.renew(why)) {
      this.#finish(why);
      return;
    }
    this.#events.emit("state", "reconnecting", why);
    try {
      const next = await this.#dialer.again(why, Date.now() - connection.born);
      if (this.#error !== undefined) {
        void next.leave(0);
        return;
      }
      this.#adopt(next);
      this.#events.emit("state", "connected");
      this.#start(next);
    } catch (e) {
      this.#finish(e as ParleyError);
    }
  }

  #finish(why: ParleyError): void {
    if (this.#error !== undefined) {
      return;
    }
    this.#error = why;
    this.#connection = undefined;
    this.#renewal.abort();
    this.#dialer.close();
    this.#stopWaking();
    this.#requests.close(why);
    for (const iterator of [...this.#iterators]) {
      iterator.finish(this.#whyEnded());
    }
    this.#events.emit("state", "closed", why);
  }

  #whyEnded(): ParleyError | undefined {
    return this.#error?.code === "closed" ? undefined : this.#error;
  }
}

/**
 * Connects to a server and logs in. URLs are one, several with commas between them, or an array:
 * ws:// or wss:// and a host, one for each node; the path is /ws unless another is given. Each is
 * tried once, in the order given.
 */
export async function connect(urls: string | readonly string[], options: ConnectOptions): Promise<Client> {
  const { token, getToken, signal, backoff } = options;
  if (token === undefined && getToken === undefined) {
    throw new ParleyError("bad_argument", "no token: give token or getToken");
  }
  const minPause = Math.max(1, backoff?.min ?? 200);
  const dialer = new Dialer(new Addresses(urls), {
    token,
    getToken,
    name: options.name ?? "parley-js",
    ctor: options.WebSocket ?? (await platformWebSocket()),
    minPause,
    maxPause: Math.max(minPause, backoff?.max ?? 10_000),
    random: Math.random,
  });
  const aborted = (): void => dialer.close();
  signal?.addEventListener("abort", aborted);
  if (signal?.aborted) {
    aborted();
  }
  try {
    return new Client(dialer, await dialer.first(), options);
  } catch (e) {
    throw signal?.aborted ? new ParleyError("aborted", "connect was aborted", { cause: signal.reason }) : e;
  } finally {
    signal?.removeEventListener("abort", aborted);
  }
}

function readReceipt(data: Uint8Array): Receipt {
  try {
    return decodeReceipt(data);
  } catch (e) {
    throw new ParleyError("protocol", `the server broke the protocol: ${messageOf(e)}`, { outcome: "unknown", cause: e });
  }
}

function asBytes(data: string | Uint8Array): Uint8Array {
  if (typeof data === "string") {
    return encodeText(data);
  }
  if (!(data instanceof Uint8Array)) {
    throw new ParleyError("bad_argument", "data is a string or a Uint8Array", { outcome: "not_sent" });
  }
  return data;
}

function inRange(n: number, most: number): boolean {
  return Number.isInteger(n) && n >= 0 && n <= most;
}
