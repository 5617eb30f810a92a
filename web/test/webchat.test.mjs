// examples/webchat: two users, each in a tab of its own.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { connectionFaults, inspect, open, start, until, untilText } from "./support.mjs";

const serve = async (t, addr = "127.0.0.1:0") => start(t, "webchat", ["-addr", addr], /open (http:\S+)/);

async function signIn(t, url, name, options) {
  const page = await open(t, url, options);
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Sign in" }).click();
  await untilText(page.getByRole("status"), `Signed in as ${name}`);
  return page;
}

async function addContact(page, name) {
  await page.getByLabel("New contact").fill(name);
  await page.getByRole("button", { name: "Add" }).click();
}

async function say(page, text) {
  await page.getByLabel("Message").fill(text);
  await page.getByRole("button", { name: "Send" }).click();
}

const contact = (page, name) => page.getByRole("navigation", { name: "Contacts" }).getByRole("button", { name });
const lines = (page) => page.getByRole("log");

test("two users talk, and each sees whether the other is there", async (t) => {
  const { match } = await serve(t);
  const alice = await signIn(t, match[1], "alice");
  await addContact(alice, "bob");
  await untilText(contact(alice, "bob"), "offline");
  await say(alice, "too early");
  await untilText(lines(alice), /too early[^]*not delivered: .*bob/);

  const bob = await signIn(t, match[1], "bob");
  await addContact(bob, "alice");
  await untilText(contact(bob, "alice"), "online");
  await untilText(contact(alice, "bob"), "online");
  await say(bob, "hello alice");
  await untilText(lines(alice), "hello alice");
  await say(alice, "<b>hello</b> bob");
  await untilText(lines(bob), "<b>hello</b> bob");
  await untilText(lines(alice), /hello<\/b> bob[^]*delivered/);
  await inspect(alice, "webchat-talk");

  await alice.reload();
  await untilText(lines(alice), /too early[^]*hello alice[^]*hello<\/b> bob/);
  await untilText(contact(bob, "alice"), "online");

  await bob.context().close();
  await untilText(contact(alice, "bob"), "offline");
});

test("a message of a stranger makes a contact", async (t) => {
  const { match } = await serve(t);
  const alice = await signIn(t, match[1], "alice");
  const bob = await signIn(t, match[1], "bob");
  await addContact(bob, "alice");
  await say(bob, "we have not met");
  await untilText(contact(alice, "bob"), "1 new");
  await inspect(alice, "webchat-unread");
  await contact(alice, "bob").click();
  await untilText(lines(alice), "we have not met");
});

test("the pages come back when the server does, whose key is another one then", async (t) => {
  const { match, end } = await serve(t);
  const alice = await signIn(t, match[1], "alice", { allow: connectionFaults });
  const bob = await signIn(t, match[1], "bob", { allow: connectionFaults });
  await addContact(alice, "bob");
  await untilText(contact(alice, "bob"), "online");
  await contact(bob, "alice").click();
  await end();
  await untilText(alice.getByRole("status"), "trying again");
  await say(alice, "said while the server is away");
  await untilText(lines(alice), "sending…");
  await inspect(alice, "webchat-away");
  await serve(t, new URL(match[1]).host);
  await untilText(alice.getByRole("status"), "Signed in as alice");
  await untilText(bob.getByRole("status"), "Signed in as bob");
  await untilText(contact(alice, "bob"), "online");
  await say(alice, "said when it is back");
  await untilText(lines(bob), "said when it is back");
});

test("who has signed in elsewhere is told so", async (t) => {
  const { match } = await serve(t);
  const first = await signIn(t, match[1], "alice");
  const second = await signIn(t, match[1], "alice");
  await untilText(first.getByRole("status"), "signed in on another page");
  await inspect(first, "webchat-replaced");
  await untilText(second.getByRole("status"), "Signed in as alice");
});

test("a name that no user can have is refused", async (t) => {
  const { match } = await serve(t);
  const page = await open(t, match[1], { allow: [/status of 400/] });
  await inspect(page, "webchat-sign-in");
  await page.getByLabel("Your name").evaluate((e) => (e.value = "é".repeat(65)));
  await page.getByRole("button", { name: "Sign in" }).click();
  await until("a reason", async () => (await page.getByRole("alert").innerText()) !== "");
  assert.ok(await page.getByLabel("Your name").isVisible());
});

test("the example is as short as its README says", () => {
  const count = (file) => readFileSync(new URL(`../../examples/webchat/${file}`, import.meta.url), "utf8").split("\n").length - 1;
  assert.ok(count("main.ts") < 200, "main.ts has 200 lines or more");
  assert.ok(count("main.go") < 100, "main.go has 100 lines or more");
});
