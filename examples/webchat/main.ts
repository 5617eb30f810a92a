// The page of the chat. What a tab has said and heard is in its sessionStorage: it stays after a
// reload, and each tab can be another user.
import { connect, ParleyError, type Client } from "@parley-dm/client";

type Line = { mine: boolean; text: string; at: string; note: string; failed: boolean };
type Contact = { button: HTMLButtonElement; online: boolean; unread: number; lines: Line[] };

/** A message that says "I am here". All others are texts. */
const here = "\u0005";

/** A channel on which nothing is sent for 30 minutes is closed without a word. */
const greetEvery = 10 * 60_000;

const sending = "sending…";
const unanswered = "perhaps not delivered: the page was loaded again before the answer";

const get = (id: string): HTMLElement => document.getElementById(id)!;
const input = (id: string): HTMLInputElement => get(id) as HTMLInputElement;
const now = (): string => new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
const reason = (e: unknown): string => (e instanceof Error ? e.message : String(e));

let me = sessionStorage.getItem("me") ?? "";
let connecting: Promise<Client>;
let current = "";
const contacts = new Map<string, Contact>();

async function start(): Promise<void> {
  get("sign-in").hidden = me !== "";
  get("chat").hidden = me === "";
  if (me === "") {
    input("name").focus();
    return;
  }
  document.title = `${me} – Webchat`;
  const saved: [string, Line[]][] = JSON.parse(sessionStorage.getItem(`lines of ${me}`) ?? "[]");
  for (const [name, lines] of saved) {
    contact(name).lines.push(...lines.map((line) => (line.note === sending ? { ...line, note: unanswered, failed: true } : line)));
  }
  if (saved[0] !== undefined) {
    open(saved[0][0]);
  }
  connecting = connect("/ws", { name: "webchat", getToken: () => fetchToken(me) });
  let parley: Client;
  try {
    parley = await connecting;
  } catch (e) {
    say(`Not connected: ${reason(e)}. Load the page again to try once more.`);
    return;
  }
  parley.on("message", ({ from, text }) => {
    setOnline(from, true);
    if (text !== here) {
      contact(from).unread += from === current ? 0 : 1;
      add(from, { mine: false, text, at: now(), note: "", failed: false });
    }
  });
  parley.on("peerDisconnect", (name) => setOnline(name, false));
  parley.on("state", (state, why) => {
    if (state === "connected") {
      connected();
      return;
    }
    contacts.forEach((_, name) => setOnline(name, false));
    if (state === "reconnecting") {
      say("The connection is lost: trying again…");
    } else {
      say(why?.goodbye === 2002 ? `${me} has signed in on another page. Load this one again to talk here.` : `Not connected: ${reason(why)}`);
    }
  });
  setInterval(greetAll, greetEvery);
  connected();
}

function connected(): void {
  say(`Signed in as ${me}`);
  greetAll();
}

async function fetchToken(name: string): Promise<string> {
  const answer = await fetch("/token", { method: "POST", body: name });
  const text = await answer.text();
  if (!answer.ok) {
    throw new Error(text.trim());
  }
  return text;
}

const greetAll = (): void => contacts.forEach((_, name) => void greet(name));

/** Tells a contact that this user is here. From then on each of the two hears when the other leaves. */
async function greet(name: string): Promise<void> {
  setOnline(name, await connecting.then((p) => p.send(name, here)).then(() => true, () => false));
}

async function send(to: string, text: string): Promise<void> {
  const line: Line = { mine: true, text, at: now(), note: sending, failed: false };
  const shown = add(to, line);
  try {
    line.note = (await (await connecting).send(to, text)).result;
    setOnline(to, true);
  } catch (e) {
    const unknown = e instanceof ParleyError && e.outcome === "unknown";
    line.failed = true;
    line.note = `${unknown ? "perhaps not" : "not"} delivered: ${reason(e)}`;
    setOnline(to, unknown);
  }
  fill(shown, line);
  save();
}

function contact(name: string): Contact {
  let known = contacts.get(name);
  if (known === undefined) {
    known = { button: document.createElement("button"), online: false, unread: 0, lines: [] };
    contacts.set(name, known);
    known.button.addEventListener("click", () => open(name));
    const item = document.createElement("li");
    item.append(known.button);
    get("contacts").append(item);
    draw(known, name);
  }
  return known;
}

function setOnline(name: string, online: boolean): void {
  contact(name).online = online;
  draw(contact(name), name);
}

function draw({ button, online, unread }: Contact, name: string): void {
  button.className = online ? "online" : "";
  button.setAttribute("aria-current", String(name === current));
  button.replaceChildren(`${name} `, part("note", online ? "online " : "offline "), part("unread", unread > 0 ? `${unread} new` : ""));
}

function open(name: string): void {
  current = name;
  contact(name).unread = 0;
  contacts.forEach(draw);
  get("with").textContent = name;
  get("lines").replaceChildren();
  contact(name).lines.forEach(append);
  get("message-form").hidden = false;
  input("text").focus();
  save();
}

function add(name: string, line: Line): HTMLElement {
  contact(name).lines.push(line);
  draw(contact(name), name);
  save();
  return name === current ? append(line) : document.createElement("p");
}

function append(line: Line): HTMLElement {
  const p = fill(document.createElement("p"), line);
  get("lines").append(p);
  get("lines").scrollTop = get("lines").scrollHeight;
  return p;
}

function fill(p: HTMLElement, { mine, text, at, note, failed }: Line): HTMLElement {
  p.className = `${mine ? "mine" : ""} ${failed ? "failed" : ""}`;
  p.replaceChildren(text, part("note", `${at} ${note}`));
  return p;
}

function part(className: string, text: string): HTMLElement {
  const span = document.createElement("span");
  span.className = className;
  span.textContent = text;
  return span;
}

function save(): void {
  sessionStorage.setItem(`lines of ${me}`, JSON.stringify([...contacts].map(([name, { lines }]) => [name, lines])));
}

function say(text: string): void {
  get("state").textContent = text;
}

/** Calls f with what the user has entered into a form's only field. */
function onSubmit(form: string, field: string, f: (value: string) => void): void {
  get(form).addEventListener("submit", (event) => {
    event.preventDefault();
    const value = input(field).value;
    input(field).value = "";
    f(value);
  });
}

onSubmit("name-form", "name", (name) => {
  fetchToken(name).then(() => sessionStorage.setItem("me", (me = name))).then(start, (e) => (get("refusal").textContent = reason(e)));
});
onSubmit("contact-form", "contact", (name) => (open(name), void greet(name)));
onSubmit("message-form", "text", (text) => void send(current, text));
get("sign-out").addEventListener("click", () => (sessionStorage.clear(), location.reload()));
void start();
