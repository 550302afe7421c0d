/** Writes to a window: fills slots, posts them, takes unstarted requests back. */

import { CLOCK_OFFSET } from '../protocol/clock.js';
import { advance, distance } from '../protocol/positions.js';
import type { Window } from '../protocol/window.js';
import { isReclaimable, type ReclaimReason } from '../requests/reclaimable.js';
import type { Request } from '../requests/request.js';
import { flags } from '../values/slot-format.js';
import { writeStored, writeValues } from '../values/slot-writer.js';
import { writeTree } from '../values/tree-writer.js';
import type { InFlight } from './in-flight.js';
import { lessUrgent } from './less-urgent.js';
import type { Sender } from './sender.js';
import { mayBePlain, needsMessage, takeBuffers } from './travel.js';

/** Requests that a thread had not completed at its death. */
export interface Remains {
  readonly running: Request | undefined;
  /** The oldest first. */
  readonly unstarted: Request[];
  /** The one of `unstarted` whose arguments it was reading. */
  readonly reading: Request | undefined;
  /** The one of `unstarted` whose function it could not load for want of file descriptors. */
  readonly loading: Request | undefined;
  /** If `running` is a chunk: the item that was noted, or -1. */
  readonly item: number;
}

export class WindowWriter {
  readonly #window: Window;
  readonly #inFlight: InFlight;
  readonly #sender: Sender;
  /** Number of slots that are filled and not posted. */
  #staged = 0;
  /** The thread has claimed a request whose function it cannot load. */
  #isSpent = false;

  constructor(window: Window, inFlight: InFlight, sender: Sender) {
    this.#window = window;
    this.#inFlight = inFlight;
    this.#sender = sender;
  }

  /** The thread cannot load the function of what it has claimed: that goes to another. */
  claimedCannotStart(): void {
    this.#isSpent = true;
  }

  /** Requests sent and not started, or about to be sent. */
  get unstarted(): number {
    return this.#staged + this.#window.unstarted();
  }

  /** The first of them. */
  get next(): Request | undefined {
    const head = this.#window.head();
    return head === this.#inFlight.tail ? undefined : this.#inFlight.at(head);
  }

  /**
   * Fills the next free slot; `post` makes it visible. O(1).
   * @returns the error with which the request must be rejected: its arguments cannot be cloned; the window is
   * as before
   */
  stage(request: Request): Error | undefined {
    const window = this.#window;
    const inFlight = this.#inFlight;
    const sender = this.#sender;
    const position = inFlight.tail;
    const slot = window.requestSlot(position);
    const { memory } = window;
    // The start-up check has no promise, so `isSettled` is already true: compare with the earlier value.
    const { isSettled } = request;
    const { extras } = request;
    if (extras?.taken !== undefined) takeBuffers(request, extras, extras.taken);
    sender.introduce(request.task, inFlight);
    const { arena } = sender;
    arena.begin();
    const byMessage = needsMessage(request);
    let kind = byMessage ? -1 : writeValues(memory, slot, request.args, sender);
    const tree = kind < 0 && mayBePlain(request) ? writeTree(request.args) : undefined;
    if (tree !== undefined && !byMessage) {
      arena.begin();
      kind = writeStored(memory, slot, tree, arena);
    }
    let { bytes } = arena;
    if (kind < 0) {
      arena.begin();
      const error = this.#sendArguments(request, tree);
      if (error !== undefined) return error;
      kind = extras?.chunk === undefined ? flags.byMessage : flags.byMessage | flags.chunk;
      bytes = sender.sentBytes;
    }
    if (extras?.onYield !== undefined) kind |= flags.streams;
    if (extras !== undefined && extras.due > 0) {
      kind |= flags.expires;
      window.deadlines.set(position, extras.due);
    }
    const { queuedAt } = request;
    if (queuedAt !== undefined) {
      kind |= flags.timed;
      // `submitTimes.set`, which takes longer.
      memory.f64[window.submitTimes.from + (position & (window.capacity - 1))] = queuedAt + CLOCK_OFFSET;
    }
    if (request.isSettled !== isSettled) {
      // A getter in its arguments has aborted it.
      if ((kind & flags.byMessage) !== 0) sender.drop(new Map([[sender.sending, bytes]]));
      sender.over(request);
      return undefined;
    }
    memory.i32[slot] = request.id;
    memory.i32[slot + 1] = request.task.id;
    memory.i32[slot + 2] = kind;
    memory.i32[slot + 3] = sender.sending;
    // Getters in the arguments are the caller's code: one may have withdrawn a request from this window.
    if (inFlight.tail !== position) window.copyRequest(position, inFlight.tail);
    inFlight.enter(request, bytes, arena.end);
    this.#staged++;
    return undefined;
  }

  /**
   * Transferred arguments are not sent to an ending thread: it never starts the request, and its death gives
   * that back.
   */
  #sendArguments(request: Request, tree: Uint8Array | undefined): Error | undefined {
    const transfer = request.extras?.transfer;
    if (transfer === undefined || transfer.length === 0) return this.#sender.sendArguments(request, tree);
    if (!this.#window.handover.give()) return undefined;
    try {
      return this.#sender.sendArguments(request, tree);
    } finally {
      this.#window.handover.given();
    }
  }

