/**
 * The window of one worker: its requests in shared memory, sent but not yet completed. Used by both sides.
 *
 *      positions (modulo 65,536):     done        head            tail
 *        … completed, results read │  claimed  │  sent, unstarted │  free …
 *                                  │           └ worker claims    └ main thread posts, reclaims
 *                                  └ main thread reads completions
 *
 * `head` and `tail` are packed into one 32-bit word (`WINDOW`, see `layout.ts`), and every change of it is one atomic operation. So a
 * request belongs to exactly one side at any time. `done` is known to the main thread alone.
 *
 * The protocol
 *
 *  Requests (main thread M, worker W):
 *   1. M fills the slots at tail, tail+1, … (they are its own), and sends by message what does not fit a slot: arguments through a
 *      port of their own, numbered in order.
 *   2. M posts: `tail + n` (compare-and-swap, since W moves head meanwhile).
 *   3. M rings: it reads `WORKER_STATE`. AWAKE: nothing. NAPPING: sets AWAKE, Atomics.notify. ASLEEP: sets AWAKE,
 *      sends a message. The swap decides, so one ring is sent at most.
 *   4. W claims: `head + 1` (compare-and-swap). Only after that it reads the slot, and only then it looks for what
 *      came by message, by the number that the slot carries (a request may be sent here twice). Positions are used again after a reclaim (tail goes t → t-n → t), so
 *      anything read before the claim may be stale.
 *   5. M reclaims: `tail - n` (compare-and-swap, never below head). The last n requests are M's own again. What W
 *      has of them by message is dropped by another message.
 *      W notes what it is reading (`READING`, `READ`): it reads arguments for a claimed request only, or else such as were dropped, while it
 *      runs nothing. So when it dies of what it reads, M knows whose that was, and that nothing was running.
 *
 *  Completions:
 *   6. W writes the completion slot at `COMPLETED` (a count), after it has sent by message what does not fit, and
 *      then publishes it: `COMPLETED + 1`. All this before the next claim: so when a thread dies, every request
 *      that it has claimed is either published or was running at its death, and at most one was.
 *   7. W wakes M only if M's bell says SLEEPING; the swap to LOOKING decides who of the workers sends the message.
 *      W may put the waking off for short tasks (`holding.ts`), `MOST_HOLD_MS` at most if all goes as it expects; it
 *      never does so when its window is empty, nor after a run longer than that. So once a run has lasted that long, M need not
 *      look for what W may hold back.
 *   8. M reads completions in order. The k-th completion belongs to the k-th claimed position, since a worker runs
 *      one request at a time. M's slots are free again after that, so `pending` = tail - done ≤ capacity holds, and
 *      the completion ring (of the same capacity) can never overflow.
 *
 *  What was transferred exists once, so it must be on one side also when the thread ends (by itself, that is, with its `exit` handlers run):
 *   9. M says that it gives (`GIVING` = 1), then reads `ENDING`. If that is 0, it sends, and says that it has given (`GIVING` = 0,
 *      Atomics.notify). Else it takes its word back in the same way and sends nothing: the slot may be posted all the same,
 *      since W claims no more, and the request comes back whole.
 *  10. W, ending: `ENDING` = 1, then it waits while `GIVING` is 1. So either M sees that it ends, or W waits until M has sent; and it
 *      waits for nothing else. Then it receives all that has arrived, and sends back what was transferred with requests that it has
 *      not started.
 *  11. M, told of the end, receives all that has come back before it looks at the window.
 *
 *  Sleep, both ways, is Dekker's: say that you sleep, then look once more, then sleep; the other side first
 *  publishes, then reads whether you sleep. Both in sequentially consistent atomics, so one of them sees the other.
 *
 *  Death of the thread: whatever it was doing, `WINDOW` and `COMPLETED` are consistent: M reads the completions
 *  [done, COMPLETED), fails the one request that is claimed but not completed, and takes [head, tail) back. A
 *  worker that died between its swap of M's bell and its message would leave M asleep: so M, told of any death,
 *  looks at all workers.
 */

import {
  BEATS,
  CANCELLED,
  COMPLETED,
  CONTROL_WORDS,
  ENDING,
  GIVING,
  HEAP,
  Memory,
  READ,
  READING,
  RUNNING,
  SLOT_WORDS,
  STARTED_AT,
  WINDOW,
  WORKER_STATE,
} from './layout.js';

/** Positions count modulo this. */
const POSITIONS = 0x10000;
const POSITION_MASK = POSITIONS - 1;

/** How long an ending thread waits for what is just being sent to it, in ms: getters in it are the caller's code. */
const MOST_GIVING_MS = 1_000;

/** What the worker does when its window is empty. */
export const workerStates = { awake: 0, napping: 1, asleep: 2 } as const;

/** Whether the main thread looks at the windows anyway, or wants a message. */
export const bellStates = { looking: 0, sleeping: 1 } as const;

/** Positions start just below the wrap, so that every program passes it early and none meets it first in production. */
export const FIRST_POSITION = POSITIONS - 96;

