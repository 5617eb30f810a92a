/** Payloads of the wire protocol: what stands behind the header of a frame. */

import { decodeText, empty, encodeText, WireError } from "./frame.js";

/** The payload of a client's first frame. */
export interface Hello {
  token: string;
  client?: string;
}

/** The payload of the server's answer to a hello that it accepts. */
export interface Welcome {
  user: string;
  session: string;
  node: string;
  heartbeat_ms: number;
  max_message: number;
  /** How long the token is good for from now; missing: for ever. */
  token_expires_in_ms?: number;
}

export function encodeHello(hello: Hello): Uint8Array {
  return encodeText(JSON.stringify(hello));
}

export function decodeHello(payload: Uint8Array): Hello {
  return decodeObject(payload, "hello", { token: "string", client: "string" }) as unknown as Hello;
}

export function encodeWelcome(welcome: Welcome): Uint8Array {
  return encodeText(JSON.stringify(welcome));
}

/** Decodes a welcome. Members that are missing are undefined; members of a wrong type are an error. */
export function decodeWelcome(payload: Uint8Array): Partial<Welcome> {
  return decodeObject(payload, "welcome", {
    user: "string",
    session: "string",
    node: "string",
    heartbeat_ms: "number",
    max_message: "number",
    token_expires_in_ms: "number",
  });
}

function decodeObject(payload: Uint8Array, what: string, types: Record<string, string>): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(decodeText(payload));
  } catch (e) {
    throw new WireError(`malformed ${what}: ${(e as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new WireError(`malformed ${what}: no JSON object`);
  }
  const all = value as Record<string, unknown>;
  for (const [name, type] of Object.entries(types)) {
    if (all[name] !== undefined && typeof all[name] !== type) {
      throw new WireError(`malformed ${what}: ${name} is no ${type}`);
    }
  }
  return all;
}

/** Encodes a user ID, and what follows it in the payload of a built-in command. */
export function encodePeer(user: Uint8Array, rest: Uint8Array = empty): Uint8Array {
  const payload = new Uint8Array(1 + user.length + rest.length);
  payload[0] = user.length;
  payload.set(user, 1);
  payload.set(rest, 1 + user.length);
  return payload;
}

export function decodePeer(payload: Uint8Array): { user: string; rest: Uint8Array } {
  const n = payload[0] ?? 0;
  if (n === 0 || 1 + n > payload.length) {
    throw new WireError("malformed peer");
  }
  try {
    return { user: decodeText(payload.subarray(1, 1 + n)), rest: payload.subarray(1 + n) };
  } catch {
    throw new WireError("malformed peer: no UTF-8");
  }
}

/** The first byte of a response's payload. Applications may use others. */
export const Status = { ok: 1, bad: 4, error: 5 } as const;

export function encodeResponse(status: number, data: Uint8Array): Uint8Array {
  const payload = new Uint8Array(1 + data.length);
  payload[0] = status;
  payload.set(data, 1);
  return payload;
}

export function decodeResponse(payload: Uint8Array): { status: number; data: Uint8Array } {
  const status = payload[0];
  if (status === undefined) {
    throw new WireError("malformed response: no status");
  }
  return { status, data: payload.subarray(1) };
}

/** Encodes the data of a response that tells of a failure. */
export function encodeError(code: number, text: string): Uint8Array {
  const words = encodeText(text);
  const data = new Uint8Array(2 + words.length);
  new DataView(data.buffer).setUint16(0, code);
  data.set(words, 2);
  return data;
}

export function decodeError(data: Uint8Array): { code: number; text: string } {
  if (data.length < 2) {
    throw new WireError("malformed error: no code");
  }
  try {
    return { code: (data[0]! << 8) | data[1]!, text: decodeText(data.subarray(2)) };
  } catch {
    throw new WireError("malformed error: its text is no UTF-8");
  }
}

/** What became of a message that had no error. */
export interface Receipt {
  /**
   * - `delivered`: the recipient's node handed it to the operating system for the recipient's connection
   * - `declined`: the program of the recipient's node refused it
   * - `dropped`: a callback of the server's program emptied it
   */
  result: "delivered" | "declined" | "dropped";
}

const results = ["delivered", "declined", "dropped"] as const;

export function encodeReceipt(receipt: Receipt): Uint8Array {
  return Uint8Array.of(results.indexOf(receipt.result));
}

/** Decodes the data of the response to commands 701 and 702. No data is a delivery. */
export function decodeReceipt(data: Uint8Array): Receipt {
  const result = results[data[0] ?? 0];
  if (result === undefined) {
    throw new WireError(`malformed receipt ${data[0]}`);
  }
  return { result };
}

export function encodeTokenTime(ms: number): Uint8Array {
  const data = new Uint8Array(8);
  new DataView(data.buffer).setBigUint64(0, BigInt(ms));
  return data;
}

/** Decodes the data of the response to command 703: ms for which the new token is good, 0 for ever. */
export function decodeTokenTime(data: Uint8Array): number {
  if (data.length < 8) {
    throw new WireError("malformed response to a token");
  }
  return Number(new DataView(data.buffer, data.byteOffset).getBigUint64(0));
}

/** Tells whether a client that got a goodbye with this code connects again by itself. */
export function comesBack(code: number): boolean {
  return code >= 1000 && code < 2000;
}

/** The milliseconds after which a goodbye's text asks its client to come back, if it says so. */
export function reconnectIn(text: string): number | undefined {
  const ms = member(text, "reconnect_in_ms");
  return Number.isSafeInteger(ms) && (ms as number) >= 0 ? (ms as number) : undefined;
}

/** Why the server said goodbye, in words: the "reason" of a JSON text, "" if that has none; else the text. */
export function goodbyeReason(text: string): string {
  const reason = member(text, "reason");
  if (typeof reason === "string" && reason !== "") {
    return reason;
  }
  return reconnectIn(text) === undefined ? text : "";
}

function member(text: string, name: string): unknown {
  try {
    return (JSON.parse(text) as Record<string, unknown> | null)?.[name];
  } catch {
    return undefined;
  }
}
