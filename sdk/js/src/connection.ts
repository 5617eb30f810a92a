import { ParleyError, goodbyeError } from "./errors.js";
import { comesBack, type Welcome } from "./payload.js";
import { decodeBody, decodeText, encodeBody, encodeText, frameRoom, Kind, WireError, type Frame } from "./frame.js";
import type { WebSocketLike } from "./websocket.js";

/** How long a server may take to show that it is there, after the machine was asleep. */
const probeTimeout = 1000;
/** The longest period of the clock: how soon a jump of the time is seen. */
const longestTick = 500;
/** A tick that comes later than this means that the machine, or the page, was asleep. */
const asleepAfter = 2000;
/** Bytes that may wait in the WebSocket; with more, requests wait in the queue. */
const maxBuffered = 1 << 20;
const maxHeartbeat = 24 * 3600 * 1000;

/** What a connection tells its owner. */
export interface ConnectionOwner {
  /** Handles a response or a push. A WireError ends the connection. */
  received(frame: Frame): void;
  /** The connection has ended. Called once, and nothing after it. */
  ended(why: ParleyError): void;
}

/**
 * One connection to the server, from its welcome on. A client has one after another. What arrives
 * before start is called waits for it.
 */
export class Connection {
  readonly welcome: Welcome;
  /** When the welcome came. */
  readonly born = Date.now();
  #ws: WebSocketLike;
  #owner: ConnectionOwner | undefined;
  #waiting: (() => void)[] = []; // until start
  #over = false; // nothing is sent, and nothing taken in, any more
  #ended = false; // the owner was told
  #heartbeat: number;
  #period: number;
  #clock: ReturnType<typeof setInterval>;
  #probe: ReturnType<typeof setTimeout> | undefined;
  #lastTick = Date.now();
  #heard = Date.now(); // when the last frame came
  #sent = Date.now(); // when the last frame went
  #pinged = 0; // when the last ping of a heartbeat went
  #pings = 0;
  #ponged = 0; // the id of the newest pong
  #frames = 0; // received

  constructor(ws: WebSocketLike, welcome: Welcome) {
    this.#ws = ws;
    this.welcome = welcome;
    this.#heartbeat = Math.min(welcome.heartbeat_ms, maxHeartbeat);
    this.#period = Math.max(1, Math.min(longestTick, this.#heartbeat / 4));
    ws.onmessage = (event) => this.#message(event.data);
    let detail = "the server closed it";
    ws.onclose = () => this.#end(new ParleyError("connection_lost", `connection lost: ${detail}`));
    ws.onerror = (event) => (detail = errorText(event) || detail); // a close follows
    this.#clock = setInterval(() => this.#tick(), this.#period);
  }

  /** Begins to tell the owner. */
  start(owner: ConnectionOwner): void {
    this.#owner = owner;
    for (const run of this.#waiting.splice(0)) {
      if (!this.#ended) {
        run();
      }
    }
  }

  /** Tells whether a request can be sent now. */
  get writable(): boolean {
    return !this.#over && this.#ws.bufferedAmount < maxBuffered;
  }

  /** The longest payload that fits a request. */
  get maxPayload(): number {
    return this.welcome.max_message + frameRoom - 8;
  }

  request(ver: number, cmd: number, id: number, payload: Uint8Array): void {
    this.#send(Kind.request, ver, cmd, id, payload);
  }

