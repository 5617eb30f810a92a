// Makes docs/demo.png, the picture at the top of the README: `npm run picture`.
import { test } from "node:test";
import { open, start, until } from "./test/support.mjs";

const out = new URL("../docs/demo.png", import.meta.url).pathname;

test("the picture of the demo page", async (t) => {
  const { match } = await start(t, "parley", ["demo", "--no-tour", "--no-open", "--listen", "127.0.0.1:0"], /page is at (http:\S+)/);
  const page = await open(t, match[1], { width: 980, height: 900, scale: 1.25 });
  const panes = [page.getByTestId("pane-1"), page.getByTestId("pane-2")];
  for (const pane of panes) {
    await until("a login", async () => (await pane.getAttribute("data-state")) === "connected");
    await pane.getByText("Experiments").click();
  }
  const say = async (pane, text) => {
    await pane.getByRole("textbox").fill(text);
    await pane.getByRole("button", { name: "Send", exact: true }).click();
    await pane.locator("[data-outcome=delivered]").filter({ hasText: text }).getByText("with this browser").waitFor();
  };
  await say(panes[0], "hello ben, which server are you on?");
  await say(panes[1], "the second one, and you?");
  await page.locator(".map-dot").first().waitFor({ state: "detached" });
  await say(panes[0], "the first");
  await page.locator(".map-dot").first().waitFor();
  const { y, height } = await panes[0].boundingBox();
  await page.screenshot({ path: out, clip: { x: 0, y: 0, width: 980, height: Math.ceil(y + height) + 12 } });
});
