import assert from "node:assert/strict";
import { test } from "node:test";
import { inVirtualTime, pass, settle, type Peer, type Server } from "./fake.js";
import { decodeText, encodeError, encodeTokenTime, Kind, Status, type Frame } from "../src/wire.js";

/** Lets ms pass, answers each fresh token, and returns them with the second in which they came. */
async function renewals(p: Peer, ms: number, answer: (f: Frame, n: number) => void): Promise<[string, number][]> {
  const seen: [string, number][] = [];
  const start = Date.now();
  while (Date.now() - start < ms) {
    await pass(500);
    p.sends(Kind.pong);
    for (const f of p.take()) {
      assert.deepEqual([f.kind, f.ver, f.cmd], [Kind.request, 1, 703]);
      seen.push([decodeText(f.payload), (Date.now() - start) / 1000]);
      answer(f, seen.length);
    }
  }
  return seen;
}

async function client(server: Server, expires: number): Promise<Peer> {
  let n = 0;
  const [, p] = await server.client({ token: "first", getToken: () => `fresh ${++n}` }, { token_expires_in_ms: expires });
  return p;
}

test("a session's token is replaced before it expires", inVirtualTime(async (server) => {
  const p = await client(server, 60_000);
  const seen = await renewals(p, 600_000, (f, n) => p.answers(f, Status.ok, encodeTokenTime(n === 2 ? 0 : 120_000)));
  assert.deepEqual(seen.map(([token]) => token), ["fresh 1", "fresh 2"]);
  const [at1, at2] = seen.map(([, at]) => at);
  assert.ok(at1! >= 41 && at1! <= 55 && at2! - at1! >= 83 && at2! - at1! <= 109, `${at1} ${at2}`);
  p.breaks();
  await pass(300);
  server.last.open();
  assert.equal(server.last.token(), "fresh 2"); // the next login has it too
}));

test("a fresh token that is not accepted, or no fresher, is followed by another after a pause", inVirtualTime(async (server) => {
  const p = await client(server, 60_000);
  const seen = await renewals(p, 300_000, (f, n) => {
    if (n === 1) {
      p.answers(f, Status.bad, encodeError(4005, "token expired"));
    } else {
      p.answers(f, Status.ok, encodeTokenTime(n === 2 ? 1000 : 3_600_000));
    }
  });
  assert.equal(seen.length, 3);
  const [a, b, c] = seen.map(([, at]) => at);
  p.breaks();
  await pass(300);
  server.last.open();
  assert.equal(server.last.token(), "fresh 3"); // the last one that was accepted
  assert.ok(Math.abs(b! - a! - 2) <= 0.5 && Math.abs(c! - b! - 4) <= 0.5, JSON.stringify(seen));
}));

test("a server without the command is asked once", inVirtualTime(async (server) => {
  const p = await client(server, 60_000);
  const seen = await renewals(p, 600_000, (f) => p.answers(f, Status.bad, encodeError(4002, "what?")));
  assert.equal(seen.length, 1);
}));

test("a token of a month is not replaced at once", inVirtualTime(async (server) => {
  const p = await client(server, 31 * 86_400_000);
  assert.deepEqual(await renewals(p, 60_000, () => assert.fail("too early")), []);
}));

test("a fixed token is not sent again, nor one that does not expire", inVirtualTime(async (server) => {
  const [, p] = await server.client({ token: "fixed" }, { token_expires_in_ms: 10_000 });
  assert.deepEqual(await renewals(p, 60_000, () => undefined), []);
  const q = await client(server, 0);
  assert.deepEqual(await renewals(q, 60_000, () => undefined), []);
}));

test("while no fresh token is to be had, logins use the one there is", inVirtualTime(async (server) => {
  const [c, p] = await server.client({ token: "first", getToken: () => Promise.reject(new Error("offline")) }, { token_expires_in_ms: 10_000 });
  await pass(9500);
  p.breaks();
  await pass(300);
  server.last.open();
  assert.equal(server.last.token(), "first");
  server.last.welcome();
  await settle();
  assert.equal(c.state, "connected");
}));

test("a renewal ends with its connection", inVirtualTime(async (server) => {
  const p = await client(server, 20_000);
  await pass(1000);
  p.breaks();
  await pass(300);
  const next = await server.login({ token_expires_in_ms: 100_000 });
  assert.deepEqual(await renewals(next, 60_000, () => assert.fail("of the connection before")), []);
}));

test("a renewal under way when the connection breaks is not sent on the next one", inVirtualTime(async (server) => {
  let give: (token: string) => void = () => assert.fail("not asked");
  const getToken = (): Promise<string> => new Promise((resolve) => (give = resolve));
  const [c, p] = await server.client({ token: "first", getToken }, { token_expires_in_ms: 10_000 });
  await pass(9500);
  p.breaks();
  give("fresh");
  await pass(300);
  const next = await server.login();
  await settle();
  assert.deepEqual([next.take(), c.state], [[], "connected"]);
}));
