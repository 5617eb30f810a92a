// The demo page, with the nodes that `parley demo` runs. Its ids and roles are told at the top of
// web/demo/main.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionFaults, inspect, open, start, until, untilText } from "./support.mjs";

/** Starts the demo. Its `url` is the page's. */
export async function startDemo(t) {
  const demo = await start(t, "parley", ["demo", "--no-tour", "--no-open", "--listen", "127.0.0.1:0"], /page is at (http:\S+)/);
  return { ...demo, url: demo.match[1] };
}

/** Opens the page, and waits until its two users are where they begin. */
async function openDemo(t, { url }, options) {
  const page = await open(t, url, options);
  const [ada, ben] = [page.getByTestId("pane-1"), page.getByTestId("pane-2")];
  await untilOn(ada, "n1");
  await untilOn(ben, "n2");
  return { page, ada, ben };
}

/** Waits until a pane's user is connected to a node that matches. */
const untilOn = (pane, node) =>
  until(`connected to ${node}`, async () => {
    const { state, node: at } = await pane.evaluate((e) => ({ ...e.dataset }));
    return state === "connected" && (node instanceof RegExp ? node.test(at) : at === node);
  });

const untilState = (pane, state) => until(state, async () => (await pane.getAttribute("data-state")) === state);

const log = (pane) => pane.getByRole("log");

async function say(pane, text, to) {
  if (to !== undefined) {
    await until(`${to} can be chosen`, async () => (await pane.getByTestId("to").locator("option").allInnerTexts()).includes(to));
    await pane.getByTestId("to").selectOption(to);
  }
  await pane.getByRole("textbox").fill(text);
  await pane.getByRole("button", { name: "Send", exact: true }).click();
}

/** Waits until the newest message with the text has the outcome. */
const untilOutcome = (pane, text, outcome) =>
  until(`${text} is ${outcome}`, async () => {
    const sent = pane.locator("[data-kind=sent]").filter({ hasText: text }).last();
    return (await sent.getAttribute("data-outcome", { timeout: 1000 })) === outcome;
  });

test("two users on two nodes talk, and the picture shows the way", async (t) => {
  const demo = await startDemo(t);
  const { page, ada, ben } = await openDemo(t, demo);
  await inspect(page, "demo-start");
  await page.keyboard.type("hello ben"); // where the cursor is at first
  await page.keyboard.press("Enter");
  await untilOutcome(ada, "hello ben", "delivered");
  await untilText(log(ben), "hello ben");
  await untilText(page.getByTestId("last-way"), /ada to ben: n1 .*Delivered after/);
  await say(ben, "<i>hello</i> ada");
  await untilText(log(ada), "<i>hello</i> ada");
  await until("the map names users and nodes", async () => /n1: users ada.*n2: users ben/.test(await page.getByRole("img", { name: /Cluster/ }).getAttribute("aria-label")));
  await inspect(page, "demo-talk");
});

test("two tabs talk, and a third user opens the link for phones", async (t) => {
  const demo = await startDemo(t);
  const { page, ada } = await openDemo(t, demo);
  const link = await until("the link", () => page.getByTestId("join-url").getAttribute("href"));
  const other = await open(t, `${demo.url}?user=carl`);
  const carl = other.getByTestId("pane-1");
  await untilOn(carl, /n[123]/);
  await say(carl, "hello from another tab", "ada");
  await untilText(log(ada), "hello from another tab");
  await say(ada, "hello carl", "carl");
  await untilOutcome(ada, "hello carl", "delivered");
  await untilText(log(carl), "hello carl");
  const phone = await open(t, link, { width: 360, height: 740 });
  await untilOn(phone.getByTestId("pane-1"), /n[123]/);
  await say(phone.getByTestId("pane-1"), "hello from a phone", "ada");
  await untilText(log(ada), "hello from a phone");
  await inspect(phone, "demo-guest");
});

test("a node is killed, the page recovers, and the node is started again", async (t) => {
  const demo = await startDemo(t);
  const { page, ada, ben } = await openDemo(t, demo, { allow: connectionFaults });
  await page.getByRole("button", { name: "Kill n1" }).click();
  await untilOn(ada, /n[23]/);
  await page.getByRole("button", { name: "Restart n1" }).waitFor();
  await untilText(log(ada), /ada is back, on n[23]/);
  await say(ben, "still there?");
  await untilOutcome(ben, "still there?", "delivered");
  await untilText(log(ada), "still there?");
  await inspect(page, "demo-killed");
  await page.getByRole("button", { name: "Restart n1" }).click();
  await page.getByRole("button", { name: "Kill n1" }).waitFor();
  await ada.getByRole("button", { name: "Move ada to n1" }).click();
  await untilOn(ada, "n1");
  await say(ben, "and now?");
  await untilOutcome(ben, "and now?", "delivered");
});

