// Looking a user up, sending to it, and sending it away. The last two ask first.
import type { API, User } from "./api.js";
import { nameOf } from "./picture.js";
import { Problem, codeTimeout } from "./api.js";
import { moment, plural, seconds } from "./format.js";
import { byId, html } from "./dom.js";

const textOf = (e: unknown): string => (e instanceof Error ? e.message : String(e));

/** A key that no other message has. crypto.randomUUID is not there on pages without TLS. */
const newKey = (): string => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

export class Users {
  #api: () => API;
  #form = byId<HTMLFormElement>("user-form");
  #id = byId<HTMLInputElement>("user-id");
  #shown = byId("user");
  #asked = 0;

  constructor(api: () => API) {
    this.#api = api;
    this.#form.addEventListener("submit", (e) => {
      e.preventDefault();
      void this.#look(this.#id.value);
    });
    for (const b of document.querySelectorAll<HTMLButtonElement>("dialog [data-close]")) b.addEventListener("click", () => b.closest("dialog")!.close());
    for (const d of document.querySelectorAll("dialog"))
      d.addEventListener("close", () => {
        if (document.activeElement === document.body) this.#id.focus(); // the button that opened it is gone
      });
    this.#prepareSend();
    this.#prepareKick();
  }

  clear(): void {
    this.#asked++;
    this.#shown.replaceChildren();
    for (const d of document.querySelectorAll("dialog")) d.close();
  }

  async #look(id: string): Promise<void> {
    const asked = ++this.#asked;
    let shown: HTMLElement[];
    try {
      const u = await this.#api().user(id);
      shown = u.online ? this.#card(u) : [html("p", {}, `${id} is not connected to any node.`)];
    } catch (e) {
      shown = [html("p", { class: "error" }, textOf(e))];
    }
    if (asked === this.#asked) this.#shown.replaceChildren(...shown);
  }

  #card(u: User): HTMLElement[] {
    const facts: [string, string][] = [
      ["User", u.id],
      ["Node", u.node ? nameOf(u.node) : "–"],
      ["Since", u.since ? `${moment(u.since)} (${seconds((Date.now() - Date.parse(u.since)) / 1000)})` : "–"],
      ["Transport", u.transport ?? "–"],
      ["Address", u.address ?? "–"],
      ["Session", u.session ?? "–"],
    ];
    const send = html("button", { type: "button" }, "Send a message…");
    const kick = html("button", { type: "button", class: "danger" }, "Kick…");
    send.addEventListener("click", () => this.#openSend(u.id));
    kick.addEventListener("click", () => this.#openKick(u.id));
    return [
      html("dl", { class: "facts" }, ...facts.flatMap(([name, value]) => [html("dt", {}, name), html("dd", {}, value)])),
      html("div", { class: "row" }, send, kick),
    ];
  }

  #openSend(id: string): void {
    byId<HTMLInputElement>("send-to").value = id;
    byId<HTMLTextAreaElement>("send-text").value = "";
    say("send", "", "");
    byId<HTMLDialogElement>("send").showModal();
    byId("send-text").focus();
  }

  #prepareSend(): void {
    let key = newKey();
    const renew = () => (key = newKey());
    for (const id of ["send-from", "send-text"]) byId(id).addEventListener("input", renew);
    onSubmit("send", async () => {
      const [from, to, text] = ["send-from", "send-to", "send-text"].map((id) => byId<HTMLInputElement>(id).value) as [string, string, string];
      const begun = performance.now();
      const { result } = await this.#api()
        .send(from, to, text, key)
        .catch((e: unknown) => {
          if (!(e instanceof Problem)) throw e; // the node may have taken it: the same request again sends nothing twice
          renew();
          if (e.code !== codeTimeout) throw e;
          throw new Error(`${e.message}. It may have arrived: if you send it again, it may arrive twice.`);
        });
      renew();
      return [`The outcome: ${result}, after ${plural(Math.max(1, Math.round(performance.now() - begun)), "millisecond")}.`, result === "delivered" ? "good" : "warn"];
    });
  }

  #openKick(id: string): void {
    byId("kick-title").textContent = `Kick ${id}?`;
    byId("kick-text").textContent = `The session of ${id} ends, its peers are told, and its client, which is told that an operator has removed it, does not come back by itself.`;
    byId("kick").dataset.user = id;
    byId("kick-go").hidden = false;
    say("kick", "", "");
    byId<HTMLDialogElement>("kick").showModal();
  }

  #prepareKick(): void {
    onSubmit("kick", async () => {
      const id = byId("kick").dataset.user!;
      await this.#api().kick(id);
      byId("kick-go").hidden = true;
      void this.#look(id);
      return [`${id} was sent away.`, "good"];
    });
  }
}

/** Runs an action when a dialog's form is submitted, and shows in it what came of it. */
function onSubmit(dialog: string, act: () => Promise<[text: string, state: string]>): void {
  const go = byId<HTMLButtonElement>(`${dialog}-go`);
  byId(dialog).querySelector("form")!.addEventListener("submit", (e) => {
    e.preventDefault();
    go.disabled = true;
    say(dialog, "Waiting for the outcome…", "");
    act()
      .then(
        ([text, state]) => say(dialog, text, state),
        (problem: unknown) => say(dialog, textOf(problem), "bad"),
      )
      .finally(() => {
        go.disabled = false;
        if (go.hidden) byId(dialog).querySelector<HTMLElement>("[data-close]")!.focus();
      });
  });
}

function say(dialog: string, text: string, state: string): void {
  const e = byId(`${dialog}-outcome`);
  e.textContent = text;
  e.dataset.state = state;
}
