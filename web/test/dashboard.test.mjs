// The dashboard, with a cluster of three nodes.
import { test } from "node:test";
import { adminKey, logIn, startCluster, startNode } from "./cluster.mjs";
import { connectionFaults, inspect, open, untilText } from "./support.mjs";

async function openDashboard(t, node, options) {
  const page = await open(t, `${node.http}/dashboard/`, options);
  await page.getByLabel("Key").fill(adminKey);
  await page.getByRole("button", { name: "Open the dashboard" }).click();
  await untilText(status(page), /live/i);
  return page;
}

const status = (page) => page.getByRole("status").first();
const tile = (page, name) => page.getByRole("list", { name: "The cluster now" }).getByRole("listitem").filter({ hasText: name });
const timeline = (page) => page.locator("#changes");

test("a key is asked for, and a wrong one is refused", async (t) => {
  const [node] = await startCluster(t, 1);
  const page = await open(t, `${node.http}/dashboard/`, { allow: [/status of 401/] });
  await inspect(page, "dashboard-login");
  await page.getByLabel("Key").fill("not-the-admin-key");
  await page.getByRole("button", { name: "Open the dashboard" }).click();
  await untilText(page.getByRole("alert"), /key/);
  await inspect(page, "dashboard-refused");
});

test("nodes, users and messages are seen, and the death of a node", async (t) => {
  const [n1, n2, n3] = await startCluster(t, 3);
  const alice = await logIn(t, n1, "alice");
  await logIn(t, n2, "bob");
  await logIn(t, n3, "carol");
  const page = await openDashboard(t, n1);
  await untilText(tile(page, "Nodes"), "3");
  await untilText(tile(page, "Users"), "3");
  await untilText(timeline(page), "n3");
  for (let i = 0; i < 200; i++) await alice.send(i % 2 ? "bob" : "carol", `message ${i}`);
  await alice.send("zed", "is not there").catch(() => {});
  await untilText(tile(page, "Messages"), /[1-9]/);
  await untilText(page.getByRole("region", { name: "Outcomes and errors" }), /user not found/);
  await inspect(page, "dashboard-live");

  await n3.end("SIGKILL");
  await untilText(tile(page, "Nodes"), "1 node gone");
  await untilText(tile(page, "Users"), "2");
  await untilText(page.getByRole("list", { name: "Nodes that need attention" }), /n3/);
  await untilText(timeline(page), /n3\s+left/);
  await inspect(page, "dashboard-kill");

  await startNode(t, "n3", { join: n1.cluster });
  await untilText(tile(page, "Nodes"), "all answer");
});

test("a user is found, sent to, and sent away", async (t) => {
  const [n1, n2] = await startCluster(t, 2);
  const heard = [];
  const bob = await logIn(t, n2, "bob", { message: (m) => heard.push(`${m.from}: ${m.text}`) });
  const page = await openDashboard(t, n1, { allow: [/status of 404/] });
  const user = page.locator("section", { has: page.locator("#user-form") });
  await user.getByLabel("User ID").fill("zed");
  await user.getByRole("button", { name: "Look up" }).click();
  await untilText(user, "zed is not connected to any node");
  await user.getByLabel("User ID").fill("bob");
  await user.getByRole("button", { name: "Look up" }).click();
  await untilText(user, /Node\s+n2/);
  await inspect(page, "dashboard-user");

  await user.getByRole("button", { name: "Send a message" }).click();
  const send = page.getByRole("dialog", { name: "Send a message" });
  await send.getByLabel("Text").fill("we stop at ten");
  await send.getByRole("button", { name: "Send" }).click();
  await untilText(send.getByRole("status"), "delivered");
  await inspect(page, "dashboard-send");
  await send.getByRole("button", { name: "Close" }).click();

  await user.getByRole("button", { name: "Kick" }).click();
  const kick = page.getByRole("dialog", { name: "Kick bob?" });
  await inspect(page, "dashboard-kick");
  await kick.getByRole("button", { name: "Kick" }).click();
  await untilText(tile(page, "Users"), "0");
  t.assert.deepEqual(heard, ["operator: we stop at ten"]);
  t.assert.equal(bob.error?.goodbye, 2005);
});

test("the page says when its own node is gone, and goes on when that is back", async (t) => {
  const [n1, n2] = await startCluster(t, 2);
  const page = await openDashboard(t, n2, { allow: connectionFaults });
  await n2.end("SIGKILL");
  await untilText(status(page), /try|again|lost/i);
  await inspect(page, "dashboard-away");
  await startNode(t, "n2", { join: n1.cluster, http: new URL(n2.http).host });
  await untilText(status(page), /live/i);
  await untilText(tile(page, "Nodes"), "2");
});
