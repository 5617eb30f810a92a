/** Experiments that send many messages, one after the other. */
import type { Session } from "./session.js";
import { verdictOf, verdictOfError, type Verdict } from "./words.js";

export interface Outcomes {
  /** Milliseconds of those delivered. */
  times: number[];
  /** What became of the others, and how many there are of each. */
  others: Map<string, number>;
  ms: number;
}

/** Sends a message and measures until its outcome is known. */
export async function measured(session: Session, to: string, text: string): Promise<{ verdict: Verdict; ms: number }> {
  const start = performance.now();
  try {
    const receipt = await session.send(to, text);
    const ms = performance.now() - start;
    return { verdict: verdictOf(receipt, to, ms), ms };
  } catch (e) {
    const ms = performance.now() - start;
    return { verdict: verdictOfError(e, to, ms), ms };
  }
}

/** Sends numbered messages. It ends early after some that were not delivered: more would be like them. */
export async function sendMany(session: Session, to: string, count: number, progress: (done: number) => void): Promise<Outcomes> {
  const outcomes: Outcomes = { times: [], others: new Map(), ms: 0 };
  const start = performance.now();
  for (let i = 1, failures = 0; i <= count && failures < 10; i++) {
    const { verdict, ms } = await measured(session, to, `No. ${i} of ${count}`);
    if (verdict.outcome === "delivered") {
      outcomes.times.push(ms);
      failures = 0;
    } else {
      outcomes.others.set(verdict.outcome, (outcomes.others.get(verdict.outcome) ?? 0) + 1);
      failures++;
    }
    if (i % 25 === 0) {
      progress(i);
    }
  }
  outcomes.ms = performance.now() - start;
  return outcomes;
}

/** Sends large messages until one is not delivered, or all are. */
export async function sendLarge(
  session: Session,
  to: string,
  count: number,
  bytes: number,
  progress: (done: number) => void,
): Promise<{ delivered: number; last: Verdict }> {
  let last: Verdict = { outcome: "delivered", tone: "good", text: () => "" };
  for (let i = 1; i <= count; i++) {
    const head = `No. ${i} of ${count}, ${bytes / 1000} KB each `;
    last = (await measured(session, to, head + ".".repeat(bytes - head.length))).verdict;
    if (last.outcome !== "delivered") {
      return { delivered: i - 1, last };
    }
    progress(i);
  }
  return { delivered: count, last };
}
