import { ParleyError, type Receipt } from "../../sdk/js/src/index.js";
import { shortTime } from "../shared/histogram.js";
import type { MessageReport } from "./api.js";
import { textOf } from "./session.js";

/** What became of a message, for its sender. */
export interface Verdict {
  /** delivered, declined, dropped, or the code of an error. */
  outcome: string;
  tone: "good" | "warn" | "bad";
  text: string;
}

export function verdictOf(receipt: Receipt, to: string, ms: number): Verdict {
  switch (receipt.result) {
    case "delivered":
      return { outcome: "delivered", tone: "good", text: `delivered after ${shortTime(ms)}` };
    case "declined":
      return { outcome: "declined", tone: "warn", text: `declined at ${to}'s node after ${shortTime(ms)}` };
    case "dropped":
      return { outcome: "dropped", tone: "warn", text: `dropped at ${to}'s node after ${shortTime(ms)}` };
  }
}

export function verdictOfError(e: unknown, to: string, ms: number): Verdict {
  if (!(e instanceof ParleyError)) {
    return { outcome: "error", tone: "bad", text: textOf(e) };
  }
  const time = shortTime(ms);
  const unknown = { outcome: e.code, tone: "warn" as const };
  switch (e.code) {
    case "user_not_found":
      return { outcome: e.code, tone: "bad", text: `not delivered: ${to} is not connected (known after ${time})` };
    case "recipient_busy":
      return { outcome: e.code, tone: "bad", text: `not delivered: too much waits for ${to} already` };
    case "timeout":
      return { ...unknown, text: `perhaps delivered: no answer within ${time}` };
    case "connection_lost":
    case "closed":
      return { ...unknown, text: e.outcome === "not_sent" ? "not sent: the connection is closed" : "perhaps delivered: the connection broke before the answer" };
    default:
      return { outcome: e.code, tone: "bad", text: e.message };
  }
}

/** The label of a message on the map. */
export function labelOf(m: MessageReport): { tone: Verdict["tone"]; label: string } {
  const time = shortTime(m.us / 1000);
  switch (m.outcome) {
    case "delivered":
      return { tone: "good", label: time };
    case "declined":
    case "dropped":
      return { tone: "warn", label: `${m.outcome}, ${time}` };
    default:
      return { tone: "bad", label: `${m.outcome}, ${time}` };
  }
}

/** A message's way as a sentence. */
export function wayOf(m: MessageReport): string {
  if (m.kind !== "message") {
    return `${m.from} opens a channel with ${m.to}: ${m.outcome} after ${shortTime(m.us / 1000)}.`;
  }
  return `${m.from} to ${m.to}: ${placesOf(m)}. ${capital(m.outcome)} after ${shortTime(m.us / 1000)}.`;
}

function placesOf(m: MessageReport): string {
  switch (m.way) {
    case "local":
      return `both are on ${m.via}, so it never left that server`;
    case "lookup": {
      const asked = m.owner === m.via ? `${m.via} keeps the entry of ${m.to} itself and looked there` : `${m.via} asked ${m.owner} where ${m.to} is`;
      return m.at === undefined ? asked : `${asked}, then sent it to ${m.at}`;
    }
    case "link":
      return m.at === undefined ? `${m.via} did not send it` : `${m.via} remembers where ${m.to} is, and sent it straight to ${m.at}`;
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