  /** Posts what has been staged, and wakes the thread if it sleeps. O(1). */
  post(): void {
    if (this.#staged === 0) return;
    this.#window.post(this.#staged);
    this.#staged = 0;
    if (this.#window.ring()) this.#sender.ring();
  }

  /**
   * Takes back up to n of the last unstarted requests, the oldest first, except those that must stay here;
   * see `isReclaimable`. O(window). For balance, which is asked for at each pass while a worker idles, O(1)
   * if there is none.
   */
  reclaim(n: number, why: ReclaimReason): Request[] {
    this.post();
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

  /**
   * Takes back the unstarted requests that have a lower priority than this one, the oldest first, also those
   * that must run here, but none ahead of which its own session puts it. O(window), and O(1) if the window
   * has none.
   */
  reclaimBelow({ priority, extras }: Request): Request[] {
    const inFlight = this.#inFlight;
    if (inFlight.lowestPriority >= priority) return [];
    this.post();
    const unstarted: Request[] = [];
    for (let i = this.#window.unstarted(); i > 0; i--)
      unstarted.push(inFlight.at(advance(inFlight.tail, -i)) as Request);
    const session = extras?.session;
    if (session !== undefined && unstarted.some((other) => other.extras?.session === session)) return [];
    const leaving = lessUrgent(unstarted, priority);
    // Lower ones that stay have been started, or cannot leave.
    inFlight.lowestPriority = priority;
    const first = unstarted.findIndex((request) => leaving.has(request));
    return first < 0 ? [] : this.#takeOut(unstarted.length - first, (request) => leaving.has(request));
  }

  /** Whether one of the unstarted requests may run elsewhere. */
  #hasMovable(): boolean {
    const inFlight = this.#inFlight;
    let { movable } = inFlight;
    const head = this.#window.head();
    // All but one of the started requests are completed, and most of those have been read.
    for (let p = inFlight.done; p !== head && movable > 0; p = advance(p, 1)) {
      if (isReclaimable(inFlight.at(p), 'balance')) movable--;
    }
    return movable > 0;
  }

  /**
   * Takes one unstarted request out, wherever in the window. The ones behind it keep their order.
   * @returns false: it has been started, or is not here
   */
  withdraw(request: Request): boolean {
    this.post();
    const unstarted = this.#window.unstarted();
    for (let n = 1; n <= unstarted; n++) {
      if (this.#inFlight.at(advance(this.#inFlight.tail, -n)) !== request) continue;
      return this.#takeOut(n, (other) => other === request).length > 0;
    }
    return false;
  }

  /** Takes back all unstarted requests, also those that must run here. `putBack` undoes it. */
  takeAll(): Request[] {
    this.post();
    return this.#takeBack(this.#window.unstarted());
  }

  /** Puts back the requests that `takeAll` has just given. */
  putBack(requests: readonly Request[]): void {
    this.post();
    for (const request of requests) this.#restage(request, this.#inFlight.tail);
    this.post();
  }

  /** After death: takes all requests out. */
  takeRemains(): Remains {
    const none = { running: undefined, reading: undefined, loading: undefined };
    const inFlight = this.#inFlight;
    const item = this.#window.status.item();
    if (this.#window.completed() !== inFlight.done)
      throw new Error('completions of a dead thread have not been read');
    const claimed = inFlight.done === this.#window.head() ? undefined : inFlight.done;
    const unstarted = this.#takeBack(distance(this.#window.head(), inFlight.tail));
    if (claimed === undefined) return { ...none, unstarted, item };
    const request = inFlight.leave();
    if (this.#isSpent) return { ...none, unstarted: [request, ...unstarted], loading: request, item };
    const sending = this.#window.status.reading();
    if (sending === undefined) return { ...none, running: request, unstarted, item };
    // Its own arguments, or earlier ones in the port, of a request that was taken back.
    const reading = this.#sendingAt(claimed) === sending ? request : undefined;
    return { ...none, unstarted: [request, ...unstarted], reading, item };
  }

  /**
   * Takes back the last n requests and returns the wanted ones, the oldest first; the others stay, in order.
   */
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
    // The others.
    this.post();
    return wanted;
  }

  /**
   * Takes back up to n of the last requests, the oldest first; the thread may have started some of them
   * meanwhile.
   */
  #takeBack(n: number): Request[] {
    const got = this.#window.reclaim(n);
    const taken: Request[] = [];
    for (let i = 0; i < got; i++) taken.push(this.#inFlight.removeLast());
    return taken.reverse();
  }

  /**
   * Puts a request back into this window, with its slot as it was: arguments that went by message are still
   * in the thread, and the caller may have changed them since.
   * @param from its former position, not before the tail
   */
  #restage(request: Request, from: number): void {
    const bytes = this.#inFlight.bytesAt(from);
    const end = this.#inFlight.endAt(from);
    this.#window.copyRequest(from, this.#inFlight.tail);
    this.#inFlight.enter(request, bytes, end);
    this.#staged++;
  }

  /** Number of the message with the arguments of the request at a position, if there is one. */
  #sendingAt(position: number): number | undefined {
    const slot = this.#window.requestSlot(position);
    const { i32 } = this.#window.memory;
    return ((i32[slot + 2] as number) & flags.byMessage) === 0 ? undefined : i32[slot + 3];
  }
}
