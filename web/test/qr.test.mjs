// The QR codes of the demo page. The hashes are those of codes that an independent decoder has read.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { build } from "esbuild";

const source = new URL("../demo/qr.ts", import.meta.url).pathname;
const { outputFiles } = await build({ entryPoints: [source], bundle: true, format: "esm", write: false });
const { qrCode } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);

const rows = (qr) => qr.map((row) => row.map((dark) => (dark ? "#" : ".")).join(""));
const hash = (qr) => createHash("sha256").update(rows(qr).join("\n")).digest("hex").slice(0, 16);

test("codes of all versions are as they were when a decoder read them", () => {
  const link = "http://192.168.1.23:7070/?join&of=" + "abcdefghijklmnopqrstuvwxyz0123456789".repeat(2);
  const got = [14, 26, 42, 62, 84, 106].map((length) => {
    const qr = qrCode(link.slice(0, length));
    return `${length} bytes, ${qr.length} modules: ${hash(qr)}`;
  });
  assert.deepEqual(got, [
    "14 bytes, 21 modules: f750d1b88df6517e",
    "26 bytes, 25 modules: 5cfaff40b508ee21",
    "42 bytes, 29 modules: d7371a2e22c60210",
    "62 bytes, 33 modules: 48d73b57ed8e33ba",
    "84 bytes, 37 modules: b30e3c60fcbf1fbd",
    "106 bytes, 41 modules: b2febd685f8bd7b6",
  ]);
});

test("a code has its three finders, and the one module that is always dark", () => {
  const qr = qrCode("hello");
  const finder = ["#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######"];
  const at = (x, y) => rows(qr).slice(y, y + 7).map((row) => row.slice(x, x + 7));
  for (const [x, y] of [[0, 0], [qr.length - 7, 0], [0, qr.length - 7]]) {
    assert.deepEqual(at(x, y), finder);
  }
  assert.equal(qr[qr.length - 8][8], true);
});

test("a text that does not fit is refused", () => {
  assert.throws(() => qrCode("x".repeat(107)), /at most 106/);
});
