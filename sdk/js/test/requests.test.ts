import assert from "node:assert/strict";
import { test } from "node:test";
import { failure, inVirtualTime, pass, settle, text } from "./fake.js";
import { decodePeer, decodeText, encodeError, Kind } from "../src/wire.js";

test("a message is sent, and its receipt says what became of it", inVirtualTime(async (server) => {
  const [c, p] = await server.client();
  const cases: [Uint8Array, string][] = [
    [new Uint8Array(0), "delivered"],
    [Uint8Array.of(0), "delivered"],
    [Uint8Array.of(1), "declined"],
    [Uint8Array.of(2, 7), "dropped"],
  ];
  for (const [data, want] of cases) {
    const sending = c.send("bob", "hi ✓");
    const f = p.takeOne(Kind.request);
    const { user, rest } = decodePeer(f.payload);
    assert.deepEqual([f.ver, f.cmd, user, decodeText(rest)], [1, 701, "bob", "hi ✓"]);
    assert.ok(f.id > 0);
    p.answers(f, 1, data);
    assert.deepEqual(await sending, { result: want });
  }
  const sending = failure(c.send("bob", "x"));
  p.answers(p.takeOne(Kind.request), 1, Uint8Array.of(3));
  const e = await sending;
  assert.deepEqual([e.code, e.outcome], ["protocol", "unknown"]);
}));

test("peers are connected and disconnected", inVirtualTime(async (server) => {
  const [c, p] = await server.client();
  const opening = c.connectPeer("bob");
  let f = p.takeOne(Kind.request);
  assert.deepEqual([f.ver, f.cmd, decodePeer(f.payload).user], [1, 702, "bob"]);
  p.answers(f, 1, Uint8Array.of(0));
  assert.deepEqual(await opening, { result: "delivered" });
  const closing = c.disconnectPeer("bob", "bye");
  f = p.takeOne(Kind.request);
  assert.deepEqual([f.cmd, decodeText(decodePeer(f.payload).rest)], [700, "bye"]);
  p.answers(f);
  assert.equal(await closing, undefined);
}));

test("a command's response is its data, in whatever order responses come", inVirtualTime(async (server) => {
  const [c, p] = await server.client();
  const payload = text("one");
  const one = c.request(2, 10, payload);
  payload.fill(0); // the caller may change it after the call
  const two = c.request(255, 65535);
  const [f1, f2] = p.take();
  assert.notEqual(f1!.id, f2!.id);
  assert.deepEqual([f1!.ver, f1!.cmd, decodeText(f1!.payload)], [2, 10, "one"]);
  assert.deepEqual([f2!.ver, f2!.cmd, f2!.payload.length], [255, 65535, 0]);
  p.answers(f2!, 1, text("second"));
  p.answers(f1!, 1, text("first"));
  assert.deepEqual([decodeText(await one), decodeText(await two)], ["first", "second"]);
}));

test("errors of the server have codes and say whether the message can have arrived", inVirtualTime(async (server) => {
  const [c, p] = await server.client();
  const cases: [number, string, string][] = [
    [4001, "malformed", "failed"],
    [4002, "unknown_command", "failed"],
    [4003, "not_allowed", "failed"],
    [4004, "rate_limit", "failed"],
    [4005, "bad_token", "failed"],
    [4999, "request_failed", "failed"],
    [5001, "timeout", "unknown"],
    [5002, "message_nil", "failed"],
    [5003, "nodes_not_found", "failed"],
    [5004, "user_not_found", "failed"],
    [5005, "too_large", "failed"],
    [5006, "recipient_busy", "failed"],
    [5007, "overloaded", "failed"],
    [5008, "internal", "failed"],
    [5999, "request_failed", "unknown"],
  ];
  for (const [number, code, outcome] of cases) {
    const sending = failure(c.send("bob", "x"));
    p.answers(p.takeOne(Kind.request), Math.floor(number / 1000), encodeError(number, `why ${number}`));
    const e = await sending;
    assert.deepEqual([e.name, e.code, e.number, e.outcome, e.userId, e.message], ["ParleyError", code, number, outcome, "bob", `why ${number}`]);
  }
}));

test("a status of the application's own keeps its bytes", inVirtualTime(async (server) => {
  const [c, p] = await server.client();
  for (const [status, data] of [[9, "own"], [5, "x"], [4, "\x13\x8c says 5004"], [0, ""]] as const) {
    const asking = failure(c.request(2, 10));
    p.answers(p.takeOne(Kind.request), status, text(data));
    const e = await asking;
    assert.deepEqual([e.code, e.outcome, e.status, decodeText(e.data)], ["request_failed", "failed", status, data]);
  }
}));

test("what the server would refuse is not sent", inVirtualTime(async (server) => {
  const [c, p] = await server.client();
  const cases: [Promise<unknown>, string][] = [
    [c.send("bob", ""), "message_nil"],
    [c.send("", "x"), "malformed"],
    [c.send("b".repeat(129), "x"), "malformed"],
    [c.send("Ω".repeat(65), "x"), "malformed"],
    [c.send("\ud800", "x"), "malformed"],
    [c.send("bob", "x".repeat(1001)), "too_large"],
    [c.request(2, 10, "x".repeat(1000 + 1024 - 8 + 1)), "too_large"],
    [c.request(256, 0), "bad_argument"],
    [c.request(1, 1.5), "bad_argument"],
    [c.send("bob", 7 as any), "bad_argument"],
  ];
  for (const [promise, code] of cases) {
    const e = await failure(promise);
    assert.deepEqual([e.code, e.outcome], [code, "not_sent"]);
  }
  assert.deepEqual(p.take(), []);
}));

