// Nodes in processes of their own, and users that are no page.
import { execFileSync } from "node:child_process";
import { build } from "esbuild";
import { atEnd, program, start } from "./support.mjs";

export const adminKey = "the-admin-key-of-the-tests";
const env = {
  PARLEY_CLUSTER_SECRET: "the cluster secret of these tests",
  PARLEY_AUTH_KEY: "the auth key of the tests of the pages, 32 bytes or more",
  PARLEY_ADMIN_KEY: adminKey,
};

await build({
  entryPoints: [new URL("../../sdk/js/src/index.ts", import.meta.url).pathname],
  outfile: program("client.mjs"),
  bundle: true,
  platform: "node",
  format: "esm",
  logLevel: "warning",
});
const { connect } = await import(program("client.mjs"));

/** Starts a node; join is the cluster's address of another one. It has `ws`, `http`, `cluster` and `end`. */
export async function startNode(t, name, { join, http = "127.0.0.1:0" } = {}) {
  const args = ["serve", "--node", name, "--tcp", "off", "--http", http, "--cluster", "127.0.0.1:0"];
  const node = await start(t, "parley", join ? [...args, "--join", join] : args, /^ready$/, env);
  const said = (word) => node.lines.find((l) => l.startsWith(word)).split(/\s+/)[1];
  const ws = said("web");
  return { ...node, name, ws, http: new URL(ws.replace("ws", "http")).origin, cluster: said("cluster") };
}

/** Starts n1, n2, ... in one cluster. */
export async function startCluster(t, size) {
  const nodes = [await startNode(t, "n1")];
  for (let i = 2; i <= size; i++) nodes.push(await startNode(t, `n${i}`, { join: nodes[0].cluster }));
  return nodes;
}

/** Logs a user in at a node, until the test ends. */
export async function logIn(t, node, user, on = {}) {
  const token = execFileSync(program("parley"), ["token", "--user", user], { env: { ...process.env, ...env }, encoding: "utf8" }).trim();
  const client = await connect(node.ws, { token, on });
  atEnd(t, () => client.close());
  return client;
}
