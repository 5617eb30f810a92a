import type { Message } from "./messages.js";
import type { ParleyError } from "./errors.js";
import type { WebSocketConstructor } from "./websocket.js";

/** How a client is with its connection. It ends in `closed`. */
export type State = "connected" | "reconnecting" | "closed";

/** The handlers that `on` takes, by event. */
export type Handlers = {
  /** A message from another user. */
  message: (message: Message) => void;
  /** A push of the server's program. */
  push: (ver: number, cmd: number, payload: Uint8Array) => void;
  /** A peer has left or disconnected. `last` is its last message, or empty. */
  peerDisconnect: (peer: string, last: Uint8Array) => void;
  /** The connection was lost, made anew, or closed for good; `why` says why it ended. Not called by connect itself. */
  state: (state: State, why?: ParleyError) => void;
};

/** Options of connect. `token`, `getToken` or both are needed. */
export interface ConnectOptions {
  /** The token to log in with. */
  token?: string;
  /**
   * Returns a fresh token. It is called when there is none yet; before the session's token expires,
   * to replace it; and when a server has refused the last one (goodbye 2001): then once, and if
   * the fresh token is refused too the client is closed. The signal says that the client was
   * closed meanwhile.
   */
  getToken?: (options: { signal: AbortSignal }) => string | Promise<string>;
  /** Handlers that miss nothing, whatever is awaited between connect and on. */
  on?: Partial<Handlers>;
  /** Gives connect up. It has no effect on a client that connect has returned. */
  signal?: AbortSignal;
  /** What program this is, as "name/version", for the server's logs. */
  name?: string;
  /** Bytes of requests that may wait to be sent: for a connection, or for room in its WebSocket. Default: 8 MiB. */
  maxQueued?: number;
  /** Milliseconds that a request waits to be sent. Default: 30,000. */
  maxWait?: number;
  /** Bytes of messages that wait in one iterator of messages. Default: 8 MiB. */
  maxBuffered?: number;
  /** Milliseconds of the first and of the longest pause before a round of attempts. Default: 200 and 10,000. */
  backoff?: { min?: number; max?: number };
  /** The WebSocket to use: for proxies and for tests. Default: the browser's; in Node one of this package. */
  WebSocket?: WebSocketConstructor;
}