test("a lost connection comes back: cut by the server, and by the network", async (t) => {
  const demo = await startDemo(t);
  const { page, ada, ben } = await openDemo(t, demo, { allow: connectionFaults });
  await ada.getByRole("button", { name: "Cut connection" }).click();
  await untilText(log(ada), "ada is back");
  await say(ben, "after the cut");
  await untilOutcome(ben, "after the cut", "delivered");

  await page.context().setOffline(true);
  await untilState(ada, "reconnecting");
  await untilState(ben, "reconnecting");
  await inspect(page, "demo-offline");
  await page.context().setOffline(false);
  await untilOn(ada, /n[123]/);
  await untilOn(ben, /n[123]/);
  await say(ada, "back again");
  await untilOutcome(ada, "back again", "delivered");
});

test("a second login is told why the first one ended", async (t) => {
  const demo = await startDemo(t);
  const { page, ada } = await openDemo(t, demo);
  const other = await open(t, `${demo.url}?user=ada`);
  await untilOn(other.getByTestId("pane-1"), /n[123]/);
  await untilState(ada, "closed");
  await untilText(log(ada), /logged in elsewhere/);
  await inspect(page, "demo-replaced");
  await ada.getByRole("button", { name: "Log in here" }).click();
  await untilOn(ada, /n[123]/);
  await untilState(other.getByTestId("pane-1"), "closed");
});

test("1,000 messages become a histogram", async (t) => {
  const demo = await startDemo(t);
  const { page, ada, ben } = await openDemo(t, demo);
  await ada.getByRole("button", { name: "Send 1,000" }).click();
  const figure = ada.getByTestId("result").locator("figure.histogram");
  await figure.waitFor();
  await untilText(ada.getByTestId("result"), /1,000 messages from ada to ben delivered/);
  await untilText(log(ben), "No. 1000 of 1000: all in order, none twice, none missing");
  await inspect(page, "demo-histogram");
});

test("messages are declined, rewritten, and held up by a reader that stalls", async (t) => {
  const demo = await startDemo(t);
  const { page, ada, ben } = await openDemo(t, demo);
  const press = (pane, name) => pane.getByRole("button", { name, exact: true }).click();
  const pressed = (pane, name, on) => until(`${name} is ${on}`, async () => (await pane.getByRole("button", { name, exact: true }).getAttribute("aria-pressed")) === String(on));
  await press(ben, "Decline");
  await pressed(ben, "Decline", true);
  await say(ada, "do you want this?");
  await untilOutcome(ada, "do you want this?", "declined");
  await press(ben, "Decline");
  await pressed(ben, "Decline", false);
  await press(ben, "Rewrite");
  await pressed(ben, "Rewrite", true);
  await say(ada, "quietly");
  await untilText(log(ben), "QUIETLY");
  assert.doesNotMatch(await log(ben).innerText(), /do you want this/i);

  await press(ada, "Clear channel");
  await untilText(log(ada), "The channel with ben is closed");
  await untilText(log(ben), /channel with ada is closed/);
  await say(ada, "anew");
  await untilText(page.getByTestId("last-way"), /ada to ben: n1 (asked|keeps the entry)/);

  await press(ben, "Stop reading");
  await pressed(ben, "Stop reading", true);
  await press(ada, "Send 6 MB");
  await untilText(ada.getByTestId("result"), /messages of 60 KB to ben fitted/);
  await inspect(page, "demo-stalled");
  await press(ben, "Stop reading");
  await pressed(ben, "Stop reading", false);
  await say(ada, "is it over?");
  await untilOutcome(ada, "is it over?", "delivered");
});

test("the page of a single node, parley serve --dev, has no nodes to kill", async (t) => {
  const node = await start(t, "parley", ["serve", "--dev", "--tcp", "off", "--http", "127.0.0.1:0"], /^ready$/);
  const page = await open(t, node.lines.find((l) => l.startsWith("page")).split(/\s+/)[1]);
  const [ada, ben] = [page.getByTestId("pane-1"), page.getByTestId("pane-2")];
  await untilOn(ada, /./);
  await untilOn(ben, /./);
  await say(ada, "hello ben");
  await untilOutcome(ada, "hello ben", "delivered");
  await untilText(log(ben), "hello ben");
  assert.equal(await page.getByRole("button", { name: /Kill|Move/ }).count(), 0);
  await inspect(page, "demo-dev");
});

test("the page says when the demo is over", async (t) => {
  const demo = await startDemo(t);
  const { page } = await openDemo(t, demo, { allow: connectionFaults });
  await demo.end();
  await untilText(page.getByTestId("banner"), "does not answer");
  await inspect(page, "demo-over");
});