/** The largest capacity: half of the positions, so that full and empty differ by far. */
export const MAX_CAPACITY = 16_384;

/** One window, seen from either side. Methods say whose they are. */
export class Window {
  readonly memory: Memory;
  readonly capacity: number;
  readonly #words: Int32Array;
  readonly #bell: Int32Array;
  readonly #mask: number;

  /**
   * @param shared memory of `windowBytes(capacity)`
   * @param bell one word, shared by all windows of a Balancer: whether its main thread looks or sleeps
   * @param capacity a power of two, at most `MAX_CAPACITY`
   */
  constructor(shared: SharedArrayBuffer, bell: SharedArrayBuffer, capacity: number) {
    this.memory = new Memory(shared);
    this.capacity = capacity;
    this.#words = this.memory.i32;
    this.#bell = new Int32Array(bell);
    this.#mask = capacity - 1;
  }

  /** M, once, before the worker sees the memory. */
  reset(position = FIRST_POSITION): void {
    Atomics.store(this.#words, WINDOW, (position << 16) | position);
    Atomics.store(this.#words, COMPLETED, position);
  }

  /** Word index of the request slot at a position. Its header is 4 words: id, task, kind, number of its message. */
  requestSlot(position: number): number {
    return CONTROL_WORDS + (position & this.#mask) * SLOT_WORDS;
  }

  /** Word index of the completion slot at a position. Its header is 4 words: id, kind, run time (float32 ms), and if messages were sent on the way, how many so far, else 0. */
  completionSlot(position: number): number {
    return CONTROL_WORDS + (this.capacity + (position & this.#mask)) * SLOT_WORDS;
  }

  /** M: copies the request slot at one position to another; both must be its own. */
  copyRequest(from: number, to: number): void {
    const start = this.requestSlot(from);
    this.#words.copyWithin(this.requestSlot(to), start, start + SLOT_WORDS);
  }

  /** M: publishes n filled slots. O(1). */
  post(n: number): void {
    const words = this.#words;
    for (;;) {
      const word = Atomics.load(words, WINDOW);
      const tail = ((word >>> 16) + n) & POSITION_MASK;
      if (Atomics.compareExchange(words, WINDOW, word, (tail << 16) | (word & POSITION_MASK)) === word)
        return;
    }
  }

  /** W: takes the next request. Returns its position, or -1: the window is empty. O(1). */
  claim(): number {
    const words = this.#words;
    for (;;) {
      const word = Atomics.load(words, WINDOW);
      const head = word & POSITION_MASK;
      if (head === word >>> 16) return -1;
      const claimed = (word & ~POSITION_MASK) | ((head + 1) & POSITION_MASK);
      if (Atomics.compareExchange(words, WINDOW, word, claimed) === word) return head;
    }
  }

  /** M: takes back up to n of the last unstarted requests. Returns how many it got. O(1). */
  reclaim(n: number): number {
    const words = this.#words;
    for (;;) {
      const word = Atomics.load(words, WINDOW);
      const tail = word >>> 16;
      const got = Math.min(n, (tail - word) & POSITION_MASK);
      if (got <= 0) return 0;
      const rest = (((tail - got) & POSITION_MASK) << 16) | (word & POSITION_MASK);
      if (Atomics.compareExchange(words, WINDOW, word, rest) === word) return got;
    }
  }

  /** Either: position of the next request to be claimed. */
  head(): number {
    return Atomics.load(this.#words, WINDOW) & POSITION_MASK;
  }

  /** Either: position after the last request sent. */
  tail(): number {
    return Atomics.load(this.#words, WINDOW) >>> 16;
  }

  /** Either: how many requests are sent and unstarted. */
  unstarted(): number {
    const word = Atomics.load(this.#words, WINDOW);
    return ((word >>> 16) - word) & POSITION_MASK;
  }

  /** W: publishes the completion slot at `position`. */
  complete(position: number): void {
    Atomics.store(this.#words, COMPLETED, (position + 1) & POSITION_MASK);
  }

  /** M: position after the last completion published. */
  completed(): number {
    return Atomics.load(this.#words, COMPLETED);
  }

  /** M, after `post`: wakes the worker if it does not look. Returns true if it takes a message to wake it. */
  ring(): boolean {
    const words = this.#words;
    const state = Atomics.load(words, WORKER_STATE);
    if (state === workerStates.awake) return false;
    // W itself goes from napping to asleep, so the state that was read may be gone: then the exchange tells.
    const was = Atomics.exchange(words, WORKER_STATE, workerStates.awake);
    if (was === workerStates.napping) Atomics.notify(words, WORKER_STATE, 1);
    return was === workerStates.asleep;
  }

  /** W: sleeps in place for at most `ms`. Returns false when that time went by without a ring. */
  nap(ms: number): boolean {
    const words = this.#words;
    Atomics.store(words, WORKER_STATE, workerStates.napping);
    if (this.unstarted() === 0) Atomics.wait(words, WORKER_STATE, workerStates.napping, ms);
    return (
      Atomics.exchange(words, WORKER_STATE, workerStates.awake) === workerStates.awake || this.unstarted() > 0
    );
  }

  /** W: says that it goes to sleep in its event loop. Returns false when it must not, since there is work. */
  sleep(): boolean {
    const words = this.#words;
    Atomics.store(words, WORKER_STATE, workerStates.asleep);
    if (this.unstarted() === 0) return true;
    // A ring may have come between the two: then its message is on the way, and finds an awake worker. That is harmless.
    Atomics.store(words, WORKER_STATE, workerStates.awake);
    return false;
  }

  /** W: a message has woken it. */
  wakeUp(): void {
    Atomics.store(this.#words, WORKER_STATE, workerStates.awake);
  }

  /** W: whether the main thread sleeps. */
  mainSleeps(): boolean {
    return Atomics.load(this.#bell, 0) === bellStates.sleeping;
  }

  /** W: true for the one worker that is to send the waking message. */
  wakeMain(): boolean {
    return (
      Atomics.compareExchange(this.#bell, 0, bellStates.sleeping, bellStates.looking) === bellStates.sleeping
    );
  }

  /** W: notes what it runs and since when (ms, `performance.now() + CLOCK_OFFSET`). */
  noteStart(id: number, at: number): void {
    this.memory.f64[STARTED_AT] = at;
    // Whoever sees this sees the time, too.
    Atomics.store(this.#words, RUNNING, id);
  }

  /** W: shows that it lives. */
  beat(): void {
    this.#words[BEATS] = (this.#words[BEATS] as number) + 1;
  }

  /** W: notes the size of its heap, in bytes. */
  noteHeap(bytes: number): void {
    // Not by a shift: it would take the bytes modulo 4 GiB.
    this.#words[HEAP] = Math.floor(bytes / 1024);
  }

  /** W: it is about to read the arguments of that number. */
  noteReading(sending: number): void {
    this.#words[READING] = sending;
  }

  /** W: it has read all arguments up to that number. */
  noteRead(sending: number): void {
    this.#words[READ] = sending;
    this.#words[READING] = sending;
  }

  /** M: the number of the last arguments that the worker has read. */
  read(): number {
    return Atomics.load(this.#words, READ);
  }

  /** M, after death: the number of the arguments that it died of while it read them; `undefined`: it read none. */
  reading(): number | undefined {
    const reading = Atomics.load(this.#words, READING);
    return reading === this.read() ? undefined : reading;
  }

  /** M: the size of the worker's heap when it last noted it, in bytes, to within 1 KiB. */
  heap(): number {
    return Atomics.load(this.#words, HEAP) * 1024;
  }

  /** M: a count that changes while the worker lives. */
  beats(): number {
    return Atomics.load(this.#words, BEATS);
  }

  /** M: since when the request has been running (as `noteStart`), or 0: it is not what runs now. */
  startOf(id: number): number {
    if (Atomics.load(this.#words, RUNNING) !== id) return 0;
    return this.memory.f64[STARTED_AT] as number;
  }

  /** M: asks the running task to stop; the task sees it without a turn of its event loop. */
  cancel(id: number): void {
    Atomics.store(this.#words, CANCELLED, id);
  }

  /**
   * M: says that it sends something that exists once only; `given` must follow. Either this sees that the thread is ending, or the
   * thread, in `takeLast`, sees that there is something to wait for: each writes its own word before it reads the other's.
   * @returns false: the thread is ending and would not take it; then `given` must not follow
   */
  give(): boolean {
    const words = this.#words;
    Atomics.store(words, GIVING, 1);
    if (Atomics.load(words, ENDING) === 0) return true;
    // The thread may have seen the word just now, and wait for it.
    this.given();
    return false;
  }

  /** M: it is sent. */
  given(): void {
    Atomics.store(this.#words, GIVING, 0);
    Atomics.notify(this.#words, GIVING, 1);
  }

  /**
   * W, while it ends: from now on nothing is given to it.
   * @returns whether all that was given has arrived; false: the time has run out
   */
  takeLast(): boolean {
    Atomics.store(this.#words, ENDING, 1);
    return Atomics.wait(this.#words, GIVING, 1, MOST_GIVING_MS) !== 'timed-out';
  }

  /** W: whether the main thread has asked the request to stop. */
  isCancelled(id: number): boolean {
    return Atomics.load(this.#words, CANCELLED) === id;
  }
}

/** Distance from a to b, walking upwards through the wrap. */
export function distance(a: number, b: number): number {
  return (b - a) & POSITION_MASK;
}

/** Whether one message was sent before another; their numbers wrap at 32 bits. */
export function isBehind(a: number, b: number): boolean {
  return ((b - a) | 0) > 0;
}

/** The position n after p (or before it, for a negative n). */
export function advance(p: number, n: number): number {
  return (p + n) & POSITION_MASK;
}
