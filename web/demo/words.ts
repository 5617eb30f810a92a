import { ParleyError, type Receipt } from "../../sdk/js/src/index.js";
import { shortTime } from "../shared/histogram.js";
import type { MessageReport } from "./api.js";
import { textOf } from "./session.js";

/** What became of a message, for its sender. */
export interface Verdict {
  /** delivered, declined, dropped, or the code of an error. */
  outcome: string;
  tone: "good" | "warn" | "bad";
  /** In words. The servers' part of the time, in milliseconds, is known a moment later. */
  text(atServers?: number): string;
}

/** Ms is the time in this browser. */
export function verdictOf(receipt: Receipt, to: string, ms: number): Verdict {
  const { result } = receipt;
  const what = result === "delivered" ? "delivered" : `${result} at ${to}'s node`;
  return { outcome: result, tone: result === "delivered" ? "good" : "warn", text: (atServers) => `${what} after ${times(ms, atServers)}` };
}

export function verdictOfError(e: unknown, to: string, ms: number): Verdict {
  if (!(e instanceof ParleyError)) {
    return { outcome: "error", tone: "bad", text: () => textOf(e) };
  }
  const outcome = e.code;
  switch (outcome) {
    case "user_not_found":
      return { outcome, tone: "bad", text: (at) => `not delivered: ${to} is not connected. Known after ${times(ms, at)}` };
    case "recipient_busy":
      return { outcome, tone: "bad", text: () => `not delivered: too much waits for ${to} already` };
    case "timeout":
      return { outcome, tone: "warn", text: () => `perhaps delivered: no answer within ${shortTime(ms)}` };
    case "connection_lost":
    case "closed":
      return e.outcome === "not_sent"
        ? { outcome, tone: "bad", text: () => "not sent: the connection is closed" }
        : { outcome, tone: "warn", text: () => "perhaps delivered: the connection broke before the answer" };
    default:
      return { outcome, tone: "bad", text: () => e.message };
  }
}

function times(inBrowser: number, atServers: number | undefined): string {
  return atServers === undefined ? shortTime(inBrowser) : `${shortTime(atServers)} (${shortTime(inBrowser)} with this browser)`;
}

/** The label of a message on the map. */
export function labelOf(m: MessageReport): { tone: Verdict["tone"]; label: string } {
  switch (m.outcome) {
    case "delivered":
      return { tone: "good", label: shortTime(m.us / 1000) };
    case "declined":
    case "dropped":
    case "timeout":
      return { tone: "warn", label: m.outcome };
    default:
      return { tone: "bad", label: m.outcome };
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
