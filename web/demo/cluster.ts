import { ClusterMap, type MapUser } from "../shared/map.js";
import { post, type Caption, type MessageReport, type State } from "./api.js";
import { actionButton, byId } from "./dom.js";
import { textOf } from "./session.js";
import { labelOf, wayOf } from "./words.js";

/** The live picture of the cluster, with the buttons of its nodes. */
export class ClusterView {
  #map = new ClusterMap(byId("map"), { minUsers: 2 });
  #users: readonly string[];
  #controls: boolean;
  #buttons = new Map<string, HTMLButtonElement>();
  #state: State | undefined;

  /** Users are those of the panes, in their order. */
  constructor(users: readonly string[], controls: boolean) {
    this.#users = users;
    this.#controls = controls;
  }

  update(state: State): void {
    this.#state = state;
    const tones = ["first", "second"] as const;
    const users = state.nodes.flatMap((n) =>
      n.users.map((u): MapUser => {
        const tone = tones[this.#users.indexOf(u.id)];
        return { id: u.id, node: n.name, faded: u.stalled === true, ...(tone && { tone }) };
      }),
    );
    users.sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1));
    this.#map.update({
      nodes: state.nodes.map((n) => ({
        id: n.name,
        state: n.state === "starting" ? "changing" : n.state,
        lines: linesOf(n),
      })),
      links: state.links.map(([a, b]) => ({ a, b })),
      users,
    });
    if (this.#controls && state.mode === "cluster") {
      this.#showButtons(state);
    }
  }

  /** Shows messages on their way. Of many only the newest is told in words. */
  messages(messages: readonly MessageReport[]): void {
    for (const m of messages) {
      const { tone, label } = labelOf(m);
      const via = [m.via];
      if (m.way === "lookup" && m.owner !== undefined && m.owner !== m.via) {
        via.push(m.owner, ...(m.owner === m.at ? [] : [m.via]));
      }
      if (m.at !== undefined && m.at !== via.at(-1)) {
        via.push(m.at);
      }
      void this.#map.travel({ from: m.from, to: m.to, via, tone, label });
    }
    const last = messages.at(-1);
    if (last !== undefined) {
      byId("last-way").textContent = wayOf(last);
    }
  }

  caption(c: Caption): void {
    const caption = byId("caption");
    caption.hidden = c.text === "";
    caption.textContent = c.step === undefined ? c.text : `The tour in the terminal, step ${c.step} of ${c.steps}: ${c.text}`;
  }

  #showButtons(state: State): void {
    for (const n of state.nodes.filter((node) => node.ws !== "")) {
      let button = this.#buttons.get(n.name);
      if (button === undefined) {
        button = actionButton(
          "",
          () => post(`/api/nodes/${n.name}/${this.#stateOf(n.name) === "up" ? "kill" : "restart"}`),
          (e) => (byId("last-way").textContent = `${n.name}: ${textOf(e)}`),
        );
        this.#buttons.set(n.name, button);
        byId("nodes").append(button);
      }
      button.textContent = { up: `Kill ${n.name}`, down: `Restart ${n.name}`, starting: `${n.name} starts…` }[n.state];
      button.disabled = n.state === "starting";
      button.className = n.state;
    }
  }

  #stateOf(name: string): string | undefined {
    return this.#state?.nodes.find((n) => n.name === name)?.state;
  }
}

function rank(u: MapUser): number {
  return u.tone === undefined ? 1 : 0;
}

function linesOf(n: State["nodes"][number]): string[] {
  if (n.visitor) {
    return ["started elsewhere"];
  }
  return n.state === "up" ? [] : [n.state === "starting" ? "starts…" : "killed"];
}
