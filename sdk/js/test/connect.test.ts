import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../src/index.js";
import { checkUrl } from "../src/addresses.js";
import { failure, inVirtualTime, pass, settle } from "./fake.js";
import { decodeHello, Kind } from "../src/wire.js";

test("a client says hello and has what the welcome says", inVirtualTime(async (server) => {
  const connecting = connect("ws://one", { token: "secret", name: "test/1", WebSocket: server.WebSocket });
  await settle();
  const p = server.last;
  assert.deepEqual([p.url, p.protocols, p.binaryType], ["ws://one/ws", ["parley.v1"], "arraybuffer"]);
  assert.equal(p.frames.length, 0);
  p.open();
  assert.deepEqual(decodeHello(p.takeOne(Kind.hello).payload), { token: "secret", client: "test/1" });
  p.welcome();
  const c = await connecting;
  assert.deepEqual([c.user, c.session, c.node, c.url, c.maxMessage, c.state], ["alice", "5e55", "n1", "ws://one/ws", 1000, "connected"]);
}));

test("addresses are tried in their order, and the error has all reasons", inVirtualTime(async (server) => {
  const connecting = failure(connect("ws://one, ws://two", { token: "t", WebSocket: server.WebSocket }));
  await settle();
  server.last.breaks("refused");
  await settle();
  assert.equal(server.last.url, "ws://two/ws");
  await pass(5000);
  const e = await connecting;
  assert.equal(e.code, "connect_failed");
  assert.match(e.message, /^ws:\/\/one\/ws: no WebSocket connection: refused; ws:\/\/two\/ws: no connection within 5 s$/);
}));

test("a goodbye that says stay away ends connect, whatever the address", inVirtualTime(async (server) => {
  const connecting = failure(connect("ws://one,ws://two", { token: "t", WebSocket: server.WebSocket }));
  await settle();
  server.last.open();
  server.last.goodbye(2005, "removed by an operator");
  const e = await connecting;
  assert.deepEqual([e.code, e.goodbye, e.message, server.peers.length], ["goodbye", 2005, "goodbye 2005: removed by an operator", 1]);
  assert.ok(server.last.closed);
}));

test("a refused token is replaced once by a fresh one", inVirtualTime(async (server) => {
  const tokens = ["old", "new"];
  const connecting = connect(["ws://one"], { getToken: () => tokens.shift()!, WebSocket: server.WebSocket });
  await settle();
  server.last.open();
  assert.equal(server.last.token(), "old");
  server.last.goodbye(2001, "expired");
  await settle();
  server.last.open();
  assert.equal(server.last.token(), "new");
  server.last.welcome();
  assert.equal((await connecting).state, "connected");
}));

test("a fresh token that is refused too ends connect", inVirtualTime(async (server) => {
  let asked = 0;
  const connecting = failure(connect("ws://one", { token: "old", getToken: async () => `new ${++asked}`, WebSocket: server.WebSocket }));
  for (const want of ["old", "new 1"]) {
    await settle();
    server.last.open();
    assert.equal(server.last.token(), want);
    server.last.goodbye(2001);
  }
  const e = await connecting;
  assert.deepEqual([e.code, e.goodbye, asked, server.peers.length], ["goodbye", 2001, 1, 2]);
}));

test("without getToken a refused token is the end", inVirtualTime(async (server) => {
  const connecting = failure(connect("ws://one", { token: "t", WebSocket: server.WebSocket }));
  await settle();
  server.last.open();
  server.last.goodbye(2001);
  assert.equal((await connecting).goodbye, 2001);
}));

test("a failing getToken ends connect and says why", inVirtualTime(async (server) => {
  for (const getToken of [() => Promise.reject(new Error("no session")), () => { throw new Error("no session"); }]) {
    const e = await failure(connect("ws://one", { getToken, WebSocket: server.WebSocket }));
    assert.deepEqual([e.code, e.message, e.cause.message], ["no_token", "getToken failed: no session", "no session"]);
  }
  const e = await failure(connect("ws://one", { getToken: () => undefined as any, WebSocket: server.WebSocket }));
  assert.deepEqual([e.code, server.peers.length], ["no_token", 0]);
}));

