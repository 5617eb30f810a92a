import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { inVirtualTime, pass, settle } from "./fake.js";
import { onWake } from "../src/wake.js";
import { Kind } from "../src/wire.js";

test("pings are answered", inVirtualTime(async (server) => {
  const [, p] = await server.client();
  p.sends(Kind.ping, 0, 0, 0xffffffff);
  const pong = p.frames.at(-1)!;
  assert.deepEqual([pong.kind, pong.id], [Kind.pong, 0xffffffff]);
}));

test("a quiet connection is pinged once a heartbeat, and lives as long as pongs come", inVirtualTime(async (server) => {
  const [c, p] = await server.client();
  for (let i = 1; i <= 5; i++) {
    await pass(15_500);
    assert.equal(p.pings(), i);
    p.sends(Kind.pong, 0, 0, i);
  }
  assert.equal(c.state, "connected");
}));

test("a client that hears much and says nothing pings too", inVirtualTime(async (server) => {
  const [, p] = await server.client();
  for (let i = 0; i < 20; i++) {
    await pass(1000);
    p.message("bob", "x");
  }
  assert.equal(p.pings(), 1);
}));

test("two heartbeats of silence end a connection, and the next is made", inVirtualTime(async (server) => {
  const [c, p] = await server.client({}, { heartbeat_ms: 1000 });
  await pass(1950);
  assert.deepEqual([c.state, p.pings()], ["connected", 1]);
  await pass(300);
  const bye = p.frames.find((f) => f.kind === Kind.goodbye);
  assert.equal(bye?.cmd, 1002);
  assert.ok(p.closed);
  await pass(300);
  await server.login();
  assert.equal(c.state, "connected");
}));

/** Lets the machine sleep: the clock goes on, timers do not. */
function sleep(ms: number): void {
  mock.timers.setTime(Date.now() + ms);
}

test("a client that wakes on a dead connection has a new one within two seconds", inVirtualTime(async (server) => {
  const [c, p] = await server.client({ urls: "ws://one,ws://two" });
  sleep(3_600_000);
  await pass(500); // the clock has jumped
  assert.ok(p.pings() >= 1);
  await pass(1000);
  assert.ok(p.closed);
  await server.login();
  assert.equal(c.state, "connected");
}));

test("a client that wakes on a live connection keeps it", inVirtualTime(async (server) => {
  const [c, p] = await server.client();
  sleep(20_000);
  await pass(600);
  assert.ok(p.pings() >= 1);
  p.sends(Kind.pong, 0, 0, 1);
  await pass(3000);
  assert.deepEqual([c.state, p.closed, server.peers.length], ["connected", false, 1]);
}));

test("frames from before the sleep do not pass for a sign of life", inVirtualTime(async (server) => {
  const [c, p] = await server.client({ urls: "ws://one,ws://two" });
  sleep(3_600_000);
  await pass(500);
  p.message("bob", "from before");
  await pass(1000);
  assert.equal(p.closed, false); // a live server may have much to say before the pong
  await pass(1100);
  assert.ok(p.closed);
  await server.login();
  assert.equal(c.state, "connected");
}));

/** A page in which events happen. */
function page(): { fire: (on: "window" | "document" | "network", type: string) => void; restore: () => void; visible: (v: boolean) => void } {
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const connection = new EventTarget();
  const g = globalThis as any;
  const before = Object.getOwnPropertyDescriptors(g);
  g.addEventListener = window.addEventListener.bind(window);
  g.removeEventListener = window.removeEventListener.bind(window);
  g.document = document;
  Object.defineProperty(g, "navigator", { value: { connection }, configurable: true, writable: true });
  return {
    fire: (on, type) => void { window, document, network: connection }[on].dispatchEvent(new Event(type)),
    visible: (v) => (document.visibilityState = v ? "visible" : "hidden"),
    restore: () => {
      for (const name of ["addEventListener", "removeEventListener", "document", "navigator"]) {
        delete g[name];
        if (before[name]) {
          Object.defineProperty(g, name, before[name]);
        }
      }
    },
  };
}

for (const [on, type] of [["window", "online"], ["window", "offline"], ["window", "pageshow"], ["document", "visibilitychange"], ["document", "resume"], ["network", "change"]] as const) {
  test(`after ${type} a dead connection is found within a second`, inVirtualTime(async (server) => {
    const pg = page();
    try {
      const [c, p] = await server.client({ urls: "ws://one,ws://two" });
      pg.fire(on, type);
      pg.fire(on, type); // twice is once
      assert.equal(p.pings(), 1);
      await pass(950);
      assert.equal(p.closed, false);
      await pass(100);
      assert.ok(p.closed);
      await server.login();
      pg.fire(on, type);
      server.last.sends(Kind.pong, 0, 0, 1);
      await pass(1500);
      assert.deepEqual([c.state, server.peers.length], ["connected", 2]);
      void c.close();
    } finally {
      pg.restore();
    }
  }));
}

test("a page that is hidden does not probe", inVirtualTime(async (server) => {
  const pg = page();
  try {
    const [, p] = await server.client();
    pg.visible(false);
    pg.fire("document", "visibilitychange");
    assert.equal(p.pings(), 0);
  } finally {
    pg.restore();
  }
}));

test("waking ends the pause between attempts, and an old attempt, at once", inVirtualTime(async (server) => {
  const pg = page();
  try {
    const [c, p] = await server.client({ backoff: { min: 60_000, max: 60_000 } });
    p.breaks();
    await pass(5000);
    assert.equal(server.peers.length, 1);
    pg.fire("window", "online");
    await settle();
    assert.equal(server.peers.length, 2);
    await pass(500);
    pg.fire("window", "online"); // a fresh attempt goes on
    await settle();
    assert.equal(server.peers.length, 2);
    await pass(3000);
    pg.fire("window", "online");
    await settle();
    assert.equal(server.peers.length, 3);
    assert.ok(server.peers[1]!.closed);
    await server.login();
    assert.equal(c.state, "connected");
  } finally {
    pg.restore();
  }
}));

test("waking does not shorten the time for which a server wants clients away", inVirtualTime(async (server) => {
  const pg = page();
  try {
    const [, p] = await server.client();
    p.goodbye(1001, '{"reconnect_in_ms":60000}');
    await pass(1000);
    pg.fire("window", "online");
    await settle();
    assert.equal(server.peers.length, 1);
  } finally {
    pg.restore();
  }
}));

test("a closed client listens to nothing any more", inVirtualTime(async (server) => {
  const pg = page();
  try {
    const [c, p] = await server.client();
    void c.close();
    const before = p.frames.length;
    pg.fire("window", "online");
    await pass(60_000);
    assert.deepEqual([p.frames.length, server.peers.length], [before, 1]);
  } finally {
    pg.restore();
  }
}));

test("a worker, which has no document, probes when its network is back", () => {
  const worker = new EventTarget();
  let woke = 0;
  const stop = onWake(() => woke++, worker as any);
  worker.dispatchEvent(new Event("online"));
  stop();
  worker.dispatchEvent(new Event("online"));
  assert.equal(woke, 1);
});

test("outside a browser there is nothing to listen to", () => {
  onWake(() => assert.fail("woke"), {})();
});
