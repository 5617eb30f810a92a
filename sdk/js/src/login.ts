import { Connection, detach, errorText, readGoodbye } from "./connection.js";
import { ParleyError } from "./errors.js";
import { decodeBody, encodeBody, Kind, subprotocol, WireError } from "./frame.js";
import { decodeWelcome, encodeHello, type Hello, type Welcome } from "./payload.js";
import type { WebSocketConstructor, WebSocketLike } from "./websocket.js";

/** Makes one attempt to log in. */
export function login(
  ctor: WebSocketConstructor,
  url: string,
  hello: Hello,
  timeout: number,
  signal: AbortSignal,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let ws: WebSocketLike;
    let opened = false;
    let detail = "";
    const fail = (why: ParleyError | string): void => {
      settle();
      if (ws !== undefined) {
        detach(ws);
        ws.close();
      }
      reject(why instanceof ParleyError ? why : new ParleyError("connect_failed", `${url}: ${why}`));
    };
    const aborted = (): void => fail("given up");
    const timer = setTimeout(() => fail(`no ${opened ? "welcome" : "connection"} within ${timeout / 1000} s`), timeout);
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", aborted);
    };
    signal.addEventListener("abort", aborted);
    try {
      ws = new ctor(url, [subprotocol]);
    } catch (e) {
      fail((e as Error).message);
      return;
    }
    ws.binaryType = "arraybuffer";
    ws.onopen = () => {
      opened = true;
      if (ws.protocol !== subprotocol) {
        fail(`it does not speak ${subprotocol}: is this the WebSocket address of a Parley server?`);
        return;
      }
      ws.send(encodeBody(Kind.hello, 0, 0, 0, encodeHello(hello)));
    };
    ws.onerror = (event) => (detail = errorText(event));
    ws.onclose = () =>
      fail(opened ? "it closed the connection without a word" : `no WebSocket connection${detail && ": " + detail}`);
    ws.onmessage = (event) => {
      try {
        const connection = new Connection(ws, readWelcome(event.data));
        settle();
        ws.onopen = null;
        resolve(connection);
      } catch (e) {
        fail(e instanceof ParleyError ? e : (e as Error).message);
      }
    };
  });
}

function readWelcome(data: unknown): Welcome {
  if (!(data instanceof ArrayBuffer)) {
    throw new WireError("it answered the hello with a text message");
  }
  const f = decodeBody(new Uint8Array(data));
  if (f.kind === Kind.goodbye) {
    throw readGoodbye(f);
  }
  if (f.kind !== Kind.welcome) {
    throw new WireError(`it answered the hello with kind ${f.kind}`);
  }
  const { user, session = "", node = "", heartbeat_ms = 0, max_message = 0, token_expires_in_ms = 0 } = decodeWelcome(f.payload);
  if (!user || heartbeat_ms < 1 || max_message < 1) {
    throw new WireError("its welcome lacks the user, the heartbeat or the longest message");
  }
  return { user, session, node, heartbeat_ms, max_message, token_expires_in_ms };
}
