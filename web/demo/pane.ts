import { drawHistogram, histogramOf, shortTime } from "../shared/histogram.js";
import { post, type MessageReport, type NodeState, type State } from "./api.js";
import { measured, sendLarge, sendMany } from "./bulk.js";
import { actionButton, h } from "./dom.js";
import { Log } from "./log.js";
import { Session, textOf, type Place, type Rules } from "./session.js";

const many = 1000;
const large = 100;
const largeBytes = 60_000;
/** Milliseconds that the servers' last measurements may take to come. */
const reportTime = 250;

export interface PaneOptions {
  user: string;
  tone: "first" | "second";
  /** The user that messages go to at first. */
  peer: string;
  /** The node to log in at first. */
  node: string | undefined;
  index: number;
}

/** A user of this page: the conversation, and what can be done with the user's connection. */
export class Pane {
  readonly element: HTMLElement;
  readonly user: string;
  #options: PaneOptions;
  #session: Session;
  #log: Log;
  #status = h("p", { class: "status", "data-testid": "status" });
  #to: HTMLSelectElement;
  #input: HTMLInputElement;
  #nodes = h("div", { class: "row", role: "group" });
  #again: HTMLButtonElement;
  #toggles = new Map<string, HTMLButtonElement>();
  #network: HTMLElement[] = []; // controls that need a server which runs the nodes
  #result = h("div", { class: "result", "data-testid": "result", hidden: true });
  #state: State | undefined;
  #begun = false; // the login
  #busy = false; // an experiment runs
  #atServers: number[] = []; // milliseconds of the experiment's messages, as the servers measure

