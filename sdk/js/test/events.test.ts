import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, type Message } from "../src/index.js";
import { failure, inVirtualTime, pass, settle, text } from "./fake.js";
import { decodeText, encodePeer, Kind } from "../src/wire.js";

test("messages, pushes and peers that leave reach their handlers in order", inVirtualTime(async (server) => {
  const [c, p] = await server.client();
  const seen: string[] = [];
  c.on("message", (m) => seen.push(`${m.from}: ${m.text}`));
  c.on("push", (ver, cmd, payload) => seen.push(`push ${ver}.${cmd} ${decodeText(payload)}`));
  c.on("peerDisconnect", (peer, last) => seen.push(`-${peer}: ${decodeText(last)}`));
  p.message("bob", "hi");
  p.sends(Kind.push, 2, 11, 0, text("news"));
  p.sends(Kind.push, 1, 999, 0, text("engine"));
  p.sends(Kind.push, 1, 700, 0, encodePeer(text("bob"), text("bye")));
  p.message("Ω", "\ufeffbom");
  assert.deepEqual(seen, ["bob: hi", "push 2.11 news", "push 1.999 engine", "-bob: bye", "Ω: \ufeffbom"]);
}));

test("what arrives with the welcome reaches handlers that are added after connect", inVirtualTime(async (server) => {
  const seen: string[] = [];
  const connected = (async () => {
    const c = await connect("ws://one", { token: "t", WebSocket: server.WebSocket });
    c.on("message", (m) => seen.push(m.text));
    c.on("state", (s) => seen.push(s));
  })();
  await settle();
  server.last.open();
  server.last.welcome();
  server.last.message("bob", "early");
  server.last.breaks();
  await connected;
  await pass(1);
  assert.deepEqual(seen, ["early", "reconnecting"]);
}));

test("nothing of a connection is told after its end", inVirtualTime(async (server) => {
  const seen: string[] = [];
  const connecting = connect("ws://one", { token: "t", WebSocket: server.WebSocket, on: { message: (m) => seen.push(m.text), state: (s) => seen.push(s) } });
  await settle();
  server.last.open();
  server.last.welcome();
  server.last.message("bob", "1");
  server.last.sends(Kind.push, 1, 701); // malformed
  server.last.message("bob", "2");
  await connecting;
  await pass(1);
  assert.deepEqual(seen, ["1", "reconnecting"]);
}));

test("handlers given to connect miss nothing", inVirtualTime(async (server) => {
  const seen: string[] = [];
  const [, p] = await server.client({ on: { message: (m) => seen.push(m.text), state: (s) => seen.push(s) } });
  p.message("bob", "1");
  p.breaks();
  await pass(300);
  await server.login();
  assert.deepEqual(seen, ["1", "reconnecting", "connected"]);
}));

test("a handler that is removed, or throws, does not disturb the others", inVirtualTime(async (server) => {
  const [c, p] = await server.client();
  const seen: string[] = [];
  const uncaught: unknown[] = [];
  const remove = c.on("message", () => seen.push("first"));
  c.on("message", () => { throw new Error("a handler's own"); });
  c.on("message", () => seen.push("third"));
  // The test runner listens too: its listeners are put aside for a moment.
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.once("uncaughtException", (e) => uncaught.push(e.message));
  p.message("bob", "1");
  await settle();
  for (const l of listeners) {
    process.on("uncaughtException", l);
  }
  remove();
  assert.deepEqual(seen, ["first", "third"]);
  assert.deepEqual(uncaught, ["a handler's own"]);
  assert.equal(c.state, "connected");
}));

test("a loop over messages gets them in order and ends with the client", inVirtualTime(async (server) => {
  const [c, p] = await server.client();
  const seen: string[] = [];
  const loop = (async () => {
    for await (const m of c.messages()) {
      seen.push(m.text);
    }
    seen.push("end");
  })();
  p.message("bob", "1");
  p.message("bob", "2");
  await settle();
  p.message("bob", "3");
  p.breaks();
  await pass(300);
  (await server.login()).message("bob", "4");
  await settle();
  void c.close();
  await loop;
  assert.deepEqual(seen, ["1", "2", "3", "4", "end"]);
  for await (const _ of c.messages()) {
    assert.fail("a closed client has no messages");
  }
}));

test("a loop ends with an error when the server sends the client away", inVirtualTime(async (server) => {
  const [c, p] = await server.client();
  const messages = c.messages();
  p.message("bob", "1");
  p.goodbye(2002, "replaced");
  assert.equal(((await messages.next()).value as Message).text, "1");
  const e = await failure(messages.next());
  assert.deepEqual([e.code, e.goodbye], ["goodbye", 2002]);
  assert.equal((await messages.next()).done, true);
  assert.equal((await failure(c.messages().next())).goodbye, 2002);
}));

test("a loop that is too slow gets what the buffer holds, then buffer_full", inVirtualTime(async (server) => {
  const [c, p] = await server.client({ maxBuffered: 250 });
  const slow = c.messages();
  const other: string[] = [];
  c.on("message", (m) => other.push(m.text));
  for (let i = 0; i < 10; i++) {
    p.message("bob", String(i));
  }
  assert.equal(other.length, 10);
  for (const want of ["0", "1", "2"]) {
    assert.equal(((await slow.next()).value as Message).text, want);
  }
  assert.equal((await failure(slow.next())).code, "buffer_full");
  assert.equal((await slow.next()).done, true);
  assert.equal(c.state, "connected");
}));

test("leaving a loop ends it alone", inVirtualTime(async (server) => {
  const [c, p] = await server.client();
  const other = c.messages();
  p.message("bob", "1");
  p.message("bob", "2");
  for await (const m of (() => { const it = c.messages(); p.message("bob", "3"); return it; })()) {
    assert.equal(m.text, "3");
    break;
  }
  assert.equal(((await other.next()).value as Message).text, "1");
  assert.equal(((await other.next()).value as Message).text, "2");
}));
