import { decodeError, goodbyeReason } from "./payload.js";

/** What servers answer, by the codes of the protocol. */
const serverCodes = {
  4001: "malformed",
  4002: "unknown_command",
  4003: "not_allowed",
  4004: "rate_limit",
  4005: "bad_token",
  5001: "timeout",
  5002: "message_nil",
  5003: "nodes_not_found",
  5004: "user_not_found",
  5005: "too_large",
  5006: "recipient_busy",
  5007: "overloaded",
  5008: "internal",
} as const;

/**
 * What went wrong. The first thirteen are answers of the server, or what the client knows that the
 * answer would be. The others:
 *
 * - `request_failed`: the server's program answered with a status or a code of its own: see `status`, `number` and `data`
 * - `not_connected`: there was no connection, or no room in it, in time
 * - `queue_full`: too many requests wait to be sent
 * - `connection_lost`: the connection broke
 * - `aborted`: the signal that was given with the request
 * - `closed`: the client is closed, or was closed meanwhile
 * - `goodbye`: the server ended the connection: see `goodbye`
 * - `silent`: nothing was heard from the server
 * - `protocol`: the server sent what no server should
 * - `connect_failed`: no address answered with a welcome
 * - `no_token`: `getToken` failed
 * - `buffer_full`: an iterator of messages was not read fast enough
 * - `bad_argument`: an argument that is wrong whatever the server
 */
export type ErrorCode =
  | (typeof serverCodes)[keyof typeof serverCodes]
  | "request_failed"
  | "not_connected"
  | "queue_full"
  | "connection_lost"
  | "aborted"
  | "closed"
  | "goodbye"
  | "silent"
  | "protocol"
  | "connect_failed"
  | "no_token"
  | "buffer_full"
  | "bad_argument";

/**
 * Whether a request that failed can have had an effect.
 *
 * - `not_sent`: the request has not left, certainly
 * - `failed`: the server has answered; a message was not delivered, certainly
 * - `unknown`: the request was sent, and what became of it is not known: a repetition may arrive twice
 */
export type Outcome = "not_sent" | "failed" | "unknown";

interface Details {
  outcome?: Outcome;
  userId?: string;
  number?: number;
  status?: number;
  data?: Uint8Array;
  goodbye?: number;
  text?: string;
  cause?: unknown;
}

/** The error of everything that this package does. */
export class ParleyError extends Error {
  override name = "ParleyError";
  /** What went wrong. */
  readonly code: ErrorCode;
  /** Of a request that failed: whether it can have had an effect. */
  readonly outcome?: Outcome;
  /** The recipient of a message, the peer of a command. */
  readonly userId?: string;
  /** The protocol's number of an answer's code, for example 5004. */
  readonly number?: number;
  /** The status of a response, for `request_failed`. */
  readonly status?: number;
  /** What follows the status in a response, for `request_failed`. */
  readonly data?: Uint8Array;
  /** The code of a goodbye, for example 2002: replaced by a newer login. */
  readonly goodbye?: number;
  /** A goodbye's text as it came. */
  readonly text?: string;

  constructor(code: ErrorCode, message: string, details: Details = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.code = code;
    const { cause: _, ...rest } = details;
    Object.assign(this, rest);
  }
}

/** The error of a response that is not ok. */
export function failure(status: number, data: Uint8Array, userId: string | undefined): ParleyError {
  const details: Details = { status, data, outcome: "failed" };
  if (userId !== undefined) {
    details.userId = userId;
  }
  let answer: { code: number; text: string } | undefined;
  try {
    answer = decodeError(data);
  } catch {
    // bytes of the application's own
  }
  if (answer === undefined || Math.floor(answer.code / 1000) !== status) {
    return new ParleyError("request_failed", `request failed with status ${status}`, details);
  }
  details.number = answer.code;
  const code: ErrorCode = (serverCodes as Record<number, ErrorCode>)[answer.code] ?? "request_failed";
  if (code === "timeout" || (code === "request_failed" && status === 5)) {
    details.outcome = "unknown"; // a code of a later day may mean what a timeout means
  }
  return new ParleyError(code, answer.text || code.replaceAll("_", " "), details);
}

/** The error of a goodbye. */
export function goodbyeError(code: number, text: string): ParleyError {
  const reason = goodbyeReason(text);
  return new ParleyError("goodbye", `goodbye ${code}${reason && ": " + reason}`, { goodbye: code, text });
}

export function messageOf(e: unknown): string {
  return e instanceof Error ? e.message : String(e);
}
