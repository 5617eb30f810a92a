/** A server that tests play by hand, frame by frame, in virtual time. */

import assert from "node:assert/strict";
import { mock } from "node:test";
import { connect, type Client, type ConnectOptions, type WebSocketConstructor } from "../src/index.js";
import * as wire from "../src/wire.js";

/** Lets all promises that can settle do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Moves the time on, in steps, so that timers that others set run too. */
export async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 50) {
    mock.timers.tick(Math.min(50, left));
    await settle();
  }
}

/** One connection that the client has made, seen from the server. */
export class Peer {
  binaryType = "blob";
  bufferedAmount = 0;
  protocol: string;
  closed = false; // by the client
  frames: wire.Frame[] = [];
  onopen: ((event: any) => void) | null = null;
  onmessage: ((event: any) => void) | null = null;
  onerror: ((event: any) => void) | null = null;
  onclose: ((event: any) => void) | null = null;

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {
    this.protocol = protocols[0] ?? "";
  }

  // What the client calls.

  send(data: Uint8Array): void {
    this.frames.push(wire.decodeBody(data.slice()));
  }

  close(): void {
    this.closed = true;
  }

  // What the test calls.

  open(): void {
    this.onopen?.({});
  }

  sends(kind: number, ver = 0, cmd = 0, id = 0, payload: Uint8Array = wire.empty): void {
    this.raw(wire.encodeBody(kind, ver, cmd, id, payload));
  }

  raw(body: Uint8Array | string): void {
    this.onmessage?.({ data: typeof body === "string" ? body : body.slice().buffer });
  }

  welcome(change: Partial<wire.Welcome> = {}): void {
    const w = { user: "alice", session: "5e55", node: "n1", heartbeat_ms: 15000, max_message: 1000, ...change };
    this.sends(wire.Kind.welcome, 0, 0, 0, wire.encodeWelcome(w));
  }

  goodbye(code: number, text = ""): void {
    this.sends(wire.Kind.goodbye, 0, code, 0, wire.encodeText(text));
  }

  message(from: string, text: string): void {
    this.sends(wire.Kind.push, 1, 701, 0, wire.encodePeer(wire.encodeText(from), wire.encodeText(text)));
  }

  answers(request: wire.Frame, status: number = wire.Status.ok, data: Uint8Array = wire.empty): void {
    this.sends(wire.Kind.response, request.ver, request.cmd, request.id, wire.encodeResponse(status, data));
  }

  /** The connection breaks. */
  breaks(message = ""): void {
    if (message) {
      this.onerror?.({ message });
    }
    this.onclose?.({});
  }

  /** Takes the frames that came since the last call, pings and pongs aside. */
  take(): wire.Frame[] {
    const all = this.frames.filter((f) => f.kind !== wire.Kind.ping && f.kind !== wire.Kind.pong);
    this.frames = [];
    return all;
  }

  takeOne(kind: number): wire.Frame {
    const all = this.take();
    assert.equal(all.length, 1, `frames: ${JSON.stringify(all)}`);
    assert.equal(all[0]!.kind, kind);
    return all[0]!;
  }

  pings(): number {
    return this.frames.filter((f) => f.kind === wire.Kind.ping).length;
  }

  token(): string {
    return wire.decodeHello(this.takeOne(wire.Kind.hello).payload).token;
  }
}

export class Server {
  readonly peers: Peer[] = [];
  readonly WebSocket: WebSocketConstructor;

  constructor() {
    const { peers } = this;
    this.WebSocket = class extends Peer {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        peers.push(this);
      }
    };
  }

  get last(): Peer {
    const p = this.peers.at(-1);
    assert.ok(p, "no connection was made");
    return p;
  }

  /** Takes the connection under way through a login. */
  async login(welcome: Partial<wire.Welcome> = {}): Promise<Peer> {
    await settle();
    const p = this.last;
    p.open();
    p.takeOne(wire.Kind.hello);
    p.welcome(welcome);
    await settle();
    return p;
  }

  /** Connects a client, and lets it start. */
  async client(options: Partial<ConnectOptions> & { urls?: string } = {}, welcome: Partial<wire.Welcome> = {}): Promise<[Client, Peer]> {
    const { urls = "ws://one", ...rest } = options;
    const connecting = connect(urls, { token: "t", WebSocket: this.WebSocket, ...rest });
    const p = await this.login(welcome);
    const c = await connecting;
    await pass(1);
    return [c, p];
  }
}

/** Runs a test in virtual time. */
export function inVirtualTime(f: (server: Server) => Promise<void>): () => Promise<void> {
  return async () => {
    mock.timers.reset();
    mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1_700_000_000_000 });
    try {
      await f(new Server());
    } finally {
      mock.timers.reset();
    }
  };
}

/** The error that a promise is rejected with: its code and outcome, and what else is asked for. */
export async function failure(promise: Promise<unknown>): Promise<any> {
  try {
    await promise;
  } catch (e) {
    return e;
  }
  assert.fail("it was not rejected");
}

export const text = (s: string): Uint8Array => wire.encodeText(s);