test("a connection that breaks leaves the outcome of what was sent unknown", inVirtualTime(async (server) => {
  const [c, p] = await server.client();
  const sending = failure(c.send("bob", "x"));
  p.breaks("read ECONNRESET");
  const e = await sending;
  assert.deepEqual([e.code, e.outcome, e.userId, e.cause.code], ["connection_lost", "unknown", "bob", "connection_lost"]);
  assert.equal(e.message, "outcome unknown: connection lost: read ECONNRESET");
  const again = failure(c.send("bob", "y"));
  await pass(300);
  const next = await server.login();
  next.goodbye(1003, "too slow");
  const slow = await again;
  assert.deepEqual([slow.code, slow.outcome, slow.cause.goodbye], ["connection_lost", "unknown", 1003]);
}));

test("messages sent while offline go out in their order, before later ones", inVirtualTime(async (server) => {
  const [c, p] = await server.client();
  p.breaks();
  const sending = ["1", "2", "3"].map((n) => c.send("bob", n));
  await pass(300);
  const next = await server.login();
  sending.push(c.send("bob", "4"));
  const frames = next.take();
  assert.deepEqual(frames.map((f) => decodeText(decodePeer(f.payload).rest)), ["1", "2", "3", "4"]);
  for (const f of frames) {
    next.answers(f);
  }
  assert.equal((await Promise.all(sending)).length, 4);
}));

test("a message waits for a connection for a bounded time, and is then not sent", inVirtualTime(async (server) => {
  const [c, p] = await server.client({ maxWait: 5000 });
  p.breaks();
  await settle();
  const early = failure(c.send("bob", "early"));
  await pass(2500);
  const late = c.send("bob", "late");
  await pass(2550);
  const e = await early;
  assert.deepEqual([e.code, e.outcome, e.userId], ["not_connected", "not_sent", "bob"]);
  const next = await server.login();
  const f = next.takeOne(Kind.request);
  assert.equal(decodeText(decodePeer(f.payload).rest), "late");
  await pass(20_000); // the bound is for a connection, not for the response
  next.answers(f);
  assert.deepEqual(await late, { result: "delivered" });
}));

test("the queue has a bound, and what does not fit is not sent", inVirtualTime(async (server) => {
  const [c, p] = await server.client({ maxQueued: 1000 });
  p.breaks();
  const kept = Array.from({ length: 4 }, () => c.send("bob", "x".repeat(150)));
  const e = await failure(c.send("bob", "x".repeat(150)));
  assert.deepEqual([e.code, e.outcome], ["queue_full", "not_sent"]);
  await pass(300);
  const next = await server.login();
  for (const f of next.take()) {
    next.answers(f);
  }
  assert.equal((await Promise.all(kept)).length, 4);
}));

test("requests wait while the WebSocket's buffer is full", inVirtualTime(async (server) => {
  const [c, p] = await server.client();
  p.bufferedAmount = 1 << 20;
  const sending = [c.send("bob", "1"), c.send("bob", "2")];
  assert.deepEqual(p.take(), []);
  p.bufferedAmount = 0;
  sending.push(c.send("bob", "3"));
  await pass(50);
  const frames = p.take();
  assert.deepEqual(frames.map((f) => decodeText(decodePeer(f.payload).rest)), ["1", "2", "3"]);
  for (const f of frames) {
    p.answers(f);
  }
  await Promise.all(sending);
}));

test("a signal takes a waiting request back, and gives one in flight up", inVirtualTime(async (server) => {
  const [c, p] = await server.client();
  const abort = new AbortController();
  const inflight = failure(c.send("bob", "1", { signal: abort.signal }));
  const f = p.takeOne(Kind.request);
  abort.abort("enough");
  const e = await inflight;
  assert.deepEqual([e.code, e.outcome, e.cause], ["aborted", "unknown", "enough"]);
  p.answers(f); // late
  p.breaks();
  const waits = new AbortController();
  const waiting = failure(c.send("bob", "2", { signal: waits.signal }));
  waits.abort();
  assert.deepEqual([(await waiting).code, (await waiting).outcome], ["aborted", "not_sent"]);
  assert.equal((await failure(c.send("bob", "3", { signal: waits.signal }))).outcome, "not_sent");
  await pass(300);
  assert.deepEqual((await server.login()).take(), []);
}));

test("close says goodbye, and rejects what is under way and what comes later", inVirtualTime(async (server) => {
  const [c, p] = await server.client();
  const inflight = failure(c.send("bob", "1"));
  p.take();
  const closing = c.close();
  assert.deepEqual([c.state, c.error?.code], ["closed", "closed"]);
  const bye = p.takeOne(Kind.goodbye);
  assert.deepEqual([bye.cmd, p.closed], [0, true]);
  assert.deepEqual([(await inflight).code, (await inflight).outcome], ["closed", "unknown"]);
  const e = await failure(c.send("bob", "2"));
  assert.deepEqual([e.code, e.outcome], ["closed", "not_sent"]);
  p.breaks();
  await closing;
  await c.close();
  await pass(60_000);
  assert.equal(server.peers.length, 1);
}));

test("close does not wait for a server that does not close", inVirtualTime(async (server) => {
  const [c] = await server.client();
  let closed = false;
  void c.close().then(() => (closed = true));
  await pass(950);
  assert.equal(closed, false);
  await pass(100);
  assert.equal(closed, true);
}));

test("close while offline ends what waits", inVirtualTime(async (server) => {
  const [c, p] = await server.client();
  p.breaks();
  const waiting = failure(c.send("bob", "1"));
  await c.close();
  assert.deepEqual([(await waiting).code, (await waiting).outcome], ["closed", "not_sent"]);
  await pass(60_000);
  assert.equal(server.peers.length, 1);
}));
