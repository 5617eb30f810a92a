import { ParleyError } from "./errors.js";
import { decodeTokenTime } from "./payload.js";
import { longestTimer } from "./timer.js";

/** A token is replaced after a random part, 0.7 to 0.9, of the time that it is good for. */
const renewFrom = 0.7;
const renewSpread = 0.2;
/** The pauses before further attempts: the first, doubled after each, and the longest. */
const firstPause = 2_000;
const longestPause = 60_000;

/**
 * Keeps the session of a connection from ending with its token, which is good for `left` ms: it
 * fetches a fresh one before that, and sends it. It resolves when the signal says that the
 * connection has ended, or when there is nothing to renew.
 */
export async function renewTokens(
  left: number,
  signal: AbortSignal,
  fetchToken: () => Promise<string>,
  send: (token: string) => Promise<Uint8Array>,
): Promise<void> {
  let pause = firstPause;
  while (left > 0) {
    const ends = Date.now() + left;
    let wait = left * (renewFrom + renewSpread * Math.random());
    for (;;) {
      if (!(await slept(wait, signal))) {
        return;
      }
      try {
        const fresh = decodeTokenTime(await send(await fetchToken()));
        if (fresh === 0 || Date.now() + fresh > ends + 1000) {
          left = fresh;
          pause = firstPause;
          break;
        }
      } catch (e) {
        if (e instanceof ParleyError && e.code === "unknown_command") {
          return; // an older server: it looks at tokens at logins only
        }
      }
      wait = pause; // the token was refused, or there is no fresh one
      pause = Math.min(2 * pause, longestPause);
    }
  }
}

/** Tells whether it slept to the end. */
async function slept(ms: number, signal: AbortSignal): Promise<boolean> {
  for (let left = ms; left > 0 && !signal.aborted; left -= longestTimer) {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(left, longestTimer));
      signal.addEventListener("abort", done);
    });
  }
  return !signal.aborted;
}
