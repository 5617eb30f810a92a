import assert from "node:assert/strict";
import { test } from "node:test";
import { Addresses } from "../src/addresses.js";
import { failure, inVirtualTime, pass, settle } from "./fake.js";
import { decodeText, Kind } from "../src/wire.js";

/** How many ms pass until the client makes its n-th connection. */
async function untilConnection(server: { peers: unknown[] }, n: number, most = 100_000): Promise<number> {
  for (let ms = 0; ms <= most; ms += 50) {
    await settle();
    if (server.peers.length >= n) {
      return ms;
    }
    await pass(50);
  }
  return Infinity;
}

test("goodbyes of 1000 to 1999 are followed by a return, all others by the end", inVirtualTime(async (server) => {
  for (const code of [1000, 1001, 1002, 1003, 1999]) {
    const states: string[] = [];
    const [c, p] = await server.client();
    c.on("state", (s, why) => states.push(`${s} ${why?.goodbye ?? ""}`));
    p.goodbye(code, "see you");
    await pass(300);
    const next = await server.login({ session: `${code}` });
    assert.deepEqual([c.state, c.session, states], ["connected", `${code}`, [`reconnecting ${code}`, "connected "]]);
    assert.ok(p.closed);
    void c.close();
    next.breaks();
  }
  for (const code of [0, 999, 2000, 2001, 2002, 2003, 2005, 2999, 3000, 65535]) {
    const states: string[] = [];
    const [c, p] = await server.client({ urls: "ws://one,ws://two" });
    const before = server.peers.length;
    c.on("state", (s, why) => states.push(`${s} ${why?.goodbye}`));
    p.goodbye(code, "stay away");
    await pass(60_000);
    assert.equal(server.peers.length, before);
    assert.deepEqual([c.state, c.error?.goodbye, states], ["closed", code, [`closed ${code}`]]);
    const e = await failure(c.send("bob", "x"));
    assert.deepEqual([e.code, e.outcome, e.cause.goodbye], ["closed", "not_sent", code]);
  }
}));

test("a stopping server says when to come back", inVirtualTime(async (server) => {
  for (const ms of [0, 3000, 600_000]) {
    const [c, p] = await server.client();
    const n = server.peers.length;
    p.goodbye(1001, `{"reconnect_in_ms":${ms},"reason":"update"}`);
    const took = await untilConnection(server, n + 1, ms + 1000);
    assert.ok(took >= ms && took <= ms + 50, `${took} for ${ms}`);
    void c.close();
  }
  const [, p] = await server.client();
  const n = server.peers.length;
  p.goodbye(1001, '{"reconnect_in_ms":1e12}');
  await pass(3_599_900);
  assert.equal(server.peers.length, n);
  assert.ok((await untilConnection(server, n + 1)) < 300); // an hour is the most
}));

test("the time to come back holds for all addresses", inVirtualTime(async (server) => {
  const [, p] = await server.client({ urls: "ws://one,ws://two" });
  p.goodbye(1001, '{"reconnect_in_ms":2000}');
  const took = await untilConnection(server, 2);
  assert.ok(took >= 2000 && took <= 2100, String(took));
  assert.equal(server.last.url, "ws://two/ws");
}));

test("pauses grow, with jitter, up to the longest", inVirtualTime(async (server) => {
  const [, p] = await server.client({ backoff: { min: 1000, max: 4000 } });
  await pass(5000); // longer than the longest pause: the count starts anew
  p.breaks();
  for (const [i, most] of [1000, 2000, 4000, 4000, 4000].entries()) {
    const took = await untilConnection(server, i + 2);
    assert.ok(took >= most / 2 - 50 && took <= most + 50, `pause ${i}: ${took}, at most ${most}`);
    server.last.breaks("refused");
  }
  await untilConnection(server, 7);
  const next = await server.login();
  next.breaks(); // a short connection does not start the count anew
  const took = await untilConnection(server, 8);
  assert.ok(took >= 2000 - 50, String(took));
  const later = await server.login();
  await pass(4500);
  later.breaks();
  const fresh = await untilConnection(server, 9);
  assert.ok(fresh <= 1000 + 50, String(fresh));
}));

test("a lost address is bad, and another one is tried at once", inVirtualTime(async (server) => {
  const [c, p] = await server.client({ urls: "ws://one,ws://two" });
  p.breaks();
  await settle();
  assert.equal(server.last.url, "ws://two/ws");
  const two = await server.login();
  assert.equal(c.url, "ws://two/ws");
  two.breaks(); // both are bad now: a pause, then the one that failed longest ago
  await settle();
  assert.equal(server.peers.length, 2);
  await pass(300);
  assert.equal(server.last.url, "ws://one/ws");
  server.last.breaks("refused");
  await settle();
  assert.equal(server.last.url, "ws://two/ws");
}));

