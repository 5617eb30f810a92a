import { ParleyError } from "./errors.js";
import { decodeText } from "./frame.js";

/** What a message counts in a buffer beside its bytes. */
const messageCost = 64;

/** A message from another user. */
export class Message {
  /** The user ID of the sender, as the sender's node has checked it. */
  readonly from: string;
  /** At least one byte. */
  readonly data: Uint8Array;

  /** @internal */
  constructor(from: string, data: Uint8Array) {
    this.from = from;
    this.data = data;
  }

  /** The data as text. It throws a TypeError if the data is no UTF-8. */
  get text(): string {
    return decodeText(this.data);
  }
}

/**
 * Messages for `for await`. Those that arrive while the loop is busy wait in a buffer with a bound.
 * Beyond the bound nothing is taken in any more: the loop gets what is in the buffer and then the
 * error `buffer_full`.
 */
export class MessageBuffer implements AsyncIterableIterator<Message> {
  #bound: number;
  #buffer: Message[] = [];
  #taken = 0; // of the buffer
  #bytes = 0;
  #waiting: { resolve: (r: IteratorResult<Message>) => void; reject: (e: ParleyError) => void }[] = [];
  #end: { error?: ParleyError } | undefined;
  #onEnd: () => void;

  /** @internal */
  constructor(bound: number, onEnd: () => void) {
    this.#bound = bound;
    this.#onEnd = onEnd;
  }

  /** @internal */
  push(m: Message): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next.resolve({ value: m, done: false });
      return;
    }
    const cost = messageCost + m.data.length;
    if (this.#bytes > 0 && this.#bytes + cost > this.#bound) {
      const n = this.#buffer.length - this.#taken;
      this.finish(new ParleyError("buffer_full", `${n} messages wait for the loop: this one and later ones are not kept`));
      return;
    }
    this.#buffer.push(m);
    this.#bytes += cost;
  }

  /** @internal Ends the iterator behind what is in it. */
  finish(error?: ParleyError): void {
    if (this.#end !== undefined) {
      return;
    }
    this.#end = error === undefined ? {} : { error };
    this.#onEnd();
    for (const next of this.#waiting.splice(0)) {
      if (error === undefined) {
        next.resolve({ value: undefined, done: true });
      } else {
        next.reject(error);
      }
    }
  }

  next(): Promise<IteratorResult<Message>> {
    const m = this.#buffer[this.#taken];
    if (m !== undefined) {
      this.#bytes -= messageCost + m.data.length;
      this.#taken++;
      if (this.#taken * 2 >= this.#buffer.length) {
        this.#buffer.splice(0, this.#taken);
        this.#taken = 0;
      }
      return Promise.resolve({ value: m, done: false });
    }
    if (this.#end === undefined) {
      return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    }
    const { error } = this.#end;
    this.#end = {}; // the error is told once
    return error === undefined ? Promise.resolve({ value: undefined, done: true }) : Promise.reject(error);
  }

  return(): Promise<IteratorResult<Message>> {
    this.finish();
    this.#buffer = [];
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