  constructor(options: PaneOptions) {
    const { user, tone, peer, index } = options;
    this.user = user;
    this.#options = options;
    this.#log = new Log(`Messages of ${user}`);
    this.#session = new Session(user, {
      message: (from, text) => this.#log.received(from, text),
      peerGone: (gone) => this.#log.note(`The channel with ${gone} is closed: ${gone} has left or has closed it.`),
      changed: () => this.#show(),
      note: (text) => this.#log.note(text),
    });
    this.#to = h("select", { "aria-label": `Recipient of ${user}'s messages`, "data-testid": "to" }, h("option", { value: peer }, peer));
    this.#input = h("input", {
      type: "text",
      "aria-label": `Message from ${user}`,
      placeholder: "Message",
      autocomplete: "off",
      enterkeyhint: "send",
      maxlength: "2000",
    });
    this.#nodes.setAttribute("aria-label", `Node of ${user}`);
    this.#again = this.#button("Log in here", () => this.#session.login(this.#places(this.#session.node)));
    this.#again.hidden = true;
    const titleId = `pane-${index}-title`;
    this.element = h(
      "section",
      { class: `pane ${tone}`, "aria-labelledby": titleId, "data-testid": `pane-${index}`, "data-user": user },
      h("div", { class: "head" }, h("h2", { id: titleId }, user), this.#status, this.#again),
      this.#log.element,
      this.#composer(),
      this.#controls(),
      this.#result,
    );
    this.#show();
  }

  focus(): void {
    this.#input.focus();
  }

  /** Takes what the server says of the cluster. The login begins once the wanted node has started. */
  update(state: State): void {
    this.#state = state;
    if (!this.#begun && this.#hasStarted(state)) {
      this.#begun = true;
      void this.#session.start(() => this.#places(this.#options.node));
    }
    this.#showPeers();
    this.#show();
  }

  /** Takes what the servers have measured of messages. */
  messages(messages: readonly MessageReport[]): void {
    for (const m of messages) {
      if (m.from !== this.user || m.kind !== "message") {
        continue;
      }
      if (this.#busy) {
        if (m.outcome === "delivered") {
          this.#atServers.push(m.us / 1000);
        }
      } else {
        this.#log.reported(m.to, m.bytes, m.us);
      }
    }
  }

  #hasStarted({ mode, nodes }: State): boolean {
    const wanted = nodes.find((n) => n.name === this.#options.node);
    return mode === "node" || this.#options.node === undefined || wanted?.state === "up" || wanted?.state === "down";
  }

  /** The nodes to try: this one first, then those that are up. */
  #places(first: string | undefined): Place[] {
    const rank = (n: NodeState): number => (n.state !== "up" ? 2 : n.name === first ? 0 : 1);
    return this.#state!.nodes.filter((n) => n.ws !== "").sort((a, b) => rank(a) - rank(b));
  }

  #button(label: string, work: () => Promise<void> | void): HTMLButtonElement {
    return actionButton(label, work, (e) => this.#log.note(textOf(e)));
  }

  #composer(): HTMLElement {
    const form = h(
      "form",
      { class: "composer" },
      h("label", {}, h("span", {}, "to "), this.#to),
      this.#input,
      h("button", { class: "primary", type: "submit" }, "Send"),
    );
    form.addEventListener("submit", (e) => {
      e.preventDefault();
      const text = this.#input.value;
      if (text !== "") {
        this.#input.value = "";
        void this.#send(text);
      }
    });
    return form;
  }

  async #send(text: string): Promise<void> {
    const to = this.#to.value;
    const outcome = measured(this.#session, to, text); // first: showing it takes longer
    this.#log.sent(to, text)((await outcome).verdict);
  }

  #controls(): HTMLElement {
    const { user } = this;
    const cut = this.#button("Cut connection", () => post(`/api/users/${encodeURIComponent(user)}/cut`));
    const stop = this.#toggle("Stop reading", async (on) => {
      await post(`/api/users/${encodeURIComponent(user)}/${on ? "stall" : "resume"}`);
      this.#log.note(
        on
          ? `${user}'s connection is not read any more. What is sent to ${user} waits on the way. Send 6 MB to ${user} and see.`
          : `${user}'s connection is read again.`,
      );
    });
    const moving = h("div", { class: "control" }, h("span", {}, "Node"), this.#nodes);
    this.#network.push(cut, stop, moving);
    return h(
      "details",
      { class: "controls", open: matchMedia("(min-width: 46rem)").matches },
      h("summary", {}, "Experiments"),
      moving,
      h(
        "div",
        { class: "control" },
        h("span", {}, "Receives"),
        h(
          "div",
          { class: "row", role: "group", "aria-label": `What ${user} receives` },
          this.#rule("Decline", "decline", `${user}'s node now declines every message for ${user}, and says so to the sender.`),
          this.#rule("Rewrite", "rewrite", `${user}'s node now puts messages for ${user} into capital letters.`),
          stop,
        ),
      ),
      h(
        "div",
        { class: "control" },
        h("span", {}, "Do"),
        h(
          "div",
          { class: "row", role: "group", "aria-label": `Actions of ${user}` },
          this.#button("Send 1,000", () => this.#sendMany()),
          this.#button("Send 6 MB", () => this.#sendLarge()),
          this.#button("Clear channel", () => this.#clear()),
          cut,
        ),
      ),
    );
  }

  #toggle(label: string, set: (on: boolean) => Promise<void>): HTMLButtonElement {
    const button = this.#button(label, async () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      await set(on);
      button.setAttribute("aria-pressed", String(on));
    });
    button.setAttribute("aria-pressed", "false");
    this.#toggles.set(label, button);
    return button;
  }

  #rule(label: string, rule: keyof Rules, note: string): HTMLButtonElement {
    return this.#toggle(label, async (on) => {
      await this.#session.setRules({ ...this.#session.rules, [rule]: on });
      this.#log.note(on ? note : `${label} is off: messages for ${this.user} arrive as they are.`);
    });
  }

  async #move(node: string): Promise<void> {
    const start = performance.now();
    await this.#session.login(this.#places(node));
    this.#log.note(
      `${this.user} has logged in on ${this.#session.node}, within ${Math.round(performance.now() - start)} ms, and keeps all channels: peers notice nothing.`,
    );
  }

  async #clear(): Promise<void> {
    const peer = this.#to.value;
    await this.#session.clear(peer);
    this.#log.note(`The channel with ${peer} is closed. The next message looks ${peer} up again.`);
  }

  async #sendMany(): Promise<void> {
    await this.#experiment(async (to, progress) => {
      const o = await sendMany(this.#session, to, many, progress);
      const others = [...o.others].map(([outcome, n]) => `, ${n} ${outcome.replaceAll("_", " ")}`).join("");
      drawHistogram(this.#result, histogramOf(o.times), {
        title: `${o.times.length.toLocaleString("en")} messages from ${this.user} to ${to} delivered${others}, in ${(o.ms / 1000).toFixed(2)} s`,
      });
      await new Promise((done) => setTimeout(done, reportTime));
      const servers = histogramOf(this.#atServers).marks.map((m) => `${m.name} ${shortTime(m.ms)}`);
      this.#result.append(
        h(
          "p",
          { class: "hint" },
          "Sent one after the other. A bar counts times from sending to the receipt, as this browser sees them; " +
            `of that, at the servers: ${servers.join(", ")}.`,
        ),
      );
    });
  }

  async #sendLarge(): Promise<void> {
    await this.#experiment(async (to, progress) => {
      const { delivered, last } = await sendLarge(this.#session, to, large, largeBytes, progress);
      const text =
        delivered === large
          ? `All ${large} messages of ${largeBytes / 1000} KB to ${to} were delivered.`
          : `${delivered} messages of ${largeBytes / 1000} KB to ${to} fitted into the network's buffers, then: ${last.text()}.`;
      this.#result.replaceChildren(h("p", {}, text));
    });
  }

  async #experiment(run: (to: string, progress: (done: number) => void) => Promise<void>): Promise<void> {
    if (this.#busy) {
      return;
    }
    this.#busy = true;
    this.#atServers = [];
    const count = h("p", { role: "status" }, "Sending…");
    this.#result.hidden = false;
    this.#result.replaceChildren(count);
    try {
      await run(this.#to.value, (done) => (count.textContent = `Sent ${done}…`));
    } catch (e) {
      this.#result.replaceChildren(h("p", {}, textOf(e)));
    } finally {
      this.#busy = false;
    }
  }

  /** Lists all users that are connected, as recipients. The one that is chosen stays. */
  #showPeers(): void {
    const chosen = this.#to.value;
    const users = new Set(this.#state!.nodes.flatMap((n) => n.users.map((u) => u.id)));
    users.delete(this.user);
    users.add(chosen);
    const wanted = [...users].sort();
    if (wanted.join("\n") !== [...this.#to.options].map((o) => o.value).join("\n")) {
      this.#to.replaceChildren(...wanted.map((u) => h("option", { value: u }, u)));
      this.#to.value = chosen;
    }
  }

  #show(): void {
    const { node, state } = this.#session;
    this.element.dataset.node = node;
    this.element.dataset.state = state;
    this.#status.textContent = {
      connecting: "logs in…",
      connected: `is on ${node}`,
      reconnecting: "lost the connection, looks for a node…",
      closed: "is logged out",
    }[state];
    this.#again.hidden = state !== "closed";
    if (this.#state === undefined) {
      return;
    }
    const cluster = this.#state.mode === "cluster";
    for (const control of this.#network) {
      control.hidden = !cluster;
    }
    const me = this.#state.nodes.flatMap((n) => n.users).find((u) => u.id === this.user);
    this.#toggles.get("Stop reading")!.setAttribute("aria-pressed", String(me?.stalled === true));
    this.#showNodes(node);
  }

  #showNodes(current: string): void {
    const nodes = this.#state!.nodes.filter((n) => n.ws !== "");
    const key = (n: { name: string }): string => n.name;
    if (nodes.map(key).join() !== [...this.#nodes.children].map((c) => (c as HTMLElement).dataset.node).join()) {
      this.#nodes.replaceChildren(
        ...nodes.map((n) => {
          const button = this.#button(n.name, () => this.#move(n.name));
          button.dataset.node = n.name;
          return button;
        }),
      );
    }
    for (const button of this.#nodes.children) {
      const name = (button as HTMLElement).dataset.node!;
      const here = name === current && this.#session.state === "connected";
      const up = nodes.some((n) => n.name === name && n.state === "up");
      button.setAttribute("aria-pressed", String(here));
      button.setAttribute("aria-label", here ? `${this.user} is on ${name}` : `Move ${this.user} to ${name}`);
      (button as HTMLButtonElement).disabled = !up && !here;
    }
  }
}
