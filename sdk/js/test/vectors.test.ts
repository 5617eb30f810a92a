import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as wire from "../src/wire.js";

interface Vector {
  name: string;
  kind: keyof typeof wire.Kind;
  ver: number;
  cmd: number;
  id: number;
  payload: string;
  body: string;
  frame: string;
  hello?: wire.Hello;
  welcome?: wire.Welcome;
  peer?: { user: string; rest: string };
  response?: { status: number; data: string };
  error?: { code: number; text: string };
  receipt?: string;
  token_ms?: number;
  goodbye?: { code: number; text: string; come_back: boolean; reconnect_in_ms?: number };
}

interface Vectors {
  protocol: string;
  max_message: number;
  frames: Vector[];
  malformed: { name: string; what: string; bytes: string; error: string }[];
  streams: { name: string; bytes: string; bodies: string[]; rest: number }[];
}

// Compiled tests are in sdk/js/build/test.
const file = new URL("../../../../wire/testdata/vectors.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors;
const maxBody = vectors.max_message + wire.frameRoom;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

test("the vectors are of this protocol, and of every kind", () => {
  assert.equal(vectors.protocol, wire.subprotocol);
  assert.deepEqual(new Set(vectors.frames.map((f) => f.kind)), new Set(Object.keys(wire.Kind)));
  assert.ok(vectors.malformed.length > 0 && vectors.streams.length > 0);
});

for (const f of vectors.frames) {
  test(`frame: ${f.name}`, () => {
    const body = wire.encodeBody(wire.Kind[f.kind], f.ver, f.cmd, f.id, bytes(f.payload));
    assert.equal(hex(body), f.body);
    assert.equal(hex(wire.encodeStreamFrame(body)), f.frame);
    const { payload, ...header } = wire.decodeBody(bytes(f.body));
    assert.deepEqual(header, { kind: wire.Kind[f.kind], ver: f.ver, cmd: f.cmd, id: f.id });
    assert.equal(hex(payload), f.payload);
    const split = wire.splitStream(bytes(f.frame), Math.max(maxBody, f.frame.length));
    assert.deepEqual(split.bodies.map(hex), [f.body]);
    checkPayload(f, payload);
  });
}

function checkPayload(f: Vector, payload: Uint8Array): void {
  if (f.hello) {
    assert.deepEqual(wire.decodeHello(payload), f.hello);
    assert.deepEqual(wire.decodeHello(wire.encodeHello(f.hello)), f.hello);
  }
  if (f.welcome) {
    assert.deepEqual(wire.decodeWelcome(payload), f.welcome);
    assert.deepEqual(wire.decodeWelcome(wire.encodeWelcome(f.welcome)), f.welcome);
  }
  if (f.peer) {
    const { user, rest } = wire.decodePeer(payload);
    assert.deepEqual({ user, rest: hex(rest) }, f.peer);
    assert.equal(hex(wire.encodePeer(wire.encodeText(user), rest)), f.payload);
  }
  if (f.response) {
    const { status, data } = wire.decodeResponse(payload);
    assert.deepEqual({ status, data: hex(data) }, f.response);
    assert.equal(hex(wire.encodeResponse(status, data)), f.payload);
    if (f.error) {
      assert.deepEqual(wire.decodeError(data), f.error);
      assert.equal(hex(wire.encodeError(f.error.code, f.error.text)), f.response.data);
    }
    if (f.token_ms !== undefined) {
      assert.equal(wire.decodeTokenTime(data), f.token_ms);
      assert.equal(hex(wire.encodeTokenTime(f.token_ms)), f.response.data);
    }
    if (f.receipt) {
      const receipt = wire.decodeReceipt(data);
      assert.equal(receipt.result, f.receipt);
      assert.equal(hex(wire.encodeReceipt(receipt)), f.response.data);
    }
  }
  if (f.goodbye) {
    const text = wire.decodeText(payload);
    assert.deepEqual({ code: f.cmd, text }, { code: f.goodbye.code, text: f.goodbye.text });
    assert.equal(wire.comesBack(f.cmd), f.goodbye.come_back);
    assert.equal(wire.reconnectIn(text), f.goodbye.reconnect_in_ms);
  }
}

const decoders: Record<string, (b: Uint8Array) => unknown> = {
  body: wire.decodeBody,
  frame: (b) => wire.splitStream(b, maxBody).bodies.map(wire.decodeBody),
  hello: wire.decodeHello,
  welcome: wire.decodeWelcome,
  peer: wire.decodePeer,
  response: wire.decodeResponse,
  error: wire.decodeError,
  "token time": wire.decodeTokenTime,
};

for (const m of vectors.malformed) {
  test(`malformed: ${m.name}`, () => {
    const decode = decoders[m.what];
    assert.ok(decode, `no decoder for ${m.what}`);
    assert.throws(() => decode(bytes(m.bytes)), wire.WireError);
  });
}

for (const s of vectors.streams) {
  test(`stream: ${s.name}`, () => {
    const all = bytes(s.bytes);
    const { bodies, used } = wire.splitStream(all, maxBody);
    assert.deepEqual(bodies.map(hex), s.bodies);
    assert.equal(all.length - used, s.rest);
  });
}

test("a receipt that is none is refused, and bytes behind one are ignored", () => {
  assert.throws(() => wire.decodeReceipt(Uint8Array.of(3)), wire.WireError);
  assert.deepEqual(wire.decodeReceipt(Uint8Array.of(1, 9)), { result: "declined" });
  assert.deepEqual(wire.decodeReceipt(wire.empty), { result: "delivered" });
});

test("a goodbye's text that asks for nonsense says nothing", () => {
  for (const text of ['{"reconnect_in_ms":-1}', '{"reconnect_in_ms":"5"}', '{"reconnect_in_ms":1e300}', "null", "[]", "7", "{"]) {
    assert.equal(wire.reconnectIn(text), undefined, text);
  }
  assert.equal(wire.goodbyeReason('{"reconnect_in_ms":5,"reason":"busy"}'), "busy");
  assert.equal(wire.goodbyeReason("plain"), "plain");
  assert.equal(wire.goodbyeReason('{"reconnect_in_ms":5}'), "");
  assert.equal(wire.goodbyeReason('{"other":5}'), '{"other":5}');
});
