import assert from "node:assert/strict";
import { test } from "node:test";
import type { ParleyError } from "../src/index.js";
import { inVirtualTime, pass, settle, type Peer, type Server } from "./fake.js";
import { decodePeer, decodeText, encodeError, Kind, Status, type Frame } from "../src/wire.js";

/** Numbers that look random, the same for each seed (mulberry32). */
function generator(seed: number): (below: number) => number {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** What became of each message, by its number. */
class Ledger {
  arrived: number[] = []; // at the server, in order
  answered = new Set<number>();
  ends = new Map<number, string>();
  sent = 0;

  end(n: number, how: string): void {
    assert.equal(this.ends.get(n), undefined, `message ${n} ended twice`);
    this.ends.set(n, how);
  }

  check(): void {
    assert.deepEqual(this.arrived, [...new Set(this.arrived)].sort((a, b) => a - b), "arrived out of order, or twice");
    assert.equal(this.ends.size, this.sent, "some messages have no end");
    const arrived = new Set(this.arrived);
    for (const [n, how] of this.ends) {
      assert.equal(how === "delivered" || how === "failed", this.answered.has(n) && how !== "unknown", `message ${n}: ${how}`);
      if (how === "not_sent") {
        assert.ok(!arrived.has(n), `message ${n} is said not to be sent, and arrived`);
      }
    }
  }
}

async function play(server: Server, seed: number): Promise<Ledger> {
  const below = generator(seed);
  const ledger = new Ledger();
  const [c] = await server.client({ urls: "ws://one,ws://two", maxWait: 3000, maxQueued: 2000 });
  const open = new Set<Frame>();
  let current: Peer | undefined = server.last;
  let known = server.peers.length;
  const take = (p: Peer): void => {
    for (const f of p.take()) {
      if (f.kind === Kind.request) {
        ledger.arrived.push(Number(decodeText(decodePeer(f.payload).rest)));
        open.add(f);
      }
    }
  };
  const answer = (p: Peer): void => {
    const f = [...open][below(open.size)]!;
    open.delete(f);
    ledger.answered.add(Number(decodeText(decodePeer(f.payload).rest)));
    if (below(4) === 0) {
      p.answers(f, Status.error, encodeError(5004, "not found"));
    } else {
      p.answers(f);
    }
  };
  const lose = (how: (p: Peer) => void): void => {
    take(current!);
    open.clear();
    how(current!);
    current = undefined;
  };
  for (let step = 0; step < 300; step++) {
    const attempt = server.peers.length > known ? server.last : undefined;
    switch (below(10)) {
      case 0:
      case 1:
      case 2: {
        const n = ledger.sent++;
        const options = below(5) === 0 ? { signal: AbortSignal.abort() } : {};
        c.send("bob", String(n), options).then(
          () => ledger.end(n, "delivered"),
          (e: ParleyError) => ledger.end(n, e.outcome!),
        );
        break;
      }
      case 3:
      case 4:
        if (current !== undefined) {
          take(current);
          if (open.size > 0) answer(current);
        }
        break;
      case 5:
        await pass(below(800));
        break;
      case 6:
        if (current !== undefined) {
          current.bufferedAmount = below(2) << 20;
        }
        break;
      case 7:
        if (current !== undefined && below(2) === 0) {
          lose((p) => (below(2) === 0 ? p.breaks() : p.goodbye(1000 + below(4))));
        }
        break;
      case 8:
      case 9:
        if (attempt !== undefined && current === undefined) {
          known = server.peers.length;
          if (below(3) === 0) {
            attempt.breaks("refused");
          } else {
            attempt.open();
            attempt.take();
            attempt.welcome();
            current = attempt;
          }
        }
    }
    await settle();
  }
  if (current !== undefined) {
    take(current);
  }
  void c.close();
  await settle();
  return ledger;
}

test("whatever breaks, each message ends once and truly, none twice, none out of order", inVirtualTime(async () => {
  const { Server } = await import("./fake.js");
  const seen = new Set<string>();
  for (let seed = 1; seed <= 60; seed++) {
    const ledger = await play(new Server(), seed);
    try {
      ledger.check();
    } catch (e) {
      throw new Error(`seed ${seed}`, { cause: e });
    }
    for (const how of ledger.ends.values()) {
      seen.add(how);
    }
  }
  assert.deepEqual([...seen].sort(), ["delivered", "failed", "not_sent", "unknown"]);
}));
