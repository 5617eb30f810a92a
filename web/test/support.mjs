// What the tests share: programs that run for one test, pages in Chromium, and what is asked of
// every page. `npm test` builds the programs into web/build first.
import { spawn } from "node:child_process";
import { accessSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { after, before } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { chromium } from "playwright-core";

const patience = 30_000; // milliseconds, for what should take far less
const screenshots = new URL("../screenshots/", import.meta.url).pathname;
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The programs that the tests run. */
export const program = (name) => new URL(`../build/${name}`, import.meta.url).pathname;

let browser;

before(async () => {
  mkdirSync(screenshots, { recursive: true });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: process.getuid() === 0 ? ["--no-sandbox"] : [], // Chromium's sandbox refuses root
  });
});

after(() => browser?.close());

/**
 * Waits until a condition returns something that is neither undefined nor false, and returns that.
 * What the condition throws last is the reason of a failure.
 */
export async function until(what, condition, time = patience) {
  const end = Date.now() + time;
  let last;
  do {
    try {
      last = await condition();
      if (last !== undefined && last !== false) return last;
    } catch (e) {
      last = e;
    }
    await pause(20);
  } while (Date.now() < end);
  throw new Error(`in vain for ${time / 1000} s: ${what}`, { cause: last });
}

/** Waits until an element's text, or a field's value, matches. */
export async function untilText(locator, pattern) {
  let text;
  const read = (e) => (/^(INPUT|SELECT|TEXTAREA)$/.test(e.tagName) ? e.value : e.innerText);
  await until(`${locator} has ${pattern}`, async () => {
    text = await locator.evaluate(read, undefined, { timeout: 1000 });
    return typeof pattern === "string" ? text.includes(pattern) : pattern.test(text);
  }).catch((e) => {
    throw new Error(`${e.message}; it has ${JSON.stringify(text)}`, { cause: e.cause });
  });
}

const cleanups = new WeakMap();

/** Runs a function when the test has ended: the last one that was given first. */
export function atEnd(t, f) {
  if (!cleanups.has(t)) {
    cleanups.set(t, []);
    t.after(async () => {
      const faults = [];
      for (const each of cleanups.get(t).reverse()) await Promise.resolve(each()).catch((e) => faults.push(e));
      if (faults.length > 0) throw faults[0];
    });
  }
  cleanups.get(t).push(f);
}

// A test that is given up leaves nothing behind.
const children = new Set();
process.on("exit", () => children.forEach((child) => child.kill()));
process.on("SIGTERM", () => process.exit(1));

/**
 * Starts a program, which ends with the test, and waits until it has written a line that matches.
 * Returns that match and a function that ends the program.
 */
export async function start(t, name, args, pattern, env = {}) {
  accessSync(program(name));
  const own = Object.entries(process.env).filter(([key]) => !key.startsWith("PARLEY_"));
  const child = spawn(program(name), args, { env: { ...Object.fromEntries(own), ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => child.on("close", resolve));
  children.add(child);
  child.on("close", () => children.delete(child));
  const end = async (signal = "SIGTERM") => {
    child.kill(signal);
    await ended;
  };
  atEnd(t, () => end());
  const lines = [];
  const match = await new Promise((resolve, reject) => {
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on("line", (line) => {
        lines.push(line);
        const found = pattern.exec(line);
        if (found) resolve(found);
      });
    }
    child.on("error", reject);
    ended.then((status) => reject(new Error(`${name} ended with ${status} before ${pattern}:\n${lines.join("\n")}`)));
  });
  return { match, end, lines };
}

/**
 * Opens a page in a context of its own: another tab shares nothing with it. The test fails if the
 * page's program throws, or writes an error to the console that none of `allow` matches: Chromium
 * itself writes one for each connection that fails.
 */
export async function open(t, url, { width = 1280, height = 800, scale = 1, allow = [] } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: scale, colorScheme: "light" });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const faults = [];
  const fault = (text) => allow.some((a) => a.test(text)) || faults.push(text);
  page.on("pageerror", (e) => fault(`thrown: ${e.stack ?? e}`));
  page.on("console", (m) => {
    if (m.type() === "error" || m.type() === "warning") fault(`${m.type()}: ${m.text()} (${m.location().url})`);
  });
  atEnd(t, async () => {
    await context.close();
    if (faults.length > 0) throw new Error(`errors in the page ${url}\n  ${faults.join("\n  ")}`);
  });
  await page.goto(url);
  return page;
}

/** What Chromium writes to the console when a server is away. */
export const connectionFaults = [/net::ERR_(CONNECTION|INTERNET|ADDRESS|SOCKET|EMPTY|INCOMPLETE|NETWORK|ABORTED)/, /WebSocket connection to .* failed/];

/**
 * Looks at a page as it is now, in light, dark, and narrow: axe finds no serious fault, nothing is
 * wider than the screen, and a picture of each is kept in web/screenshots.
 */
export async function inspect(page, name) {
  const size = page.viewportSize();
  const faults = [];
  for (const [look, colorScheme, viewport, rules] of looks) {
    await page.setViewportSize(viewport ?? size);
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const fullPage = (await page.locator("dialog[open]").count()) === 0; // a dialog is before what is seen of the page
    await page.screenshot({ path: `${screenshots}${name}-${look}.png`, fullPage });
    faults.push(...(await settled(page)).map((fault) => `${look}: wider than the screen: ${fault}`));
    faults.push(...(await serious(page, rules)).map((fault) => `${look}: ${fault}`));
  }
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: "light", reducedMotion: null });
  if (faults.length > 0) throw new Error(`${name}\n  ${faults.join("\n  ")}`);
}

/** Each look: its name, colour scheme, viewport, and which rules of axe are asked for: all, some or none. */
const looks = [
  ["light", "light", undefined, undefined],
  ["dark", "dark", undefined, ["color-contrast"]],
  ["narrow", "light", { width: 360, height: 740 }, []],
];

/** What is beyond the screen for longer than a page needs to draw itself for another width. */
async function settled(page) {
  let found;
  await until("fits", async () => (found = await page.evaluate(beyond)).length === 0, 3000).catch(() => {});
  return found;
}

/** The serious faults that axe finds: by some of its rules, or by all. */
async function serious(page, rules) {
  if (rules?.length === 0) return [];
  await page.evaluate(`window.axe === undefined && (() => { ${axeSource} })()`);
  return page.evaluate(async (rules) => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"], ...(rules && { runOnly: rules }) });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.slice(0, 4).map((n) => `${id}: ${n.target}: ${n.failureSummary.split("\n").at(-1).trim()} (${nodes.length} such)`));
  }, rules);
}

/** Runs in the page: what is beyond the screen, unless the page lets the reader scroll to it. */
function beyond() {
  const { scrollWidth, clientWidth } = document.documentElement;
  const found = scrollWidth > clientWidth ? [`the page: ${scrollWidth} of ${clientWidth} pixels`] : [];
  const scrolls = (e) => e !== null && e !== document.body && (/auto|scroll/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  for (const e of document.body.querySelectorAll("*")) {
    if (e.closest("svg, .visually-hidden") !== null && e.tagName !== "svg") continue;
    const { left, right, width, height } = e.getBoundingClientRect();
    if (width > 0 && height > 0 && (left < -1 || right > clientWidth + 1) && !scrolls(e.parentElement)) {
      found.push(`${e.tagName.toLowerCase()}#${e.id}.${e.getAttribute("class")}: ${Math.round(left)} to ${Math.round(right)}`);
    }
  }
  return found;
}
