/** The source of a map: opened by the first `next`, asked for one item at a time, closed at an early end. */
import { invalid } from '../options/validate.js';

type Source = Iterable<unknown> | AsyncIterable<unknown>;

/** What makes the iteration of a plain array: as it was before the program could change it. */
const arrayValues = Array.prototype.values;
const arrayIterator = Object.getPrototypeOf(arrayValues.call([])) as Iterator<unknown>;
const arrayNext = arrayIterator.next;

export class MapSource {
  readonly #source: Source;
  #iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined;
  /** The source, where it is a plain array: then items can be taken from it without the iterator. */
  #list: readonly unknown[] | undefined;
  #isOver = false;
  #size: number | undefined;
  #taken = 0;

  /** @throws InvalidOptionError the source is not iterable */
  constructor(source: Source) {
    const given = source as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined;
    if (
      typeof given?.[Symbol.asyncIterator] !== 'function' &&
      typeof given?.[Symbol.iterator] !== 'function'
    ) {
      throw invalid('map(source)', source, 'an iterable or an async iterable');
    }
    this.#source = source;
  }

  /** Whether it gives no more items: it has ended, has thrown, or has been closed. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** How many items are still to come, if that is known. */
  get remaining(): number | undefined {
    const size = this.#size;
    return size === undefined ? undefined : Math.max(0, size - this.#taken);
  }

  /** @throws the error of the source */
  open(): void {
    this.#size = sizeOf(this.#source);
    if (isPlainArray(this.#source)) this.#list = this.#source;
    this.#iterator =
      Symbol.asyncIterator in Object(this.#source)
        ? (this.#source as AsyncIterable<unknown>)[Symbol.asyncIterator]()
        : (this.#source as Iterable<unknown>)[Symbol.iterator]();
  }

  /** Asks for the next item. @throws the error of the source, or returns a promise that rejects with it */
  next(): IteratorResult<unknown> | Promise<IteratorResult<unknown>> {
    const index = this.#taken++;
    const list = this.#list;
    if (list === undefined) {
      // A call of the iterator itself, whose name its error would give.
      const iterator = this.#iterator!;
      return iterator.next();
    }
    return index < list.length ? { done: false, value: list[index] } : { done: true, value: undefined };
  }

  /** All items, where they are at hand; the next one is at `taken`. */
  get list(): readonly unknown[] | undefined {
    return this.#list;
  }

  /** Items that have been asked for. */
  get taken(): number {
    return this.#taken;
  }

  /** So many items have been taken from the list. */
  skip(count: number): void {
    this.#taken += count;
  }

  /** To be called when it has ended or thrown: then it is neither asked again nor closed. */
  end(): void {
    this.#isOver = true;
  }

  /** Closes it, if it is open. The promise resolves when it is closed, and rejects with its error. */
  close(): Promise<unknown> | undefined {
    const iterator = this.#iterator;
    if (iterator === undefined || this.#isOver) return undefined;
    this.#isOver = true;
    const closing = (async () => iterator.return?.(undefined))();
    closing.catch(() => {});
    return closing;
  }
}

/** As `for await` has it: `{}` is an item, `undefined`; anything but an object would be one without end. */
export function mustBeResult(step: unknown): void {
  if ((typeof step !== 'object' || step === null) && typeof step !== 'function')
    throw new TypeError(`map(source): Iterator result ${String(step)} is not an object`);
}

/** The size of a source that has one. Only a guess: it may change meanwhile. */
function sizeOf(source: Source): number | undefined {
  if (Array.isArray(source) || ArrayBuffer.isView(source))
    return (source as unknown as ArrayLike<unknown>).length;
  return source instanceof Set || source instanceof Map ? source.size : undefined;
}

/** Whether its iterator gives its elements, one after the other, and nothing else happens. */
function isPlainArray(source: Source): source is unknown[] {
  return (
    Array.isArray(source) &&
    Object.getPrototypeOf(source) === Array.prototype &&
    source[Symbol.iterator] === arrayValues &&
    !(Symbol.asyncIterator in source) &&
    arrayIterator.next === arrayNext
  );
}
