/**
 * A WebSocket client for Node: what connection.ts needs of one, over node:http. Browsers never load
 * this file; websocket.ts says why Node's own is not used.
 */

import { createHash, randomBytes, randomFillSync } from "node:crypto";
import * as http from "node:http";
import * as https from "node:https";
import type { Duplex } from "node:stream";
import type { WebSocketLike } from "./websocket.js";

const acceptSalt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const maxMessage = 1 << 30;
const maxControl = 125;
/** How long the server may take to close after our close frame. */
const closeTimeout = 1000;

const Op = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

type Socket = Duplex & { setNoDelay?: (on: boolean) => void };

export class NodeWebSocket implements WebSocketLike {
  binaryType = "arraybuffer";
  protocol = "";
  onopen: ((event: any) => void) | null = null;
  onmessage: ((event: any) => void) | null = null;
  onerror: ((event: any) => void) | null = null;
  onclose: ((event: any) => void) | null = null;

  #request: http.ClientRequest;
  #socket: Socket | undefined;
  #closed = false; // onclose was called
  #closing = false; // a close frame was sent
  #corked = false;
  #chunks: Buffer[] = []; // received, and not taken in
  #received = 0; // bytes in chunks
  #need = 2; // bytes that the next frame has at least
  #parts: Buffer[] = []; // of a message in several frames
  #partsOp = 0;

  constructor(url: string, protocols: string[] = []) {
    const key = randomBytes(16).toString("base64");
    const target = new URL(url.replace(/^ws/, "http"));
    const get = target.protocol === "https:" ? https.get : http.get;
    this.#request = get(target, {
      agent: false,
      headers: {
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
        ...(protocols.length > 0 && { "Sec-WebSocket-Protocol": protocols.join(", ") }),
      },
    });
    this.#request.on("error", (e) => this.#fail(e.message || (e as NodeJS.ErrnoException).code || "connection failed"));
    this.#request.on("response", (response) => {
      response.resume();
      this.#fail(`the server answered with HTTP status ${response.statusCode}`);
    });
    this.#request.on("upgrade", (response, socket: Socket, head) => {
      const accept = createHash("sha1").update(key + acceptSalt).digest("base64");
      if (response.headers["sec-websocket-accept"] !== accept || this.#closed) {
        socket.destroy();
        this.#fail("the server's WebSocket handshake is wrong");
        return;
      }
      this.protocol = response.headers["sec-websocket-protocol"] ?? "";
      this.#open(socket, head);
    });
  }

  get bufferedAmount(): number {
    return this.#socket?.writableLength ?? 0;
  }

  send(data: Uint8Array): void {
    if (this.#socket === undefined) {
      throw new Error("the WebSocket is not open");
    }
    if (!this.#closing) {
      this.#write(Op.binary, data);
    }
  }

  close(code = 1000): void {
    const socket = this.#socket;
    if (socket === undefined) {
      this.#fail("closed before it was open");
    } else if (!this.#closing) {
      this.#write(Op.close, Uint8Array.of(code >> 8, code));
      this.#closing = true;
      socket.end();
      setTimeout(() => socket.destroy(), closeTimeout).unref();
    }
  }

  #open(socket: Socket, head: Buffer): void {
    this.#socket = socket;
    socket.setNoDelay?.(true);
    socket.on("error", (e: Error) => this.#fail(e.message));
    socket.on("end", () => socket.end());
    socket.on("close", () => this.#done());
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    this.onopen?.({});
    if (head.length > 0) {
      this.#take(head);
    }
  }

  /** Writes one frame. Frames of one turn go out together. */
  #write(op: number, data: Uint8Array): void {
    const socket = this.#socket!;
    const n = data.length;
    const header = n < 126 ? 6 : n < 65536 ? 8 : 14;
    const frame = Buffer.allocUnsafe(header + n);
    frame[0] = 0x80 | op;
    if (n < 126) {
      frame[1] = 0x80 | n;
    } else if (n < 65536) {
      frame[1] = 0x80 | 126;
      frame.writeUInt16BE(n, 2);
    } else {
      frame[1] = 0x80 | 127;
      frame.writeBigUInt64BE(BigInt(n), 2);
    }
    randomFillSync(frame, header - 4, 4);
    for (let i = 0; i < n; i++) {
      frame[header + i] = data[i]! ^ frame[header - 4 + (i & 3)]!;
    }
    if (!this.#corked) {
      this.#corked = true;
      socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        socket.uncork();
      });
    }
    socket.write(frame);
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#received += chunk.length;
    try {
      while (this.#received >= this.#need && !this.#closed) {
        const all = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
        const used = this.#frame(all);
        this.#chunks = [all.subarray(used)];
        this.#received = all.length - used;
        if (used > 0) {
          this.#need = 2;
        }
      }
    } catch (e) {
      this.#fail((e as Error).message);
    }
  }

  /** Takes in the frame at the start of bytes, and returns how long it is. 0: more has to come. */
  #frame(bytes: Buffer): number {
    const first = bytes[0]!;
    const op = first & 0x0f;
    let length = bytes[1]!;
    if ((first & 0x70) !== 0 || (length & 0x80) !== 0) {
      throw new Error("a WebSocket frame with bits that were not agreed on");
    }
    let header = 2;
    if (length >= 126) {
      header = length === 126 ? 4 : 10;
      if (bytes.length < header) {
        this.#need = header;
        return 0;
      }
      length = header === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    }
    if (length > maxMessage || (op >= Op.close && (length > maxControl || first < 0x80))) {
      throw new Error(`a WebSocket frame of ${length} bytes`);
    }
    const end = header + length;
    if (bytes.length < end) {
      this.#need = end;
      return 0;
    }
    this.#payload(op, first >= 0x80, bytes.subarray(header, end));
    return end;
  }

  #payload(op: number, final: boolean, data: Buffer): void {
    switch (op) {
      case Op.ping:
        if (!this.#closing) {
          this.#write(Op.pong, data);
        }
        return;
      case Op.pong:
        return;
      case Op.close:
        this.close();
        return;
      case Op.text:
      case Op.binary:
        this.#partsOp = op;
        break;
      case Op.continuation:
        break;
      default:
        throw new Error(`a WebSocket frame with opcode ${op}`);
    }
    if ((op === Op.continuation) !== this.#parts.length > 0) {
      throw new Error("a WebSocket message inside another, or the middle of none");
    }
    this.#parts.push(data);
    if (!final) {
      if (this.#parts.reduce((sum, part) => sum + part.length, 0) > maxMessage) {
        throw new Error("a WebSocket message that is too long");
      }
      return;
    }
    const whole = new Uint8Array(Buffer.concat(this.#parts)); // a copy, with an ArrayBuffer of its own
    this.#parts = [];
    this.onmessage?.({ data: this.#partsOp === Op.text ? new TextDecoder().decode(whole) : whole.buffer });
  }

  #fail(message: string): void {
    if (!this.#closed) {
      this.onerror?.({ message });
      this.#done();
    }
  }

  #done(): void {
    if (!this.#closed) {
      this.#closed = true;
      this.#request.destroy();
      this.#socket?.destroy();
      this.onclose?.({});
    }
  }
}