  /**
   * Sends a ping, and ends the connection if nothing comes within a second. Frames that come may be
   * older than the ping: it goes on until the pong is there.
   */
  probe(): void {
    if (this.#over || this.#probe !== undefined) {
      return;
    }
    const frames = this.#frames;
    const ping = ++this.#pings;
    this.#send(Kind.ping, 0, 0, ping);
    this.#probe = setTimeout(() => {
      this.#probe = undefined;
      if (this.#frames === frames) {
        this.#silent(probeTimeout);
      } else if (this.#ponged < ping) {
        this.probe();
      }
    }, probeTimeout);
  }

  /** Says goodbye, lets what was sent go out, and resolves when the server has closed, or after a while. */
  leave(timeout: number): Promise<void> {
    if (this.#over) {
      return Promise.resolve();
    }
    const ws = this.#ws;
    this.#stop();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeout);
      ws.onclose = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#write(Kind.goodbye, 0, 0, 0);
      ws.close(1000);
    });
  }

  #send(kind: number, ver: number, cmd: number, id: number, payload?: Uint8Array): void {
    if (!this.#over) {
      this.#write(kind, ver, cmd, id, payload);
      this.#sent = Date.now();
    }
  }

  #write(kind: number, ver: number, cmd: number, id: number, payload?: Uint8Array): void {
    try {
      this.#ws.send(encodeBody(kind, ver, cmd, id, payload));
    } catch {
      // The WebSocket is closing: its close event follows.
    }
  }

  #message(data: unknown): void {
    this.#heard = Date.now();
    this.#frames++;
    try {
      if (!(data instanceof ArrayBuffer)) {
        throw new WireError("a WebSocket text message");
      }
      if (data.byteLength > this.maxPayload + 8) {
        throw new WireError(`frame of ${data.byteLength} bytes`);
      }
      this.#frame(decodeBody(new Uint8Array(data)));
    } catch (e) {
      this.#failed(e);
    }
  }

  #frame(f: Frame): void {
    switch (f.kind) {
      case Kind.response:
      case Kind.push:
        this.#tell((owner) => owner.received(f));
        break;
      case Kind.ping:
        this.#send(Kind.pong, 0, 0, f.id);
        break;
      case Kind.pong:
        this.#ponged = f.id;
        break;
      case Kind.goodbye:
        this.#end(readGoodbye(f));
        break;
      default:
        throw new WireError(`kind ${f.kind} after the welcome`);
    }
  }

  #tell(say: (owner: ConnectionOwner) => void): void {
    if (this.#owner !== undefined) {
      say(this.#owner);
      return;
    }
    this.#waiting.push(() => {
      try {
        say(this.#owner!);
      } catch (e) {
        this.#failed(e);
      }
    });
  }

  #failed(e: unknown): void {
    if (!(e instanceof WireError)) {
      throw e;
    }
    this.#closeWith(2003, new ParleyError("protocol", `the server broke the protocol: ${e.message}`));
  }

  #tick(): void {
    const now = Date.now();
    const late = now - this.#lastTick - this.#period;
    this.#lastTick = now;
    if (late > asleepAfter || late < -asleepAfter) {
      this.#heard = this.#sent = now; // by how much the time jumped says nothing about the server
      this.probe();
    } else if (now - this.#heard >= 2 * this.#heartbeat) {
      this.#silent(now - this.#heard);
    } else if (now - Math.min(this.#heard, this.#sent) >= this.#heartbeat && now - this.#pinged >= this.#heartbeat) {
      this.#pinged = now;
      this.#send(Kind.ping, 0, 0, ++this.#pings);
    }
  }

  #silent(ms: number): void {
    this.#closeWith(1002, new ParleyError("silent", `the server is silent: nothing heard for ${ms} ms`));
  }

  #closeWith(code: number, why: ParleyError): void {
    this.#send(Kind.goodbye, 0, code, 0, encodeText(why.message));
    this.#end(why);
  }

  #end(why: ParleyError): void {
    if (!this.#over) {
      this.#stop();
      this.#ws.close();
      this.#tell((owner) => {
        this.#ended = true;
        owner.ended(why);
      });
    }
  }

  #stop(): void {
    this.#over = true;
    clearInterval(this.#clock);
    clearTimeout(this.#probe);
    detach(this.#ws);
  }
}

/** What an error event of a WebSocket says, which in browsers is nothing. */
export function errorText(event: any): string {
  return event?.error?.message || event?.message || "";
}

/** Stops listening to a WebSocket. */
export function detach(ws: WebSocketLike): void {
  ws.onopen = ws.onmessage = ws.onclose = null;
  ws.onerror = () => undefined; // the package ws throws what is not listened to
}

/** The error of a goodbye frame. */
export function readGoodbye(f: Frame): ParleyError {
  try {
    return goodbyeError(f.cmd, decodeText(f.payload));
  } catch {
    return goodbyeError(f.cmd, "");
  }
}

/** Tells whether an error forbids to connect again. */
export function isFinal(why: ParleyError): boolean {
  return why.goodbye !== undefined && !comesBack(why.goodbye);
}
