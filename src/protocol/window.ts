/**
 * The window of one worker: its requests in shared memory, sent but not yet completed. Used by both sides.
 *
 *      positions (modulo 65,536):     done        head            tail
 *        … completed, results read │  claimed  │  sent, unstarted │  free …
 *                                  │           └ worker claims    └ main thread posts, reclaims
 *                                  └ main thread reads completions
 *
 * `head` and `tail` are packed into one 32-bit word (`WINDOW`, see `layout.ts`), and every change of it is
 * one atomic operation. `done` is known to the main thread alone. M is the main thread, W the worker.
 *
 * States
 *
 *   a request    free       M's: its slot is at or above tail
 *                unstarted  in [head, tail): W may claim it, M may take it back
 *                claimed    below head: W's. It runs, or waits for its module or a promise
 *                completed  below `COMPLETED`: M's again, with its result
 *   W            AWAKE      runs, or looks at the window
 *                NAPPING    blocked in Atomics.wait for a few ms
 *                ASLEEP     in its event loop: only a message wakes it
 *   M's bell     LOOKING    M reads the windows soon, without being told
 *                SLEEPING   M waits for a message
 *
 * Steps: requests
 *
 *   1. M fills the slots at tail, tail+1, … and sends by message what does not fit a slot: arguments through
 *      a port of their own, numbered in order.
 *   2. M posts: `tail + n`, by compare-and-swap, since W moves head meanwhile.
 *   3. M rings, if W does not look. It reads `WORKER_STATE`. AWAKE: nothing to do. NAPPING: sets AWAKE,
 *      Atomics.notify. ASLEEP: sets AWAKE, sends a message. W itself goes from NAPPING to ASLEEP meanwhile,
 *      so what the swap returns decides, not what was read; and one swap wins, so at most one ring is sent.
 *   4. W claims: `head + 1`, by compare-and-swap, since M moves tail meanwhile. W reads the slot only after
 *      that, and then looks for its message, by the number in the slot (one request may be sent here twice).
 *      Positions are used again after a reclaim (tail goes t → t-n → t), so anything read before the claim
 *      may be stale. A request whose queue time is over by then is completed and not run (`slot-times.ts`).
 *   5. M reclaims: `tail - n`, by compare-and-swap, never below head. The last n requests are M's again.
 *      Another message tells W to drop their arguments.
 *      W notes which arguments it reads (`READING`, `READ`), and reads only those of the request that it has
 *      claimed, or dropped ones while it runs nothing. So when W dies while reading, M knows whose arguments
 *      those were, and that nothing was running.
 *   6. W notes the id of a request whose function it has to load (`LOADING`), and exchanges that for 0 when
 *      it is loaded. M forbids the start, when its queue time is over, by a compare-and-swap of the id for its
 *      negative. W starts the request only if its exchange gave the id.
 *
 * Steps: completions
 *
 *   7. W sends by message what does not fit the completion slot, writes the slot at `COMPLETED`, then
 *      publishes it: `COMPLETED + 1`. All this before the next claim. The slot says whether W has counted its
 *      times (`tally.ts`).
 *   8. W wakes M only if M's bell says SLEEPING; of all workers, the one whose swap to LOOKING wins sends the
 *      message. W may defer that for short tasks (`coalescing.ts`), as a rule for `MAX_DEFER_MS` at most. It
 *      never does with an empty window, nor after a longer run; so once a run has lasted that long, M need
 *      not look for a deferred one.
 *   9. M reads completions in order. The k-th completion is that of the k-th claimed position, since a worker
 *      runs one request at a time. Only then does M use the slot again: pending = tail - done ≤ capacity.
 *
 * Steps: chunks. A chunk is one request that carries several items of a `map`; W runs them one by one
 *
 *  10. W notes the item (`ITEM`), then runs it, then publishes its outcome in the chunk's own memory
 *      (`values/outcomes.ts`), and only then goes on to the next. `ITEM` is 0 before the first and after the
 *      last one.
 *  11. M stops a chunk: it writes the chunk's id to `STOPPED`, then reads `ITEM`. W writes `ITEM` first and
 *      then reads `STOPPED`: a stopped chunk ends there, and is completed with fewer outcomes than items.
 *
 * Steps: results in memory beside the window
 *
 *  12. What does not fit the completion slot is copied by W, as bytes, into memory that M has given it for that;
 *      the slot says where. M copies it out when it reads the completion. W uses the memory again, as
 *      it does the slot, when it completes the request `capacity` positions later: by step 9 M has read the
 *      completion then.
 *
 * Why it is right
 *
 *   - One owner. Every transfer of a request is one swap of one word, so M and W cannot both win it.
 *   - No lost wake-up. Whoever goes to sleep says so, looks once more, then sleeps; the other side publishes
 *     first, then reads whether anyone sleeps (Dekker). All of it is sequentially consistent, so one of the
 *     two sees the other.
 *   - No overflow. By step 9 the completion ring, of the same capacity, always has room.
 *   - Any death is clean. `WINDOW` and `COMPLETED` are consistent at every instant. By step 7 at most one
 *     request is claimed and not completed: M reads the completions [done, COMPLETED), fails that one
 *     request, and takes [head, tail) back. A worker that dies between its swap of the bell and its message
 *     would leave M asleep; so M, told of any death, looks at all windows.
 *
 *   - A death in a chunk concerns one item. By step 10 every outcome that is published is complete, the noted
 *     item was running unless its outcome is there, and no later one has been started.
 *   - A stopped chunk starts nothing else. Each side writes its own word before it reads the other's: M sees
 *     the item that runs, or W sees that it must not start it.
 *
 * `test/model` explores these steps in every interleaving, and breaks each of them to see that it is found.
 */

