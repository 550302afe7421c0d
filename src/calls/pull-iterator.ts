/**
 * An async iterator whose values arrive on their own: calls of `next` wait for them, and are served in order.
 */
import { errorOfIteration, rethrowOn } from '../errors/async-stack.js';
import { BalancerClosedError } from '../errors/errors.js';
import { performance } from '../protocol/clock.js';
import { clearTimeout, setImmediate, setTimeout } from '../protocol/timers.js';
import type { Loop, OpenLoops } from './open-loops.js';

export type Step = IteratorResult<unknown, undefined>;
const DONE: Step = { done: true, value: undefined };
/** No value is there. */
export const NOTHING: unique symbol = Symbol('nothing');

/**
 * Values that are there are given for this long without a turn of the event loop, in ms; the clock is read
 * once in so many.
 */
const MOST_TURN_MS = 2;
const VALUES_PER_LOOK = 16;

/**
 * How long an error waits for the clean-up before it is thrown, in ms. A source whose `return()` never ends must
 * not hide it.
 */
const MOST_CLEANUP_MS = 1_000;

type Waiter = (step: Step | Promise<never>) => void;

export abstract class PullIterator implements AsyncIterableIterator<unknown, undefined>, Loop {
  #state: 'new' | 'running' | 'ended' = 'new';
  /** Pending calls of `next`, the oldest first. */
  readonly #waiting: Waiter[] = [];
  /** An error that no call of `next` has been given yet. */
  #failure: { readonly error: unknown } | undefined;
  readonly #loops: OpenLoops;
  /** Values that may be given before the clock is read again. */
  #untilLook = VALUES_PER_LOOK;
  /** When the clock was first read in this turn of the event loop; 0: not yet. */
  #turnSince = 0;
  /** The event loop takes a turn before the next value is given. */
  #isResting = false;
  /** Tells the caller of the end; set while that waits for the clean-up. */
  #finish: (() => void) | undefined;
  /** Resolves the calls of `return` that wait for the clean-up. */
  readonly #leaving: (() => void)[] = [];
  /** Set from the first `next` until the caller has been told of the end. */
  #entry: WeakRef<Loop> | undefined;

  /** @param loops where it counts while it is open */
  constructor(loops: OpenLoops) {
    this.#loops = loops;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Step> {
    if (this.#state === 'new') {
      this.#state = 'running';
      this.#entry = this.#loops.enter(this);
      this.begin();
    }
    // Measured: a loop over values that are there takes half the time without a promise that waits.
    if (this.#waiting.length === 0 && this.#state === 'running' && !this.#isTurnDue()) {
      const value = this.poll();
      // Measured: of an object that is made elsewhere V8 would look up its `then`, which costs as much as the promise.
      if (value !== NOTHING) return Promise.resolve({ done: false, value });
    }
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      this.#told();
      return rethrowOn(error);
    }
    if (this.#state === 'ended') {
      this.#told();
      return Promise.resolve(DONE);
    }
    return this.#wait();
  }

  /** Apart from `next`: a function with a closure in it makes an object for that at each call. */
  #wait(): Promise<Step> {
    const step = new Promise<Step>((resolve) => {
      this.#waiting.push(resolve);
    });
    this.serve();
    return step;
  }

  async return(): Promise<Step> {
    const left = this.leave();
    this.#failure = undefined;
    const hurried = new Promise<void>((resolve) => this.#leaving.push(resolve));
    await Promise.race([left, hurried]);
    this.#leaving.length = 0;
    this.#told();
    return DONE;
  }

  async throw(error: unknown): Promise<Step> {
    await this.return();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  abstract shut(): void;

  closed(): void {}

  cut(): void {
    this.endNow({ error: errorOfIteration(() => new BalancerClosedError()) });
  }

  /** Called by the first `next`: like a generator, nothing is opened or listened to before. */
  protected abstract begin(): void;

  /** Takes the value that can be given at once, or gives `NOTHING`. Called only while no `next` waits. */
  protected poll(): unknown {
    return NOTHING;
  }

  /** Called by each `next`: gives the values that have arrived. */
  protected abstract serve(): void;

  /** Called when the caller wants no more values. Resolves when everything is cleaned up. */
  protected abstract leave(): Promise<void>;

  protected get state(): 'new' | 'running' | 'ended' {
    return this.#state;
  }

  /** Whether a call of `next` waits. */
  protected get isAwaited(): boolean {
    return this.#waiting.length > 0 && !this.#isResting;
  }

  /** Resolves the oldest waiting `next`. */
  protected give(value: unknown): void {
    this.#waiting.shift()?.({ done: false, value });
  }

  /**
   * Called once, at the end: cleans up. The oldest waiting `next` also waits for the promise that is
   * returned.
   */
  protected clear(): Promise<unknown> | undefined {
    return undefined;
  }

  /**
   * Ends the iteration. Does nothing the second time.
   * @param failure the error to be thrown by the oldest waiting `next`, or by the following one where none
   *   waits. It waits for the clean-up for a second at most
   */
  protected end(failure?: { readonly error: unknown }): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    const cleared = this.clear();
    const [first, ...others] = this.#waiting.splice(0);
    if (first === undefined) {
      this.#failure = failure;
      return;
    }
    let patience: NodeJS.Timeout | undefined;
    this.#finish = (): void => {
      this.#finish = undefined;
      clearTimeout(patience);
      first(failure === undefined ? DONE : rethrowOn(failure.error));
      for (const waiter of others) waiter(DONE);
      this.#told();
    };
    const finish = (): void => this.#finish?.();
    // An error of the clean-up must not hide the one that ended the iteration.
    if (cleared === undefined) {
      finish();
      return;
    }
    cleared.then(finish, finish);
    // It keeps the process alive: perhaps nothing else does, and the error would never be told.
    if (failure !== undefined) patience = setTimeout(finish, MOST_CLEANUP_MS);
  }

  /** Ends the iteration without waiting for the clean-up, which may take forever; also where it has begun. */
  protected endNow(failure: { readonly error: unknown }): void {
    this.end(failure);
    this.hurry();
  }

  /** Tells the caller of an end, or of its own, that waits for the clean-up. */
  protected hurry(): void {
    this.#finish?.();
    for (const resolve of this.#leaving) resolve();
  }

  /**
   * Whether the event loop must take a turn before a value is given. A loop over values that are there runs
   * in microtasks alone: timers and I/O of the program would wait until all of them are taken.
   */
  #isTurnDue(): boolean {
    if (--this.#untilLook > 0) return false;
    this.#untilLook = VALUES_PER_LOOK;
    const now = performance.now();
    if (this.#turnSince === 0) {
      this.#turnSince = now;
      setImmediate(this.#onTurn);
      return false;
    }
    if (now - this.#turnSince < MOST_TURN_MS) return false;
    this.#isResting = true;
    return true;
  }

  readonly #onTurn = (): void => {
    this.#turnSince = 0;
    if (!this.#isResting) return;
    this.#isResting = false;
    if (this.#state === 'running') this.serve();
  };

  #told(): void {
    if (this.#entry !== undefined) this.#loops.leave(this.#entry);
    this.#entry = undefined;
  }
}
