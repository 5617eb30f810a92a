import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import { connect } from "../src/index.js";
import { NodeWebSocket } from "../src/node-websocket.js";
import { platformWebSocket } from "../src/websocket.js";
import * as wire from "../src/wire.js";
import { failure, text } from "./fake.js";

/** A frame as servers write it. */
function frame(op: number, data: Uint8Array, final = true): Buffer {
  const n = data.length;
  const header = n < 126 ? [n] : n < 65536 ? [126, n >> 8, n & 255] : [127, 0, 0, 0, 0, n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255];
  return Buffer.concat([Buffer.from([(final ? 0x80 : 0) | op, ...header]), data]);
}

/** Reads what a client has written: each frame's opcode and data. */
async function* frames(socket: Socket): AsyncGenerator<{ op: number; data: Buffer }> {
  let all = Buffer.alloc(0);
  for await (const chunk of socket) {
    all = Buffer.concat([all, chunk as Buffer]);
    for (;;) {
      let length = (all[1] ?? 0) & 127;
      const header = length < 126 ? 2 : length === 126 ? 4 : 10;
      if (all.length < header) {
        break;
      }
      length = header === 2 ? length : header === 4 ? all.readUInt16BE(2) : Number(all.readBigUInt64BE(2));
      if (all.length < header + 4 + length) {
        break;
      }
      assert.ok(all[1]! & 0x80, "clients mask");
      const mask = all.subarray(header, header + 4);
      const data = Buffer.from(all.subarray(header + 4, header + 4 + length)).map((b, i) => b ^ mask[i & 3]!);
      yield { op: all[0]! & 15, data: Buffer.from(data) };
      all = all.subarray(header + 4 + length);
    }
  }
}

/** Runs f against a server on loopback, which runs script for each WebSocket. */
async function serve(script: (socket: Socket) => void, f: (url: string) => Promise<void>, accept?: string): Promise<void> {
  const sockets = new Set<Socket>();
  const server = http.createServer((_, response) => response.writeHead(404).end());
  server.on("upgrade", (request, socket: Socket) => {
    sockets.add(socket);
    const key = request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${accept ?? createHash("sha1").update(key).digest("base64")}\r\n` +
        `Sec-WebSocket-Protocol: ${request.headers["sec-websocket-protocol"] ?? "none"}\r\n\r\n`,
    );
    socket.on("error", () => undefined);
    if (request.url === "/ws") {
      script(socket);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await f(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`);
  } finally {
    for (const s of sockets) {
      s.destroy();
    }
    server.close();
  }
}

/** The events of a WebSocket, as they come. */
function events(ws: NodeWebSocket): { next: () => Promise<string> } {
  const seen: string[] = [];
  let more = (): void => undefined;
  const add = (what: string): void => {
    seen.push(what);
    more();
  };
  ws.onopen = () => add(`open ${ws.protocol}`);
  ws.onmessage = (e) => add(typeof e.data === "string" ? `text ${e.data}` : `data ${Buffer.from(e.data).toString().slice(0, 20)} ${e.data.byteLength}`);
  ws.onerror = (e) => add(`error ${e.message}`);
  ws.onclose = () => add("close");
  return {
    next: async () => {
      while (seen.length === 0) {
        await new Promise<void>((resolve) => (more = resolve));
      }
      return seen.shift()!;
    },
  };
}

test("messages of all lengths go both ways", async () => {
  const echo = async (socket: Socket): Promise<void> => {
    for await (const { op, data } of frames(socket)) {
      socket.write(frame(op, data));
    }
  };
  await serve((s) => void echo(s), async (url) => {
    const ws = new NodeWebSocket(url, ["a", "b"]);
    const ev = events(ws);
    assert.equal(await ev.next(), "open a, b");
    for (const n of [0, 1, 125, 126, 127, 65535, 65536, 300_000]) {
      ws.send(Buffer.alloc(n, "x"));
      assert.equal(await ev.next(), `data ${"x".repeat(Math.min(n, 20))} ${n}`);
    }
    ws.close();
    assert.equal(await ev.next(), "close");
  });
});

