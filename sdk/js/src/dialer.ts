import type { Addresses } from "./addresses.js";
import { type Connection, isFinal } from "./connection.js";
import { ParleyError, messageOf } from "./errors.js";
import { login } from "./login.js";
import { reconnectIn } from "./payload.js";
import type { WebSocketConstructor } from "./websocket.js";

/** Bounds of one attempt, from the first packet to the welcome. */
const connectTimeout = 15_000;
/** With other addresses to try: a host without an answer must not hold them up. */
const shorterTimeout = 5_000;
/** The longest time a server can send a client away for. */
const longestAbsence = 3_600_000;
/** An attempt younger than this goes on when the machine wakes. */
const freshAttempt = 1_000;

export interface DialerOptions {
  token: string | undefined;
  getToken: ((options: { signal: AbortSignal }) => string | Promise<string>) | undefined;
  name: string;
  ctor: WebSocketConstructor;
  minPause: number;
  maxPause: number;
  /** In [0, 1). */
  random: () => number;
}

/** Makes one connection after another. One call at a time. */
export class Dialer {
  /** The address of the last connection. */
  url: string;
  #addresses: Addresses;
  #options: DialerOptions;
  #token: string | undefined;
  #renewed = false; // the token was fetched because a server refused the one before, and no welcome came since
  #rounds = 0; // of failed attempts, for the back-off
  #closed = new AbortController();
  #attempt: { began: number; abort: AbortController } | undefined;
  #wakeUp: (() => void) | undefined; // ends the pause that a waking machine ends
  #hurry = false; // the next pause is left out

  constructor(addresses: Addresses, options: DialerOptions) {
    this.#addresses = addresses;
    this.#options = options;
    this.#token = options.token;
    this.url = addresses.all[0]!;
  }

  /** Tries each address once, in the order given. */
  async first(): Promise<Connection> {
    const reasons: ParleyError[] = [];
    for (const url of this.#addresses.all) {
      try {
        return await this.#connect(url);
      } catch (e) {
        const why = e as ParleyError;
        reasons.push(why);
        this.#addresses.markBad(url);
        if (isFinal(why) || why.code === "no_token" || this.#closed.signal.aborted) {
          throw why;
        }
      }
    }
    if (reasons.length === 1) {
      throw reasons[0]!;
    }
    throw new ParleyError("connect_failed", reasons.map((r) => r.message).join("; "), { cause: reasons[0] });
  }

  /**
   * Makes the connection after one that lasted `lived` ms and ended because of why, which does not
   * forbid it. It tries until it has one, a server forbids it, or close is called.
   *
   * The address of the lost connection is bad: the first attempt goes to another one at once. With
   * every address bad, a pause comes before each round.
   */
  async again(why: ParleyError, lived: number): Promise<Connection> {
    if (lived > this.#options.maxPause) {
      this.#rounds = 0;
    }
    const several = this.#addresses.all.length > 1;
    this.#addresses.markBad(this.url);
    this.#hurry = false;
    const absence = comeBackIn(why);
    if (several && absence !== undefined) {
      await this.#sleep(absence, false); // while the servers want the client to stay away
    }
    for (;;) {
      let round = this.#addresses.good();
      if (round.length === 0) {
        await this.#pause(why, several);
        this.#rounds++;
        round = this.#addresses.oldestFirst();
      }
      for (const url of round) {
        try {
          return await this.#connect(url);
        } catch (e) {
          why = e as ParleyError;
          if (isFinal(why) || this.#closed.signal.aborted) {
            throw why;
          }
          this.#addresses.markBad(url);
          if (why.code === "no_token") {
            this.#addresses.markAllBad(); // no other address helps
            break;
          }
        }
      }
    }
  }

  /**
   * After a goodbye that refuses the token: has the next attempt fetch a fresh one, and tells
   * whether that is worth trying. It is, once between two welcomes.
   */
  renew(why: ParleyError): boolean {
    if (why.goodbye !== 2001 || this.#options.getToken === undefined || this.#renewed) {
      return false;
    }
    this.#renewed = true;
    this.#token = undefined;
    return true;
  }

