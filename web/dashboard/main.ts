// The dashboard: it asks for the admin key, reads the stream of pictures, and draws each.
import type { Picture } from "./picture.js";
import { nameOf } from "./picture.js";
import type { StreamState } from "./stream.js";
import { Stream } from "./stream.js";
import { API } from "./api.js";
import { Users } from "./users.js";
import { NodeMap } from "./map.js";
import { RateChart } from "./chart.js";
import { showTimes } from "./times.js";
import { linksTable } from "./links.js";
import { showChanges, showErrors, showNodes, showRates, showShaping, showTiles } from "./sections.js";
import { byId, setText } from "./dom.js";
import { moment, plural } from "./format.js";

const stored = "parley-admin-key";

const login = byId("login");
const board = byId("board");
const status = byId("status");
const map = new NodeMap(byId("map"));
const chart = new RateChart(byId("rates"));

let key = "";
let api: API | null = null;
let stream: Stream | null = null;
let state: StreamState = { kind: "connecting" };
let newest: Picture | null = null;
let newestAt = 0; // of this machine's clock
const users = new Users(() => api!);

byId<HTMLFormElement>("login-form").addEventListener("submit", (e) => {
  e.preventDefault();
  setText(byId("login-error"), "");
  open(byId<HTMLInputElement>("key").value.trim());
});
byId("sign-out").addEventListener("click", () => signOut(""));
byId("retry").addEventListener("click", () => stream?.retry());
setInterval(showStatus, 1000);

const remembered = sessionStorage.getItem(stored);
if (remembered) open(remembered);
else signOut("");

function open(k: string): void {
  if (!/^[\x21-\x7e]+$/.test(k)) return signOut("A key has neither spaces nor characters outside ASCII.");
  key = k;
  api = new API(key);
  stream?.close();
  stream = new Stream(key, { picture: show, state: setState });
}

function signOut(why: string): void {
  stream?.close();
  stream = null;
  api = null;
  newest = null;
  sessionStorage.removeItem(stored);
  users.clear();
  board.hidden = true;
  login.hidden = false;
  byId("sign-out").hidden = true;
  const input = byId<HTMLInputElement>("key");
  if (!why) input.value = "";
  setText(byId("login-error"), why);
  input.setAttribute("aria-invalid", String(Boolean(why)));
  input.focus();
  showStatus();
}

function setState(s: StreamState): void {
  state = s;
  if (s.kind === "refused") return signOut("The node does not take this key: it is not the one that it was started with.");
  if (s.kind === "cut" && !newest) setText(byId("login-error"), `No figures yet: ${s.why}. The page tries again.`);
  showStatus();
}

function show(p: Picture): void {
  if (!newest) {
    sessionStorage.setItem(stored, key);
    byId<HTMLInputElement>("key").value = "";
    setText(byId("login-error"), "");
    login.hidden = true;
    board.hidden = false;
    byId("sign-out").hidden = false;
  }
  newest = p;
  newestAt = Date.now();
  showTiles(p);
  map.show(p);
  showNodes(p);
  showRates(p);
  chart.show(p);
  showTimes(byId("times"), byId("times-table"), byId("times-window"), p);
  showErrors(p);
  showShaping(p);
  linksTable(byId("links-table"), byId("links-note"), p);
  showChanges(p);
  showStatus();
}

/** Says how old the figures are. It is called each second. */
function showStatus(): void {
  const kind = stream ? state.kind : "closed";
  const old = newest ? (Date.now() - newestAt) / 1000 : 0;
  const cut = kind === "cut" || kind === "paused" || (newest !== null && old > 2.5);
  status.dataset.state = kind === "live" && cut ? "cut" : kind;
  board.classList.toggle("old", cut);
  byId("retry").hidden = state.kind !== "cut" || !stream;
  setText(byId("status-text"), statusText(cut));
  document.title = (cut && stream ? "(cut) " : "") + "Parley dashboard";
}

function statusText(cut: boolean): string {
  if (!stream) return "Signed out";
  const since = newest ? ` The figures are of ${moment(newest.at)}.` : "";
  if (state.kind === "paused") return `Paused while this tab was hidden.${since}`;
  if (state.kind === "cut") return `The stream is cut: ${state.why}.${since} Trying again; each other node has this page, too.`;
  if (!newest) return "Connecting…";
  if (cut || state.kind !== "live") return `Waiting for ${nameOf(newest.by)}.${since}`;
  return `Live through ${nameOf(newest.by)}: figures of ${newest.answering} of ${plural(newest.members, "member")}`;
}
