/** The main thread's hand on a window: fills slots, posts them, takes unstarted ones back. */

import { advance, distance } from '../protocol/positions.js';
import type { Window } from '../protocol/window.js';
import { isReclaimable, type ReclaimReason } from '../requests/reclaimable.js';
import type { Request } from '../requests/request.js';
import { flags } from '../values/slot-format.js';
import { writeValues } from '../values/slot-writer.js';
import type { InFlight } from './in-flight.js';
import type { Sender } from './sender.js';

/** What a dead thread has left. */
export interface Remains {
  /** The request that it was running. */
  readonly running: Request | undefined;
  /** Those that it never started, the oldest first. */
  readonly unstarted: Request[];
  /** That of the unstarted ones whose arguments it was reading. */
  readonly reading: Request | undefined;
}

export class WindowWriter {
  readonly #window: Window;
  readonly #inFlight: InFlight;
  readonly #sender: Sender;
  /** Filled and not posted. */
  #staged = 0;

  constructor(window: Window, ledger: InFlight, outbox: Sender) {
    this.#window = window;
    this.#inFlight = ledger;
    this.#sender = outbox;
  }

  /** Requests sent and not started, or about to be sent. */
  get unstarted(): number {
    return this.#staged + this.#window.unstarted();
  }

  /**
   * Fills the next free slot; `post` makes it visible. O(1).
   * @returns the error with which the request must be rejected: its arguments cannot be cloned; the window is as before
   */
  stage(request: Request): Error | undefined {
    const window = this.#window;
    const ledger = this.#inFlight;
    const outbox = this.#sender;
    const position = ledger.tail;
    const slot = window.requestSlot(position);
    const { memory } = window;
    // The check of a fresh thread has no caller who waits, and counts as settled from the beginning.
    const { isSettled } = request;
    outbox.introduce(request.task, ledger);
    const { arena } = outbox;
    arena.begin();
    let kind = needsMessage(request) ? -1 : writeValues(memory, slot, request.args, outbox);
    let { bytes } = arena;
    if (kind < 0) {
      arena.begin();
      const error = this.#sendArguments(request);
      if (error !== undefined) return error;
      kind = flags.byMessage;
      bytes = outbox.sentBytes;
    }
    if (request.extras?.onYield !== undefined) kind |= flags.streams;
    if (request.isSettled !== isSettled) {
      // A getter in its arguments has aborted it.
      if ((kind & flags.byMessage) !== 0) outbox.drop(new Map([[outbox.sending, bytes]]));
      outbox.over(request);
      return undefined;
    }
    memory.i32[slot] = request.id;
    memory.i32[slot + 1] = request.task.id;
    memory.i32[slot + 2] = kind;
    memory.i32[slot + 3] = outbox.sending;
    // Getters in the arguments are the caller's code: they may have had a request withdrawn from this window.
    if (ledger.tail !== position) window.copyRequest(position, ledger.tail);
    ledger.enter(request, bytes, arena.end);
    this.#staged++;
    return undefined;
  }

  /** What is transferred is not sent to a thread that is ending: it never starts the request, and so its death gives that back whole. */
  #sendArguments(request: Request): Error | undefined {
    const transfer = request.extras?.transfer;
    if (transfer === undefined || transfer.length === 0) return this.#sender.sendArguments(request);
    if (!this.#window.handover.give()) return undefined;
    try {
      return this.#sender.sendArguments(request);
    } finally {
      this.#window.handover.given();
    }
  }