test("a message may come in pieces, with pings between them, byte by byte", async () => {
  const answers: { op: number; data: Buffer }[] = [];
  const script = async (socket: Socket): Promise<void> => {
    const bytes = Buffer.concat([
      frame(2, text("one "), false),
      frame(9, text("ping")),
      frame(0, text("two "), false),
      frame(0, text("three")),
      frame(1, text("words")),
      frame(10, text("")),
      frame(2, Buffer.alloc(200, "y")),
    ]);
    socket.setNoDelay(true);
    for (const b of bytes) {
      socket.write(Buffer.from([b]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    for await (const f of frames(socket)) {
      answers.push(f);
      socket.write(frame(8, f.data));
    }
  };
  await serve((s) => void script(s), async (url) => {
    const ev = events(new NodeWebSocket(url));
    assert.equal(await ev.next(), "open none");
    assert.equal(await ev.next(), "data one two three 13");
    assert.equal(await ev.next(), "text words");
    assert.equal(await ev.next(), `data ${"y".repeat(20)} 200`);
    assert.equal(await ev.next(), "close");
    assert.deepEqual([answers[0]!.op, answers[0]!.data.toString()], [10, "ping"]);
  });
});

test("bytes that are no WebSocket end the connection", async () => {
  const bad: [Buffer, RegExp][] = [
    [Buffer.from([0x82, 0x80, 0, 0, 0, 0]), /bits/], // masked
    [Buffer.from([0xc2, 0]), /bits/], // compressed
    [frame(3, text("x")), /opcode 3/],
    [frame(0, text("x")), /middle of none/],
    [Buffer.concat([frame(2, text("x"), false), frame(2, text("y"))]), /inside another/],
    [frame(9, Buffer.alloc(126)), /126 bytes/],
    [frame(9, text("x"), false), /1 bytes/],
    [Buffer.from([0x82, 127, 1, 0, 0, 0, 0, 0, 0, 0]), /WebSocket frame of/],
  ];
  for (const [bytes, want] of bad) {
    await serve((s) => s.write(bytes), async (url) => {
      const ev = events(new NodeWebSocket(url));
      assert.equal(await ev.next(), "open none");
      assert.match(await ev.next(), want);
      assert.equal(await ev.next(), "close");
    });
  }
});

test("a handshake that fails says why", async () => {
  await serve(() => undefined, async (url) => {
    const ev = events(new NodeWebSocket(url));
    assert.match(await ev.next(), /handshake is wrong/);
    assert.equal(await ev.next(), "close");
    const plain = http.createServer((_, response) => response.writeHead(404).end());
    plain.listen(0, "127.0.0.1");
    await once(plain, "listening");
    const { port } = plain.address() as AddressInfo;
    const refused = events(new NodeWebSocket(`ws://127.0.0.1:${port}/nowhere`));
    assert.equal(await refused.next(), "error the server answered with HTTP status 404");
    plain.close();
    await once(plain, "close");
    const closed = events(new NodeWebSocket(`ws://127.0.0.1:${port}/ws`));
    assert.match(await closed.next(), /ECONNREFUSED/);
    assert.equal(await closed.next(), "close");
  }, "forged");
});

test("Node uses the WebSocket of this package, other platforms their own", async () => {
  const g = globalThis as any;
  const before = [Object.getOwnPropertyDescriptor(g, "WebSocket"), Object.getOwnPropertyDescriptor(g, "navigator")];
  const set = (name: string, value: unknown): void => void Object.defineProperty(g, name, { value, configurable: true, writable: true });
  class Own {}
  try {
    for (const [ctor, userAgent, want] of [
      [undefined, undefined, NodeWebSocket],
      [Own, "Node.js/22", NodeWebSocket],
      [Own, "Mozilla/5.0", Own],
      [Own, undefined, Own],
    ] as const) {
      set("WebSocket", ctor);
      set("navigator", { userAgent });
      assert.equal(await platformWebSocket(), want);
    }
  } finally {
    for (const [i, name] of ["WebSocket", "navigator"].entries()) {
      delete g[name];
      if (before[i]) {
        Object.defineProperty(g, name, before[i]!);
      }
    }
  }
});

test("a client of Node 20 logs in, talks and closes without another WebSocket", async () => {
  const script = async (socket: Socket): Promise<void> => {
    const send = (...f: Parameters<typeof wire.encodeBody>): Buffer => frame(2, wire.encodeBody(...f));
    for await (const { op, data } of frames(socket)) {
      if (op === 8) {
        socket.end(frame(8, data));
        return;
      }
      const f = wire.decodeBody(new Uint8Array(data));
      if (f.kind === wire.Kind.hello) {
        const { token } = wire.decodeHello(f.payload);
        const welcome = { user: token, session: "s", node: "n", heartbeat_ms: 15000, max_message: 65536 };
        // In one packet: the messages are there before connect has returned.
        socket.write(Buffer.concat([
          send(wire.Kind.welcome, 0, 0, 0, wire.encodeWelcome(welcome)),
          send(wire.Kind.push, 1, 701, 0, wire.encodePeer(text("bob"), text("early"))),
          send(wire.Kind.push, 1, 701, 0, wire.encodePeer(text("bob"), text("bird"))),
        ]));
      } else if (f.kind === wire.Kind.request) {
        socket.write(send(wire.Kind.response, f.ver, f.cmd, f.id, wire.encodeResponse(1, f.payload)));
      }
    }
  };
  await serve((s) => void script(s), async (url) => {
    const had = (globalThis as any).WebSocket;
    delete (globalThis as any).WebSocket;
    try {
      const c = await connect(url, { token: "alice" });
      const seen: string[] = [];
      c.on("message", (m) => seen.push(m.text));
      assert.equal(c.user, "alice");
      assert.equal(wire.decodeText(await c.request(2, 10, "echo")), "echo");
      assert.deepEqual(seen, ["early", "bird"]);
      await c.close();
      assert.equal((await failure(c.send("bob", "x"))).code, "closed");
    } finally {
      if (had) {
        (globalThis as any).WebSocket = had;
      }
    }
  });
});
