import { setImmediate } from 'node:timers/promises';

/** How many items are looked at in one turn of the event loop. */
const LOOKS_PER_TURN = 16;

/**
 * An async source that several takers share; each item goes to one of them. Its beginning can be looked at
 * ahead.
 */
export class SharedSource<T> {
  readonly #source: AsyncIterator<T>;
  readonly #ahead: T[] = [];
  #isEnded = false;
  #given = 0;
  /**
   * Calls of the source run one after another: a taker that hears of the end must find all items looked at
   * before.
   */
  #asking: Promise<unknown> = Promise.resolve();
  #end: () => void = () => {};
  /** Resolves when the source has no more items; some may still wait to be taken. */
  readonly ended = new Promise<void>((resolve) => {
    this.#end = resolve;
  });

  constructor(source: AsyncIterable<T>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** True: the source has ended and all items were taken. */
  get isEmpty(): boolean {
    return this.#isEnded && this.#ahead.length === 0;
  }

  /** Looks for `count` items, including those taken meanwhile; also true when that takes longer than `ms`. */
  async lookAhead(count: number, ms: number): Promise<boolean> {
    const latest = performance.now() + ms;
    for (let looks = 1; this.#given < count && performance.now() < latest; looks++) {
      if (!(await this.#inTurn(() => this.#look()))) return false;
      if (looks % LOOKS_PER_TURN === 0) await setImmediate();
    }
    return true;
  }

  /** The next item; `undefined` at the end. */
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