  /** Posts what has been staged. Returns true if it takes a message to wake the thread. O(1). */
  post(): boolean {
    if (this.#staged === 0) return false;
    this.#window.post(this.#staged);
    this.#staged = 0;
    return this.#window.ring();
  }

  /**
   * Takes back up to n of the last unstarted requests, the oldest first. Passes over those that must stay here; see `isReclaimable`. O(window),
   * and O(1) where there is none to be found for the sake of balance, which is asked for at each pass while a worker idles.
   */
  reclaim(n: number, why: ReclaimReason): Request[] {
    if (why === 'balance' && !this.#hasMovable()) return [];
    const unstarted = this.#window.unstarted();
    let movable = 0;
    let reach = 0;
    for (let i = 1; i <= unstarted && movable < n; i++) {
      if (!isReclaimable(this.#inFlight.at(advance(this.#inFlight.tail, -i)), why)) continue;
      movable++;
      reach = i;
    }
    return reach === 0 ? [] : this.#takeOut(reach, (request) => isReclaimable(request, why));
  }

  /** Whether one of the unstarted requests may run elsewhere. */
  #hasMovable(): boolean {
    const ledger = this.#inFlight;
    let { movable } = ledger;
    const head = this.#window.head();
    // All but one of the started ones are completed, and mostly taken.
    for (let p = ledger.done; p !== head && movable > 0; p = advance(p, 1)) {
      if (isReclaimable(ledger.at(p), 'balance')) movable--;
    }
    return movable > 0;
  }

  /**
   * Takes one unstarted request out, wherever in the window. The ones behind it keep their order.
   * @returns false: it has been started, or is not here
   */
  withdraw(request: Request): boolean {
    const unstarted = this.#window.unstarted();
    for (let n = 1; n <= unstarted; n++) {
      if (this.#inFlight.at(advance(this.#inFlight.tail, -n)) !== request) continue;
      return this.#takeOut(n, (other) => other === request).length > 0;
    }
    return false;
  }

  /** Takes back all that is unstarted, also what could not run elsewhere. `putBack` undoes it. */
  takeAll(): Request[] {
    return this.#takeBack(this.#window.unstarted());
  }

  /** Puts back what `takeAll` has just given. */
  putBack(requests: readonly Request[]): void {
    for (const request of requests) this.#restage(request, this.#inFlight.tail);
  }

  /** After death: takes out all that is left. */
  takeRemains(): Remains {
    const ledger = this.#inFlight;
    const claimed = ledger.done === this.#window.head() ? undefined : ledger.done;
    const unstarted = this.#takeBack(distance(this.#window.head(), ledger.tail));
    if (claimed === undefined) return { running: undefined, unstarted, reading: undefined };
    const request = ledger.leave();
    const sending = this.#window.status.reading();
    if (sending === undefined) return { running: request, unstarted, reading: undefined };
    // Its own arguments, or those of one that was taken back, which lay before them.
    const reading = this.#sendingAt(claimed) === sending ? request : undefined;
    return { running: undefined, unstarted: [request, ...unstarted], reading };
  }

  /** Takes back the last n and returns those that are wanted, the oldest first; the others stay, in order. */
  #takeOut(n: number, isWanted: (request: Request) => boolean): Request[] {
    const taken = this.#takeBack(n);
    const first = this.#inFlight.tail;
    const wanted: Request[] = [];
    const dropped = new Map<number, number>();
    for (const [i, request] of taken.entries()) {
      const from = advance(first, i);
      if (isWanted(request)) {
        wanted.push(request);
        const sending = this.#sendingAt(from);
        if (sending !== undefined) dropped.set(sending, this.#inFlight.bytesAt(from));
        this.#sender.over(request);
      } else this.#restage(request, from);
    }
    this.#sender.drop(dropped);
    return wanted;
  }

  /** Takes back up to n of the last ones, the oldest first; the thread may have started some of them meanwhile. */
  #takeBack(n: number): Request[] {
    const got = this.#window.reclaim(n);
    const taken: Request[] = [];
    for (let i = 0; i < got; i++) taken.push(this.#inFlight.removeLast());
    return taken.reverse();
  }

  /**
   * Puts a request back into this window, as it was: what it has by message is still in the thread, and the caller may have
   * changed its arguments meanwhile.
   * @param from where it was, not before the tail
   */
  #restage(request: Request, from: number): void {
    const bytes = this.#inFlight.bytesAt(from);
    const end = this.#inFlight.endAt(from);
    this.#window.copyRequest(from, this.#inFlight.tail);
    this.#inFlight.enter(request, bytes, end);
    this.#staged++;
  }

  /** Number of the message with the arguments of the request in a slot, if there is one. */
  #sendingAt(position: number): number | undefined {
    const slot = this.#window.requestSlot(position);
    const { i32 } = this.#window.memory;
    return ((i32[slot + 2] as number) & flags.byMessage) === 0 ? undefined : i32[slot + 3];
  }
}

function needsMessage(request: Request): boolean {
  const { extras } = request;
  return extras !== undefined && (extras.transfer !== undefined || extras.context !== undefined);
}
