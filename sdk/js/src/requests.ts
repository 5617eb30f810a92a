import type { Connection } from "./connection.js";
import { ParleyError, failure } from "./errors.js";
import type { Frame } from "./frame.js";
import { decodeResponse, Status } from "./payload.js";
import { longestTimer } from "./timer.js";

/** What a request counts in the queue beside its bytes. */
const requestCost = 64;
/** How often a full WebSocket is looked at. */
const drainPause = 20;

export interface RequestOptions {
  /** Gives the request up. One that still waits for a connection is then certainly not sent. */
  signal?: AbortSignal;
}

interface Request {
  ver: number;
  cmd: number;
  payload: Uint8Array;
  userId: string | undefined;
  /** Of the request in flight; 0 before. */
  id: number;
  settle(result: Uint8Array | ParleyError): void;
}

/**
 * The requests of a client: those that wait for a connection, in their order, and those that wait
 * for a response. Every request passes through the queue, so none overtakes another.
 */
export class Requests {
  #connection: Connection | undefined;
  #queue = new Set<Request>();
  #queued = 0; // cost of the queue
  #inflight = new Map<number, Request>();
  #lastId = 0;
  #over: ParleyError | undefined;
  #draining: ReturnType<typeof setTimeout> | undefined;
  #maxQueued: number;
  #maxWait: number;

  constructor(maxQueued: number, maxWait: number) {
    this.#maxQueued = maxQueued;
    this.#maxWait = Math.min(maxWait, longestTimer);
  }

  /** Queues a request. The promise settles once, whatever becomes of the connection. */
  add(ver: number, cmd: number, payload: Uint8Array, userId: string | undefined, signal?: AbortSignal): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const fail = (code: "closed" | "queue_full" | "aborted", message: string, cause?: unknown): void =>
        reject(new ParleyError(code, message, { outcome: "not_sent", ...named(userId), cause }));
      if (this.#over !== undefined) {
        return fail("closed", "the client is closed", this.#over);
      }
      if (signal?.aborted) {
        return fail("aborted", "aborted before it was sent", signal.reason);
      }
      if (this.#queued > 0 && this.#queued + cost(payload) > this.#maxQueued) {
        return fail("queue_full", `${this.#queue.size} requests wait to be sent already`);
      }
      let timer: ReturnType<typeof setTimeout> | undefined;
      const request: Request = {
        ver,
        cmd,
        payload,
        userId,
        id: 0,
        settle: (result) => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", aborted);
          if (result instanceof ParleyError) {
            reject(result);
          } else {
            resolve(result);
          }
        },
      };
      const aborted = (): void => this.#giveUp(request, "aborted", "aborted", signal!.reason);
      signal?.addEventListener("abort", aborted);
      this.#queue.add(request);
      this.#queued += cost(payload);
      this.#drain();
      if (this.#queue.has(request)) {
        timer = setTimeout(() => {
          if (this.#queue.has(request)) {
            this.#giveUp(request, "not_connected", `waited ${this.#maxWait} ms to be sent`);
          }
        }, this.#maxWait);
      }
    });
  }

  /** Sends what waits, on a new connection. */
  attach(connection: Connection): void {
    this.#connection = connection;
    this.#drain();
  }

  /** The connection has ended: what was sent on it and has no response has an unknown outcome. */
  detach(why: ParleyError): void {
    this.#connection = undefined;
    clearTimeout(this.#draining);
    this.#draining = undefined;
    this.#failInflight("connection_lost", `outcome unknown: ${why.message}`, why);
  }

  /** Ends all requests, and lets no other in. */
  close(why: ParleyError): void {
    this.#over = why;
    this.#connection = undefined;
    clearTimeout(this.#draining);
    this.#failInflight("closed", "the client was closed, outcome unknown", why);
    for (const request of [...this.#queue]) {
      this.#remove(request);
      request.settle(
        new ParleyError("closed", "the client was closed before it was sent", {
          outcome: "not_sent",
          ...named(request.userId),
          cause: why,
        }),
      );
    }
  }

  /** Takes a response. One that no request waits for was given up. */
  response(f: Frame): void {
    const { status, data } = decodeResponse(f.payload);
    const request = this.#inflight.get(f.id);
    if (request !== undefined) {
      this.#inflight.delete(f.id);
      request.settle(status === Status.ok ? data : failure(status, data, request.userId));
    }
  }

  #drain(): void {
    const connection = this.#connection;
    if (connection === undefined || this.#draining !== undefined) {
      return;
    }
    for (const request of this.#queue) {
      if (!connection.writable) {
        this.#draining = setTimeout(() => {
          this.#draining = undefined;
          this.#drain();
        }, drainPause);
        return;
      }
      this.#remove(request);
      const { ver, cmd, payload, userId } = request;
      const most = connection.maxPayload;
      if (payload.length > most) {
        const text = `a request of ${payload.length} bytes, at most ${most} are allowed`;
        request.settle(new ParleyError("too_large", text, { outcome: "not_sent", number: 5005, ...named(userId) }));
        continue;
      }
      request.id = this.#nextId();
      this.#inflight.set(request.id, request);
      connection.request(ver, cmd, request.id, payload);
    }
  }

  #nextId(): number {
    do {
      this.#lastId = (this.#lastId % 0xffffffff) + 1;
    } while (this.#inflight.has(this.#lastId));
    return this.#lastId;
  }

  #remove(request: Request): boolean {
    if (!this.#queue.delete(request)) {
      return false;
    }
    this.#queued -= cost(request.payload);
    return true;
  }

  #giveUp(request: Request, code: "aborted" | "not_connected", message: string, cause?: unknown): void {
    const outcome = this.#remove(request) ? "not_sent" : "unknown";
    this.#inflight.delete(request.id);
    const text = `${message}, ${outcome === "not_sent" ? "not sent" : "outcome unknown"}`;
    request.settle(new ParleyError(code, text, { outcome, ...named(request.userId), cause }));
  }

  #failInflight(code: "connection_lost" | "closed", message: string, cause: ParleyError): void {
    const lost = [...this.#inflight.values()];
    this.#inflight.clear();
    for (const request of lost) {
      request.settle(new ParleyError(code, message, { outcome: "unknown", ...named(request.userId), cause }));
    }
  }
}

function cost(payload: Uint8Array): number {
  return requestCost + payload.length;
}

function named(userId: string | undefined): { userId?: string } {
  return userId === undefined ? {} : { userId };
}