import { FlowControl } from './flow-control.js';
import { Handover } from './handover.js';
import {
  beginAt,
  COMPLETED,
  CONTROL_WORDS,
  deadlines,
  Memory,
  runStarts,
  SLOT_WORDS,
  submitTimes,
  WINDOW,
  WORKER_STATE,
} from './layout.js';
import { Marks } from './marks.js';
import { FIRST_POSITION, POSITION_MASK } from './positions.js';
import { SlotTimes } from './slot-times.js';
import { ThreadStatus } from './thread-status.js';

/** What the worker does when its window is empty. */
export const workerStates = { awake: 0, napping: 1, asleep: 2 } as const;

/** Whether the main thread will look at the windows by itself, or waits for a message. */
export const bellStates = { looking: 0, sleeping: 1 } as const;

/** One window, seen from either side. Each method says whose it is: M, the main thread; W, the worker. */
export class Window {
  readonly memory: Memory;
  readonly capacity: number;
  readonly status: ThreadStatus;
  readonly flow: FlowControl;
  /** Of completions. */
  readonly runStarts: SlotTimes;
  /** Of requests whose kind says that they expire. */
  readonly deadlines: SlotTimes;
  /** Of requests whose kind says that they are to be counted. */
  readonly submitTimes: SlotTimes;
  /** What M asks W to stop. */
  readonly marks: Marks;
  /** For values that are transferred, which exist once. */
  readonly handover: Handover;
  readonly #bell: Int32Array;
  readonly #mask: number;

  /**
   * @param shared memory of `windowBytes(capacity)`
   * @param bell one word, shared by all windows of a Balancer: one of `bellStates`
   * @param capacity a power of two, at most `MAX_CAPACITY`
   */
  constructor(shared: SharedArrayBuffer, bell: SharedArrayBuffer, capacity: number) {
    this.memory = new Memory(shared);
    this.capacity = capacity;
    this.status = new ThreadStatus(this.memory);
    this.flow = new FlowControl(this.memory);
    this.marks = new Marks(this.memory);
    this.handover = new Handover(this.memory);
    this.#bell = new Int32Array(bell);
    this.#mask = capacity - 1;
    this.runStarts = new SlotTimes(this.memory, runStarts(capacity), capacity);
    this.deadlines = new SlotTimes(this.memory, deadlines(capacity), capacity);
    this.submitTimes = new SlotTimes(this.memory, submitTimes(capacity), capacity);
  }