test("an address is not bad for ever", inVirtualTime(async (server) => {
  const [, p] = await server.client({ urls: "ws://one,ws://two" });
  p.breaks();
  const two = await server.login();
  await pass(15_000);
  two.sends(Kind.ping);
  await pass(15_000);
  two.breaks();
  await settle();
  assert.equal(server.last.url, "ws://one/ws");
  assert.equal(server.peers.length, 3);
}));

test("an attempt that gets no answer is given up", inVirtualTime(async (server) => {
  const [, p] = await server.client({ urls: "ws://one,ws://two,ws://three" });
  p.breaks();
  await settle();
  const second = server.last;
  await pass(5050);
  assert.ok(second.closed);
  assert.equal(server.peers.length, 3);
  assert.notEqual(server.last.url, second.url);
}));

test("the clients of a dead node spread over the others", () => {
  const urls = ["ws://a", "ws://b", "ws://c", "ws://d"];
  const first = new Map<string, number>();
  for (let i = 0; i < 400; i++) {
    const a = new Addresses(urls);
    a.markBad("ws://a/ws");
    const url = a.good()[0]!;
    first.set(url, (first.get(url) ?? 0) + 1);
  }
  assert.deepEqual([...first.keys()].sort(), ["ws://b/ws", "ws://c/ws", "ws://d/ws"]);
  for (const n of first.values()) {
    assert.ok(n > 80, JSON.stringify([...first]));
  }
});

test("a token that has expired is replaced when a server refuses it", inVirtualTime(async (server) => {
  let asked = 0;
  const [c, p] = await server.client({ token: "first", getToken: () => `fresh ${++asked}` });
  p.breaks();
  await pass(300);
  server.last.open();
  assert.equal(server.last.token(), "first"); // kept as long as it is good
  server.last.goodbye(2001, "expired");
  await settle();
  server.last.open();
  assert.equal(server.last.token(), "fresh 1");
  server.last.welcome();
  await settle();
  assert.equal(c.state, "connected");
  server.last.goodbye(2001, "expired meanwhile");
  await pass(500); // the second round: 200 to 400 ms
  server.last.open();
  assert.equal(server.last.token(), "fresh 2");
  server.last.goodbye(2001, "no");
  await settle();
  assert.deepEqual([c.state, c.error?.goodbye, asked], ["closed", 2001, 2]);
}));

test("a getToken that fails is asked again after a pause", inVirtualTime(async (server) => {
  let asked = 0;
  const getToken = () => (++asked < 3 ? Promise.reject(new Error("offline")) : "fresh");
  const [c, p] = await server.client({ urls: "ws://one,ws://two", getToken });
  p.goodbye(2001, "expired");
  await settle();
  assert.equal(asked, 1);
  await pass(1000);
  assert.equal(asked, 3);
  await server.login();
  assert.equal(c.state, "connected");
}));

test("a server that breaks the protocol is told, and the client comes back", inVirtualTime(async (server) => {
  const broken: [(p: any) => void, RegExp][] = [
    [(p) => p.raw("text"), /text message/],
    [(p) => p.raw(new Uint8Array(7)), /7 bytes/],
    [(p) => p.raw(new Uint8Array(8)), /unknown kind 0/],
    [(p) => p.raw(new Uint8Array(1000 + 1024 + 1).fill(5)), /2025 bytes/],
    [(p) => p.welcome(), /kind 2 after the welcome/],
    [(p) => p.sends(Kind.hello), /kind 1/],
    [(p) => p.sends(Kind.request), /kind 3/],
    [(p) => p.sends(Kind.push, 1, 701), /malformed peer/],
    [(p) => p.sends(Kind.push, 1, 700, 0, Uint8Array.of(9, 65)), /malformed peer/],
    [(p) => p.sends(Kind.push, 1, 701, 0, Uint8Array.of(1, 0xff)), /malformed peer/],
    [(p) => p.sends(Kind.response, 1, 701, 1), /malformed response/],
  ];
  for (const [breakIt, want] of broken) {
    const [c, p] = await server.client();
    breakIt(p);
    const bye = p.takeOne(Kind.goodbye);
    assert.equal(bye.cmd, 2003);
    assert.match(decodeText(bye.payload), want);
    assert.ok(p.closed);
    await pass(300);
    await server.login();
    assert.equal(c.state, "connected");
    void c.close();
  }
}));

test("what a connection does after its end has no effect", inVirtualTime(async (server) => {
  const [c, p] = await server.client();
  const seen: string[] = [];
  c.on("message", (m) => seen.push(m.text));
  const { onmessage, onclose } = p;
  p.goodbye(1001);
  onmessage?.({ data: new ArrayBuffer(3) });
  onclose?.({});
  await pass(300);
  await server.login();
  assert.deepEqual([seen, c.state, server.peers.length], [[], "connected", 2]);
}));
