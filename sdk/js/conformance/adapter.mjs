// The adapter of this client for the conformance suite: commands come as lines of JSON on standard
// input, replies and events go as lines on standard output. ../../conformance/README.md has the lines.
//
//   go run ./sdk/conformance -- node sdk/js/conformance/adapter.mjs
import { createInterface } from "node:readline";
import { connect, ParleyError } from "../dist/index.js";

const clients = new Map();

const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const bytes = (base64 = "") => new Uint8Array(Buffer.from(base64, "base64"));
const base64 = (data) => Buffer.from(data).toString("base64");

async function connectClient({ client, urls, tokens }) {
  const event = (fields) => say({ client, ...fields });
  const p = await connect(urls, {
    name: "conformance-js",
    // One token after another, and then the last one again and again.
    getToken: () => (tokens.length > 1 ? tokens.shift() : tokens[0]),
    on: {
      message: (m) => event({ event: "message", from: m.from, data: base64(m.data) }),
      push: (ver, cmd, payload) => event({ event: "push", ver, cmd, data: base64(payload) }),
      peerDisconnect: (peer, last) => event({ event: "peer_disconnect", from: peer, data: base64(last) }),
      state: (state, why) => event({ event: "state", state, ...(state === "closed" && why?.goodbye && { goodbye: why.goodbye }) }),
    },
  });
  clients.set(client, p);
  return { node: p.node };
}

function run(command) {
  if (command.do === "connect") {
    return connectClient(command);
  }
  const p = clients.get(command.client);
  if (p === undefined) {
    throw new Error(`no client ${command.client}`);
  }
  const options = command.wait_ms ? { signal: AbortSignal.timeout(command.wait_ms) } : {};
  switch (command.do) {
    case "send":
      return p.send(command.to, bytes(command.data), options);
    case "connect_peer":
      return p.connectPeer(command.to, options);
    case "disconnect_peer":
      return p.disconnectPeer(command.to, bytes(command.data), options);
    case "request":
      return p.request(command.ver ?? 0, command.cmd ?? 0, bytes(command.data), options).then((data) => ({ data: base64(data) }));
    case "close":
      return p.close();
    default:
      throw new Error(`unknown command ${command.do}`);
  }
}

function failure(e) {
  if (!(e instanceof ParleyError)) {
    return { text: String(e) };
  }
  const { outcome, number: code, status, data, goodbye, message: text } = e;
  return code !== undefined
    ? { outcome, code, text }
    : { outcome, status, goodbye, text, ...(data !== undefined && { data: base64(data) }) };
}

say({ adapter: "parley-js", transports: ["ws"], features: ["queue", "fresh_token"] });
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  // Begun in the order of the lines, and not waited for.
  (async () => run(command))().then(
    (reply) => say({ id: command.id, ...reply }),
    (e) => say({ id: command.id, error: failure(e) }),
  );
}
for (const p of clients.values()) {
  void p.close();
}
