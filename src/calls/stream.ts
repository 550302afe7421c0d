/** `stream`: the values of a generator task, one by one, with backpressure and early return. */
import { FIRST_CREDIT } from '../protocol/messages.js';
import type { OpenLoops } from './open-loops.js';
import { PullIterator } from './pull-iterator.js';

/** Credit is given in portions of this many values, so that not every value costs a message. */
const PORTION = FIRST_CREDIT / 2;

/** The running stream, as the Balancer provides it. */
export interface StreamSource {
  /** Starts it. Resolves when the generator has ended; rejects with what it threw. */
  start(onYield: (value: unknown) => void): Promise<unknown>;
  /** Allows the task to send that many more values. */
  credit(values: number): void;
  /** Ends the generator early. Resolves when it has ended. */
  stop(): Promise<void>;
}

/** See `Balancer.stream`. Like a generator, nothing runs before the first `next`. */
export class StreamIterator extends PullIterator implements AsyncGenerator<unknown, void, undefined> {
  readonly #source: StreamSource;
  readonly #values: unknown[] = [];
  #taken = 0;
  /**
   * Set when the generator has ended; the caller may not have taken its last values. `failure`: it has
   * thrown.
   */
  #over: { readonly failure: { readonly error: unknown } | undefined } | undefined;

  constructor(source: StreamSource, loops: OpenLoops) {
    super(loops);
    this.#source = source;
  }

  protected override begin(): void {
    this.#source
      .start((value) => this.#received(value))
      .then(
        () => this.#ended(undefined),
        (error) => this.#ended({ error }),
      );
  }

  protected override serve(): void {
    while (this.isAwaited) {
      if (this.#values.length > 0) this.give(this.#take());
      else if (this.#over !== undefined) this.end(this.#over.failure);
      else return;
    }
  }

  protected override async leave(): Promise<void> {
    const wasRunning = this.state === 'running';
    this.#values.length = 0;
    this.end();
    if (wasRunning) await this.#source.stop();
  }

  /**
   * Its request has settled: the caller takes the values that are there, and is told of the end by itself.
   */
  override shut(): void {}

  #received(value: unknown): void {
    if (this.state === 'ended' || this.#over !== undefined) return;
    this.#values.push(value);
    this.serve();
  }

  #take(): unknown {
    this.#taken++;
    if (this.#taken % PORTION === 0 && this.#over === undefined) this.#source.credit(PORTION);
    return this.#values.shift();
  }

  #ended(failure: { readonly error: unknown } | undefined): void {
    this.#over = { failure };
    this.serve();
  }
}
