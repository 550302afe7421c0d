/**
 * Messages of a thread that cannot be read here: a thread has a larger stack, and can write values that are
 * nested too deeply for the main thread. Each belongs to a request, which fails for it.
 */
import { NotCloneableError } from '../errors/errors.js';
import { advance, isBehind } from '../protocol/positions.js';
import type { Window } from '../protocol/window.js';
import type { Request, RequestExtras } from '../requests/request.js';
import type { InFlight } from './in-flight.js';

export class UnreadableMessages {
  readonly #window: Window;
  readonly #inFlight: InFlight;
  readonly #stopStream: (request: Request) => void;
  /** The errors of requests that are not completed, by id. */
  readonly #errors = new Map<number, NotCloneableError>();

  constructor(window: Window, inFlight: InFlight, stopStream: (request: Request) => void) {
    this.#window = window;
    this.#inFlight = inFlight;
    this.#stopStream = stopStream;
  }

  /** The message of that number could not be read. O(completions that have not been read). */
  add(number: number, cause: unknown): void {
    const request = this.#senderOf(number);
    if (request === undefined || this.#errors.has(request.id)) return;
    const { extras } = request;
    // Its items fail alone: a chunk misses the outcome that did not come.
    if (extras?.chunk !== undefined) return;
    this.#errors.set(request.id, notReadable(nameOfPart(extras), cause));
    // Its generator need not go on; what it has sent meanwhile is not given out.
    if (extras?.onYield !== undefined) this.#stopStream(request);
  }

  /** Whether the request is to fail: a stream ends at the value that could not be read. */
  hasFailed(id: number): boolean {
    return this.#errors.size > 0 && this.#errors.has(id);
  }

  /** The error with which a completed request must fail, if there is one. */
  take(id: number): NotCloneableError | undefined {
    const error = this.#errors.get(id);
    if (error !== undefined) this.#errors.delete(id);
    return error;
  }

  /**
   * The request whose task sent that message. A completion slot says how many messages had been sent by then,
   * and a thread runs one request at a time. So it is the first completed one that counts the message, or
   * else the running one.
   */
  #senderOf(number: number): Request | undefined {
    const window = this.#window;
    const { i32 } = window.memory;
    const end = window.completed();
    for (let p = this.#inFlight.done; p !== end; p = advance(p, 1)) {
      const sent = i32[window.completionSlot(p) + 3] as number;
      if (!isBehind(sent, number)) return this.#inFlight.at(p);
    }
    return window.head() === end ? undefined : this.#inFlight.at(end);
  }
}

export function notReadable(what: string, cause: unknown): NotCloneableError {
  return new NotCloneableError(what, 'something that this thread could not read (nested too deeply, say)', {
    cause,
  });
}

/** A result that cannot be read is missed by the reader of its slot. Output is bytes, which always can be. */
function nameOfPart(extras: RequestExtras | undefined): string {
  if (extras?.onYield === undefined) return 'the progress value';
  return extras.onProgress === undefined ? 'the yielded value' : 'a yielded or progress value';
}