  get #words(): Int32Array {
    return this.memory.i32;
  }

  /** M, once, before the worker sees the memory. */
  reset(position = FIRST_POSITION): void {
    beginAt(this.#words, position);
  }

  /**
   * Word index of the request slot at a position. Its header is 4 words: id, task, kind, number of its
   * message.
   */
  requestSlot(position: number): number {
    return CONTROL_WORDS + (position & this.#mask) * SLOT_WORDS;
  }

  /**
   * Word index of the completion slot at a position. Its header is 4 words: id, kind, run time (float32, in
   * ms), and how many messages W had sent by then: so M knows whose a message is, by its number.
   */
  completionSlot(position: number): number {
    return CONTROL_WORDS + (this.capacity + (position & this.#mask)) * SLOT_WORDS;
  }

  /** M: copies the request slot at one position to another; both must be its own. */
  copyRequest(from: number, to: number): void {
    const start = this.requestSlot(from);
    this.#words.copyWithin(this.requestSlot(to), start, start + SLOT_WORDS);
    this.deadlines.set(to, this.deadlines.at(from));
    this.submitTimes.set(to, this.submitTimes.at(from));
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

  /** Either: how many requests are unstarted. */
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

  /**
   * M, after `post`: wakes W if it does not look. Returns true if that takes a message, which M must send.
   */
  ring(): boolean {
    const words = this.#words;
    const state = Atomics.load(words, WORKER_STATE);
    if (state === workerStates.awake) return false;
    // W may have gone from napping to asleep since; the exchange returns the state that counts.
    const was = Atomics.exchange(words, WORKER_STATE, workerStates.awake);
    if (was === workerStates.napping) Atomics.notify(words, WORKER_STATE, 1);
    return was === workerStates.asleep;
  }

  /** W: blocks for at most `ms`. Returns false if that time went by without a ring. */
  nap(ms: number): boolean {
    const words = this.#words;
    Atomics.store(words, WORKER_STATE, workerStates.napping);
    if (this.unstarted() === 0) Atomics.wait(words, WORKER_STATE, workerStates.napping, ms);
    return (
      Atomics.exchange(words, WORKER_STATE, workerStates.awake) === workerStates.awake || this.unstarted() > 0
    );
  }

  /** W: says that it goes to sleep in its event loop. Returns false if it must not, since there is work. */
  sleep(): boolean {
    const words = this.#words;
    Atomics.store(words, WORKER_STATE, workerStates.asleep);
    if (this.unstarted() === 0) return true;
    // M may have rung in between. Then its message is on the way and finds W awake, which is harmless.
    Atomics.store(words, WORKER_STATE, workerStates.awake);
    return false;
  }

  /** W: a message has woken it. */
  wakeUp(): void {
    Atomics.store(this.#words, WORKER_STATE, workerStates.awake);
  }

  /** W: whether M sleeps. */
  mainSleeps(): boolean {
    return Atomics.load(this.#bell, 0) === bellStates.sleeping;
  }

  /** W: wakes M. Returns true for the one worker that must send the message. */
  wakeMain(): boolean {
    return (
      Atomics.compareExchange(this.#bell, 0, bellStates.sleeping, bellStates.looking) === bellStates.sleeping
    );
  }

  /**
   * M, when W has ended and everything is taken out: from now on this is a copy of the control words alone,
   * and another window may have the memory.
   */
  leaveMemory(): void {
    const copy = new SharedArrayBuffer(CONTROL_WORDS * 4);
    new Int32Array(copy).set(this.memory.i32.subarray(0, CONTROL_WORDS));
    this.memory.moveTo(copy);
  }
}
