// Runs the examples of README.md, in their order, against a node: they must end without an error.
//
//   node sdk/js/scripts/readme.mjs PARLEY-BINARY
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { connect } from "../dist/index.js";

const binary = process.argv[2];
const env = { ...process.env, PARLEY_AUTH_KEY: "a key for the examples of the README, 32 bytes" };
const token = (user) => execFileSync(binary, ["token", "--user", user], { env, encoding: "utf8" }).trim();

const node = spawn(binary, ["serve", "--node", "readme", "--tcp", "off", "--http", "127.0.0.1:0", "--log-format", "json"], {
  env,
  stdio: ["ignore", "ignore", "pipe"],
});
let address;
for await (const line of createInterface({ input: node.stderr })) {
  const { msg, http } = JSON.parse(line);
  if (msg === "ready") {
    address = http;
    break;
  }
}
node.stderr.resume();

try {
  const bob = await connect(`ws://${address}`, { token: token("bob") });
  globalThis.token = token("alice");
  globalThis.fetchToken = async () => token("alice");
  const directory = new URL("../build/readme/", import.meta.url);
  mkdirSync(directory, { recursive: true });
  const examples = [...readFileSync(new URL("../README.md", import.meta.url), "utf8").matchAll(/```js\n(.*?)```/gs)];
  for (const [i, [, code]] of examples.entries()) {
    const file = new URL(`${i + 1}.mjs`, directory);
    writeFileSync(file, code.replaceAll("127.0.0.1:7000", address));
    const running = import(file);
    if (code.includes("messages()")) {
      await talk(bob);
    }
    await running;
    console.log(`example ${i + 1} of README.md ran`);
  }
  await bob.close();
} finally {
  node.kill();
}

/** Says two things to alice as soon as she is there, and waits for the answers. */
async function talk(bob) {
  const answers = bob.messages();
  for (const text of ["hello", "bye"]) {
    for (;;) {
      try {
        await bob.send("alice", text);
        break;
      } catch (e) {
        if (e.code !== "user_not_found") throw e;
      }
    }
    const answer = (await answers.next()).value.text;
    if (answer !== text.toUpperCase()) throw new Error(`alice answered ${answer} to ${text}`);
  }
}
