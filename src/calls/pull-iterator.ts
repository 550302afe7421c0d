/** An async iterator whose values come by themselves: whoever calls `next` waits for them. */
import { rethrowOn } from '../errors/async-stack.js';

export type Step = IteratorResult<unknown, undefined>;
const DONE: Step = { done: true, value: undefined };

type Waiter = (step: Step | Promise<never>) => void;

export abstract class PullIterator implements AsyncIterableIterator<unknown, undefined> {
  #state: 'new' | 'running' | 'ended' = 'new';
  /** Who waits in `next`, the first to come first. */
  readonly #waiting: Waiter[] = [];
  /** An error that no `next` has got yet. */
  #failure: { readonly error: unknown } | undefined;

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Step> {
    if (this.#state === 'new') {
      this.#state = 'running';
      this.begin();
    }
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      return rethrowOn(error);
    }
    if (this.#state === 'ended') return Promise.resolve(DONE);
    const step = new Promise<Step>((resolve) => {
      this.#waiting.push(resolve);
    });
    this.serve();
    return step;
  }

  async return(): Promise<Step> {
    const left = this.leave();
    this.#failure = undefined;
    await left;
    return DONE;
  }

  async throw(error: unknown): Promise<Step> {
    await this.return();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** The first `next` has come: nothing is opened, and nothing listened to, before it, as with any generator. */
  protected abstract begin(): void;

  /** Somebody waits: gives what there is. */
  protected abstract serve(): void;

  /** The caller wants no more: ends. Resolves when all is cleared away. */
  protected abstract leave(): Promise<void>;

  protected get state(): 'new' | 'running' | 'ended' {
    return this.#state;
  }

  /** Whether somebody waits. */
  protected get isAwaited(): boolean {
    return this.#waiting.length > 0;
  }

  /** Gives the value to the first who waits. */
  protected give(value: unknown): void {
    this.#waiting.shift()?.({ done: false, value });
  }

  /** It has ended: clears away. Returns what the first who waits has to wait for besides. */
  protected clear(): Promise<unknown> | undefined {
    return undefined;
  }

  /**
   * There are no more values. Does nothing the second time.
   * @param failure the reason: thrown in the first `next` that waits, or in the following one
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
    const settle = (): void => {
      first(failure === undefined ? DONE : rethrowOn(failure.error));
      for (const waiter of others) waiter(DONE);
    };
    // An error while clearing away does not hide the one that was the reason.
    if (cleared === undefined) settle();
    else cleared.then(settle, settle);
  }
}
