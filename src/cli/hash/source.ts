import { setImmediate } from 'node:timers/promises';

/** How many are looked at in one turn of the event loop. */
const LOOKS = 16;

/** An async source from which several take, each what the others have not, and of which the beginning can be looked at first. */
export class SharedSource<T> {
  readonly #source: AsyncIterator<T>;
  readonly #ahead: T[] = [];
  #isEnded = false;
  #given = 0;
  /** One at a time asks the source: who is told of its end must find here what others have looked at before. */
  #asking: Promise<unknown> = Promise.resolve();
  #end: () => void = () => {};
  /** Resolves when the source has no more; some of it may not have been taken yet. */
  readonly ended = new Promise<void>((resolve) => {
    this.#end = resolve;
  });

  constructor(source: AsyncIterable<T>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** All of it has been taken. */
  get isEmpty(): boolean {
    return this.#isEnded && this.#ahead.length === 0;
  }

  /** Whether it has that many, or takes longer than `ms` to say so. What is taken meanwhile counts as well. */
  async lookAhead(count: number, ms: number): Promise<boolean> {
    const latest = performance.now() + ms;
    for (let looks = 1; this.#given < count && performance.now() < latest; looks++) {
      if (!(await this.#inTurn(() => this.#look()))) return false;
      if (looks % LOOKS === 0) await setImmediate();
    }
    return true;
  }

  /** The next one; `undefined` at the end. */
  async take(): Promise<T | undefined> {
    return this.#ahead.shift() ?? this.#inTurn(async () => this.#ahead.shift() ?? this.#next());
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (let next = await this.take(); next !== undefined; next = await this.take()) yield next;
  }

  #inTurn<R>(ask: () => Promise<R>): Promise<R> {
    const asked = this.#asking.then(ask);
    this.#asking = asked.catch(() => {});
    return asked;
  }

  async #look(): Promise<boolean> {
    const next = await this.#next();
    if (next === undefined) return false;
    this.#ahead.push(next);
    return true;
  }

  async #next(): Promise<T | undefined> {
    const next = await this.#source.next();
    if (!next.done) {
      this.#given++;
      return next.value;
    }
    this.#isEnded = true;
    this.#end();
    return undefined;
  }
}