test("answers to the hello that are no welcome are refused", inVirtualTime(async (server) => {
  const cases: [(p: any) => void, RegExp][] = [
    [(p) => p.raw("welcome"), /text message/],
    [(p) => p.raw(new Uint8Array(3)), /frame of 3 bytes/],
    [(p) => p.sends(Kind.push), /answered the hello with kind 5/],
    [(p) => p.sends(Kind.welcome), /malformed welcome/],
    [(p) => p.welcome({ user: "" }), /lacks the user/],
    [(p) => p.welcome({ heartbeat_ms: 0 }), /lacks the user, the heartbeat/],
    [(p) => p.breaks(), /closed the connection without a word/],
    [() => pass(15000), /no welcome within 15 s/],
  ];
  for (const [answer, want] of cases) {
    const connecting = failure(connect("ws://one", { token: "t", WebSocket: server.WebSocket }));
    await settle();
    server.last.open();
    await answer(server.last);
    const e = await connecting;
    assert.equal(e.code, "connect_failed");
    assert.match(e.message, want);
    assert.ok(server.last.closed);
  }
}));

test("a server without the subprotocol is not sent the token", inVirtualTime(async (server) => {
  const connecting = failure(connect("ws://one", { token: "t", WebSocket: server.WebSocket }));
  await settle();
  server.last.protocol = "";
  server.last.open();
  assert.match((await connecting).message, /does not speak parley.v1/);
  assert.equal(server.last.frames.length, 0);
}));

test("a signal ends connect", inVirtualTime(async (server) => {
  const abort = new AbortController();
  const connecting = failure(connect("ws://one,ws://two", { token: "t", WebSocket: server.WebSocket, signal: abort.signal }));
  await settle();
  abort.abort();
  assert.equal((await connecting).code, "aborted");
  assert.equal(server.peers.length, 1);
  const e = await failure(connect("ws://one", { token: "t", WebSocket: server.WebSocket, signal: AbortSignal.abort() }));
  assert.deepEqual([e.code, server.peers.length], ["aborted", 1]);
}));

test("a close while the token is fetched ends connect", inVirtualTime(async (server) => {
  const abort = new AbortController();
  const getToken = () => new Promise<string>(() => undefined);
  const connecting = failure(connect("ws://one", { getToken, WebSocket: server.WebSocket, signal: abort.signal }));
  await settle();
  abort.abort();
  assert.equal((await connecting).code, "aborted");
}));

test("URLs are completed, and bad ones are refused with what is right", () => {
  assert.equal(checkUrl("ws://one"), "ws://one/ws");
  assert.equal(checkUrl(" wss://one:444/ "), "wss://one:444/ws");
  assert.equal(checkUrl("https://one/chat?x=1#y"), "wss://one/chat?x=1");
  const bad: [string, RegExp][] = [
    ["", /want ws:\/\/ or wss:\/\/ and a host/],
    ["one:7000", /scheme is one, want ws or wss/],
    ["tcp://127.0.0.1:7200", /scheme is tcp, want ws or wss: the address of a server's HTTP listener/],
    ["ws://alice@one", /remove the user/],
    ["ws://one:99999", /want ws/],
  ];
  for (const [url, want] of bad) {
    assert.throws(() => checkUrl(url), (e: any) => e.code === "bad_argument" && want.test(e.message), url);
  }
});

test("connect refuses what cannot work", async () => {
  assert.equal((await failure(connect("ws://one", {}))).code, "bad_argument");
  assert.equal((await failure(connect([], { token: "t" }))).code, "bad_argument");
  assert.equal((await failure(connect("ws://one,", { token: "t" }))).code, "bad_argument");
});

test("the platform's WebSocket types fit the option", () => {
  const ctor: import("../src/index.js").WebSocketConstructor | undefined = globalThis.WebSocket;
  assert.ok(ctor === undefined || typeof ctor === "function");
});
