/**
 * Frames of the wire protocol, version 1. The reference is the documentation of the Go package
 * `wire`; wire/testdata/vectors.json has every frame as bytes.
 */

/** The subprotocol that client and server agree on in the WebSocket handshake. */
export const subprotocol = "parley.v1";

/** How much longer than the longest message a body may be. */
export const frameRoom = 1024;

const headerSize = 8;
const lengthSize = 4;

/** The kinds of frames. */
export const Kind = {
  hello: 1,
  welcome: 2,
  request: 3,
  response: 4,
  push: 5,
  ping: 6,
  pong: 7,
  goodbye: 8,
} as const;

/** One decoded body. Fields that a kind does not use are 0 or empty. */
export interface Frame {
  kind: number;
  ver: number;
  cmd: number;
  id: number;
  payload: Uint8Array;
}

/** Bytes that are not what the protocol says. */
export class WireError extends Error {
  override name = "WireError";
}

export const empty = new Uint8Array(0);

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text as UTF-8. */
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** UTF-8 as text. Bytes that are no UTF-8 are a TypeError. */
export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/**
 * Encodes a body: a whole WebSocket message.
 *
 *     0     1     2           4                       8
 *     | kind| ver |    cmd    |          id           | payload ...
 */
export function encodeBody(kind: number, ver: number, cmd: number, id: number, payload: Uint8Array = empty): Uint8Array {
  const body = new Uint8Array(headerSize + payload.length);
  const view = new DataView(body.buffer);
  view.setUint8(0, kind);
  view.setUint8(1, ver);
  view.setUint16(2, cmd);
  view.setUint32(4, id);
  body.set(payload, headerSize);
  return body;
}

/** Decodes a body. The frame's payload aliases it. */
export function decodeBody(body: Uint8Array): Frame {
  if (body.length < headerSize) {
    throw new WireError(`frame of ${body.length} bytes, at least ${headerSize} are wanted`);
  }
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const kind = view.getUint8(0);
  if (kind < Kind.hello || kind > Kind.goodbye) {
    throw new WireError(`unknown kind ${kind}`);
  }
  return { kind, ver: view.getUint8(1), cmd: view.getUint16(2), id: view.getUint32(4), payload: body.subarray(headerSize) };
}

/** Encodes a body with its length before it, as TCP streams have it. */
export function encodeStreamFrame(body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(lengthSize + body.length);
  new DataView(frame.buffer).setUint32(0, body.length);
  frame.set(body, lengthSize);
  return frame;
}

/**
 * Splits bytes of a TCP stream into bodies, which alias them. `used` bytes are taken up; what is
 * behind them needs more to come.
 */
export function splitStream(bytes: Uint8Array, maxBody: number): { bodies: Uint8Array[]; used: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const bodies: Uint8Array[] = [];
  let used = 0;
  while (bytes.length - used >= lengthSize) {
    const length = view.getUint32(used);
    if (length < headerSize || length > maxBody) {
      throw new WireError(`frame of ${length} bytes, ${headerSize} to ${maxBody} are wanted`);
    }
    const end = used + lengthSize + length;
    if (end > bytes.length) {
      break;
    }
    bodies.push(bytes.subarray(used + lengthSize, end));
    used = end;
  }
  return { bodies, used };
}
