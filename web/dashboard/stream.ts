// The live stream of pictures. EventSource cannot send the key, so the events are read from fetch.
import type { Picture } from "./picture.js";
import { problemOf } from "./api.js";

export type StreamState =
  | { kind: "connecting" }
  | { kind: "live" }
  | { kind: "cut"; why: string; retryAt: number }
  | { kind: "paused" }
  | { kind: "refused" };

export interface Watcher {
  picture(p: Picture): void;
  state(s: StreamState): void;
}

const firstPause = 500;
const longestPause = 15_000;
/** Pictures come each second: after so many without one the stream counts as cut. */
const patience = 5_000;
/** A tab that is hidden for so long ends its stream, so that the nodes make no pictures for it. */
const hiddenTime = 60_000;

export class Stream {
  #key: string;
  #watcher: Watcher;
  #abort = new AbortController();
  #wake = () => {};
  #running = false;
  #pauses = 0;
  #hidden = 0;

  constructor(key: string, watcher: Watcher) {
    this.#key = key;
    this.#watcher = watcher;
    document.addEventListener("visibilitychange", this.#seen);
    addEventListener("online", this.retry);
    this.#start();
  }

  /** Ends the stream for good. */
  close(): void {
    document.removeEventListener("visibilitychange", this.#seen);
    removeEventListener("online", this.retry);
    clearTimeout(this.#hidden);
    this.#stop();
  }

  /** Tries at once, if the stream is cut. */
  retry = (): void => this.#wake();

  #seen = (): void => {
    clearTimeout(this.#hidden);
    if (document.visibilityState === "hidden") {
      this.#hidden = window.setTimeout(() => {
        this.#stop();
        this.#watcher.state({ kind: "paused" });
      }, hiddenTime);
    } else if (this.#running) this.retry();
    else this.#start();
  };

  #start(): void {
    this.#running = true;
    this.#pauses = 0;
    this.#abort = new AbortController();
    void this.#run(this.#abort.signal);
  }

  #stop(): void {
    this.#running = false;
    this.#abort.abort();
    this.#wake();
  }

  async #run(ended: AbortSignal): Promise<void> {
    this.#watcher.state({ kind: "connecting" });
    while (!ended.aborted) {
      let why: string;
      try {
        const refused = await this.#read(ended);
        if (refused) {
          this.#running = false;
          this.#watcher.state({ kind: "refused" });
          return;
        }
        why = "the node has ended it";
      } catch (e) {
        why = e instanceof Error ? e.message : String(e);
      }
      if (ended.aborted) return;
      const pause = Math.min(longestPause, firstPause * 2 ** this.#pauses++) * (0.5 + Math.random() / 2);
      this.#watcher.state({ kind: "cut", why, retryAt: Date.now() + pause });
      await new Promise<void>((done) => {
        const timer = window.setTimeout(done, pause);
        this.#wake = () => {
          clearTimeout(timer);
          done();
        };
      });
    }
  }

  /** Reads until the stream ends. True: the key was refused. */
  async #read(ended: AbortSignal): Promise<boolean> {
    const silent = new AbortController();
    let timer = 0;
    const wait = () => {
      clearTimeout(timer);
      timer = window.setTimeout(() => silent.abort(), patience);
    };
    wait();
    try {
      const answer = await fetch("../v1/events", {
        headers: { Authorization: `Bearer ${this.#key}`, Accept: "text/event-stream" },
        signal: AbortSignal.any([ended, silent.signal]),
        cache: "no-store",
      });
      if (answer.status === 401) return true;
      if (!answer.ok || !answer.body) throw await problemOf(answer);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ""; ; ) {
        const { done, value } = await reader.read();
        if (done) return false;
        wait();
        rest = this.#events(rest + value);
      }
    } catch (e) {
      if (silent.signal.aborted) throw new Error(`nothing has come for ${patience / 1000} seconds`);
      if (e instanceof TypeError) throw new Error("the node cannot be reached");
      throw e;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Takes the events that are complete, and returns what is left. */
  #events(text: string): string {
    const events = text.split("\n\n");
    const rest = events.pop()!;
    for (const event of events) {
      let name = "";
      let data = "";
      for (const line of event.split("\n")) {
        if (line.startsWith("event: ")) name = line.slice(7);
        else if (line.startsWith("data: ")) data += line.slice(6);
      }
      if (name !== "picture") continue; // of a later version
      this.#pauses = 0;
      this.#watcher.state({ kind: "live" });
      this.#watcher.picture(JSON.parse(data) as Picture);
    }
    return rest;
  }
}
