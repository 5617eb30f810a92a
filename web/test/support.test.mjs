// What the other tests ask of every page is asked of one that fails: they would notice.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect, open } from "./support.mjs";

const page = (body) => `data:text/html,<!doctype html><html lang="en"><title>test</title><main><h1>test</h1>${body}</main>`;

/** Runs a test of its own, and returns what it fails with. */
async function faultsOf(run) {
  const ends = [];
  await run({ after: (f) => ends.push(f) });
  return Promise.all(ends.map((f) => f())).then(() => "", (e) => e.message);
}

test("what is wider than the screen is found", async (t) => {
  const wide = await open(t, page(`<p id="wide" style="width: 500px">wide</p>`));
  await assert.rejects(inspect(wide, "support-wide"), /narrow: wider than the screen: the page: 5\d\d of 360 pixels\n.*p#wide/);
  const scrolls = await open(t, page(`<div tabindex="0" style="overflow-x: auto"><p style="width: 500px">wide</p></div>`));
  await inspect(scrolls, "support-scrolls");
});

test("serious faults of accessibility are found", async (t) => {
  const pale = await open(t, page(`<p style="color: %23aaa; background: %23fff">pale</p><input>`));
  await assert.rejects(inspect(pale, "support-pale"), /light: color-contrast: p: [^]*light: label: input/);
});

test("errors of a page are found, unless they are expected", async () => {
  const failing = page("<script>console.error('written'); throw new Error('thrown')</script>");
  assert.match(await faultsOf((t) => open(t, failing)), /error: written[^]*thrown/);
  assert.equal(await faultsOf((t) => open(t, failing, { allow: [/written/, /thrown/] })), "");
});
