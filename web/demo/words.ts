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
      return { tone: "good", label: `${time}` };
    case "declined":
    case "dropped":
      return { tone: "warn", label: `${m.outcome}, ${time}` };
    default:
      return { tone: "bad", label: `${m.outcome}, ${time}` };
  }
}

/** A message's way as a sentence. */
export function wayOf(m: MessageReport): string {
  const where =
    m.way === "local"
      ? `both are on ${m.via}, so it never left that server`
      : m.way === "lookup"
        ? `${m.via} first asked ${m.owner === undefined ? "the cluster" : m.owner === m.via ? "its own part of the directory" : m.owner} where ${m.to} is` +
          (m.at === undefined ? "" : `, then sent it to ${m.at}`)
        : `${m.via} knew where ${m.to} is, and sent it straight to ${m.at ?? "that server"}`;
  return `${m.from} to ${m.to}: ${where}. ${capital(m.outcome)} after ${shortTime(m.us / 1000)}.`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