  /** The machine was asleep, or its network has changed: pauses and old attempts are of no use. */
  wake(): void {
    if (this.#wakeUp !== undefined) {
      this.#wakeUp();
    } else if (this.#attempt !== undefined && Date.now() - this.#attempt.began >= freshAttempt) {
      this.#hurry = true;
      this.#attempt.abort.abort();
    }
  }

  close(): void {
    this.#closed.abort();
    this.#attempt?.abort.abort();
  }

  async #connect(url: string): Promise<Connection> {
    const { ctor, name } = this.#options;
    for (;;) {
      const token = (this.#token ??= await this.fetchToken());
      this.#checkOpen();
      const timeout = this.#addresses.all.length > 1 ? shorterTimeout : connectTimeout;
      const abort = new AbortController();
      this.#attempt = { began: Date.now(), abort };
      try {
        const connection = await login(ctor, url, { token, client: name }, timeout, abort.signal);
        this.#addresses.markGood(url);
        this.#renewed = false;
        this.url = url;
        return connection;
      } catch (e) {
        if (!this.renew(e as ParleyError)) {
          throw e;
        }
      } finally {
        this.#attempt = undefined;
      }
    }
  }

  /** Tells whether there can be another token. */
  get renewable(): boolean {
    return this.#options.getToken !== undefined;
  }

  /** Keeps a token for logins. */
  keepToken(token: string): void {
    this.#token = token;
  }

  /** Fetches a token, whether there is one or not. */
  async fetchToken(): Promise<string> {
    const { getToken } = this.#options;
    let token: unknown;
    if (getToken !== undefined) {
      try {
        token = await raced(getToken({ signal: this.#closed.signal }), this.#closed.signal);
      } catch (e) {
        throw new ParleyError("no_token", `getToken failed: ${messageOf(e)}`, { cause: e });
      }
    }
    this.#checkOpen();
    if (typeof token !== "string") {
      throw new ParleyError("no_token", "getToken returned no string");
    }
    return token;
  }

  #checkOpen(): void {
    if (this.#closed.signal.aborted) {
      throw closedError();
    }
  }

  /** The back-off, or the time for which a server asked to stay away. */
  async #pause(why: ParleyError, several: boolean): Promise<void> {
    const { minPause, maxPause, random } = this.#options;
    const most = Math.min(maxPause, minPause * 2 ** Math.min(this.#rounds, 30));
    const pause = most / 2 + (random() * most) / 2;
    const absence = comeBackIn(why);
    if (!several && absence !== undefined && (this.#rounds === 0 || absence > pause)) {
      await this.#sleep(absence, false);
    } else if (this.#hurry) {
      this.#hurry = false;
    } else {
      await this.#sleep(pause, true);
    }
  }

  #sleep(ms: number, wakeable: boolean): Promise<void> {
    const { signal } = this.#closed;
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        this.#wakeUp = undefined;
        if (signal.aborted) {
          reject(closedError());
        } else {
          resolve();
        }
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener("abort", done);
      if (wakeable) {
        this.#wakeUp = done;
      }
      if (signal.aborted) {
        done();
      }
    });
  }
}

export function closedError(): ParleyError {
  return new ParleyError("closed", "the client is closed");
}

/** What the promise resolves to, unless the signal comes first. */
function raced<T>(promise: T | Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(closedError());
    if (signal.aborted) {
      aborted();
    }
    signal.addEventListener("abort", aborted);
    Promise.resolve(promise)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", aborted));
  });
}

/** How long a server asked its clients to stay away. */
function comeBackIn(why: ParleyError): number | undefined {
  const ms = why.text === undefined ? undefined : reconnectIn(why.text);
  return ms === undefined ? undefined : Math.min(ms, longestAbsence);
}
