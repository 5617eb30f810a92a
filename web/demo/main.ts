/**
 * The demo page. What tests and scripts can rely on:
 *
 *	region "Cluster"           the map (role img; its aria-label lists nodes and users), and a button "Kill n1" or
 *	                           "Restart n1" for each node
 *	caption, last-way          data-testid: the step of the tour; the way of the latest message, as a sentence
 *	pane-1, pane-2             data-testid of the panes, regions named for their users, ada and ben. Their data-node is
 *	                           the node's name, data-state is connecting, connected, reconnecting or closed
 *	  in a pane:
 *	  status                   data-testid: where the user is, in words
 *	  log "Messages of ada"    its elements have data-kind sent, received or note; sent ones have data-outcome: pending, then
 *	                           delivered, declined, dropped or an error's code
 *	  to                       data-testid of the select with the recipient
 *	  textbox "Message from ada", button "Send"
 *	  buttons "Move ada to n2" (where ada is: "ada is on n1"), "Decline", "Rewrite", "Stop reading" (aria-pressed),
 *	  "Send 1,000", "Send 6 MB", "Clear channel", "Cut connection", "Log in here" (after a newer login)
 *	                           are in a details "Experiments", which is closed at first in a narrow window
 *	  result                   data-testid: what an experiment has shown; a figure with class histogram for the 1,000
 *	join-url, qr               data-testid: the link for a further user, and its QR code
 *	banner                     data-testid: shown while the server of the page does not answer
 *
 * Addresses: ?join is the page of one further user with a made-up name, ?user=NAME that of a given
 * one.
 */
import { follow, type State } from "./api.js";
import { ClusterView } from "./cluster.js";
import { byId, h } from "./dom.js";
import { help } from "./help.js";
import { showJoin } from "./join.js";
import { Pane, type PaneOptions } from "./pane.js";

const parameters = new URLSearchParams(location.search);
const guest = parameters.get("user") ?? (parameters.has("join") ? `guest-${Math.random().toString(36).slice(2, 5)}` : undefined);

const panes = paneOptions().map((o) => new Pane(o));
byId("panes").append(...panes.map((p) => p.element));
byId("panes").dataset.count = String(panes.length);
const cluster = new ClusterView(
  panes.map((p) => p.user),
  guest === undefined,
);
byId("help").querySelector("dl")!.append(...help.flatMap(([name, text]) => [h("dt", {}, name), h("dd", {}, text)]));

follow({
  state(state: State) {
    for (const pane of panes) {
      pane.update(state);
    }
    cluster.update(state);
    if (guest === undefined) {
      showJoin(state.join);
    }
  },
  messages(messages) {
    cluster.messages(messages);
    for (const pane of panes) {
      pane.messages(messages);
    }
  },
  caption: (caption) => cluster.caption(caption),
  alive(alive: boolean) {
    const banner = byId("banner");
    banner.hidden = alive;
    banner.textContent = alive ? "" : "The demo does not answer. Is it still running? This page connects again by itself.";
  },
});
if (matchMedia("(hover: hover)").matches) {
  panes[0]!.focus(); // where no keyboard covers the page
}

function paneOptions(): PaneOptions[] {
  if (guest !== undefined) {
    return [{ user: guest, tone: "first", peer: "ada", node: undefined, index: 1 }];
  }
  return [
    { user: "ada", tone: "first", peer: "ben", node: "n1", index: 1 },
    { user: "ben", tone: "second", peer: "ada", node: "n2", index: 2 },
  ];
}
