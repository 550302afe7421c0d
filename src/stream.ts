/** A generator task's values on the caller's side: taken one by one, with backpressure and early return. */
import { FIRST_CREDIT } from './protocol.js';
import { rethrowOn } from './rethrow.js';

/** Credit is given back in portions of this many values, so that not each of them costs a message. */
const PORTION = FIRST_CREDIT / 2;

/** The running stream, as the Balancer provides it. */
export interface StreamSource {
  /** Starts it. Resolves when the generator has ended; rejects with what it threw. */
  start(onYield: (value: unknown) => void): Promise<unknown>;
  /** Lets the task send that many values more. */
  credit(values: number): void;
  /** The caller wants no more. Resolves when the generator has ended. */
  stop(): Promise<void>;
}

type Step = IteratorResult<unknown, undefined>;
const DONE: Step = { done: true, value: undefined };

type Waiter = (step: Step | Promise<never>) => void;

/** Iterates a stream. Nothing runs before the first `next`, as with any generator. */
export class StreamReader implements AsyncGenerator<unknown, void, undefined> {
  readonly #source: StreamSource;
  readonly #values: unknown[] = [];
  readonly #waiters: Waiter[] = [];
  #state: 'new' | 'running' | 'ended' = 'new';
  /** Set when it has ended with an error that no `next` has got yet. */
  #failure: { readonly error: unknown } | undefined;
  #taken = 0;

  constructor(source: StreamSource) {
    this.#source = source;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Step> {
    if (this.#state === 'new') this.#start();
    if (this.#values.length > 0) return Promise.resolve({ done: false, value: this.#take() });
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      return rethrowOn(error);
    }
    if (this.#state === 'ended') return Promise.resolve(DONE);
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  async return(): Promise<Step> {
    const wasRunning = this.#state === 'running';
    this.#values.length = 0;
    this.#finish();
    if (wasRunning) await this.#source.stop();
    return DONE;
  }

  async throw(error: unknown): Promise<Step> {
    await this.return();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #start(): void {
    this.#state = 'running';
    this.#source
      .start((value) => this.#came(value))
      .then(
        () => this.#finish(),
        (error) => this.#failed(error),
      );
  }

  #came(value: unknown): void {
    if (this.#state === 'ended') return;
    const waiter = this.#waiters.shift();
    if (waiter === undefined) {
      this.#values.push(value);
      return;
    }
    this.#countTaken();
    waiter({ done: false, value });
  }

  #take(): unknown {
    this.#countTaken();
    return this.#values.shift();
  }

  #countTaken(): void {
    this.#taken++;
    if (this.#taken % PORTION === 0 && this.#state === 'running') this.#source.credit(PORTION);
  }

  #failed(error: unknown): void {
    if (this.#state === 'ended') return;
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#failure = { error };
    else waiter(rethrowOn(error));
    this.#finish();
  }

  #finish(): void {
    this.#state = 'ended';
    for (const waiter of this.#waiters.splice(0)) waiter(DONE);
  }
}
