/**
 * Notes that the worker (W) leaves in the window's memory for the main thread (M): the running request and
 * its start, signs of life, heap size, and which arguments W is reading. W alone writes them, but for
 * `forbidStart`; M reads them at any time.
 */
import {
  BEATS,
  CHUNK_STARTED_AT,
  HEAP,
  ITEM,
  LOADING,
  type Memory,
  READ,
  READING,
  RUNNING,
  STARTED_AT,
} from './layout.js';

export class ThreadStatus {
  readonly #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  get #words(): Int32Array {
    return this.#memory.i32;
  }

  get #f64(): Float64Array {
    return this.#memory.f64;
  }

  /** W: notes which request it runs and since when (ms, `performance.now() + CLOCK_OFFSET`). */
  noteStart(id: number, at: number): void {
    this.#f64[STARTED_AT] = at;
    // A reader that sees this id also sees its time.
    Atomics.store(this.#words, RUNNING, id);
  }

  /** W: what it has noted last as a start. */
  get startedAt(): number {
    return this.#f64[STARTED_AT] as number;
  }

  /** M: since when the request has been running (as `noteStart`), or 0 if another one or none runs. */
  startOf(id: number): number {
    if (Atomics.load(this.#words, RUNNING) !== id) return 0;
    return this.#f64[STARTED_AT] as number;
  }

  /**
   * W: notes that it has to load the request's function, before it notes the start; 0: it is loaded. So a
   * reader that sees the start also sees this.
   */
  noteLoading(id: number): void {
    Atomics.store(this.#words, LOADING, id);
  }

  /** W: the request's function is loaded. Returns whether the request may start: M may have forbidden it. */
  mayStart(id: number): boolean {
    return Atomics.exchange(this.#words, LOADING, 0) === id;
  }

  /** M: whether the request's function is being loaded. To be asked when its start is known. */
  isLoading(id: number): boolean {
    return Math.abs(Atomics.load(this.#words, LOADING)) === id;
  }

  /**
   * M: the request, whose function is being loaded, must not start any more. One swap of one word decides, so
   * it either starts or is forbidden.
   * @returns false: its function is not being loaded, or is loaded by now
   */
  forbidStart(id: number): boolean {
    return Atomics.compareExchange(this.#words, LOADING, id, -id) === id;
  }

  /** W: notes the item of a chunk that it is about to run, counted from 0; -1: none. */
  noteItem(index: number): void {
    Atomics.store(this.#words, ITEM, index + 1);
  }

  /** M: the item that the worker runs, counted from 0; -1: none. */
  item(): number {
    return Atomics.load(this.#words, ITEM) - 1;
  }

  /** W: notes when a chunk has started, as `noteStart` does of each of its items. */
  noteChunkStart(at: number): void {
    this.#f64[CHUNK_STARTED_AT] = at;
  }

  /** M: since when the chunk that is noted last has been running, as `noteChunkStart`. */
  chunkStart(): number {
    return this.#f64[CHUNK_STARTED_AT] as number;
  }

  /** W: gives a sign of life. */
  beat(): void {
    this.#words[BEATS] = (this.#words[BEATS] as number) + 1;
  }

  /** M: the count of signs of life. */
  beats(): number {
    return Atomics.load(this.#words, BEATS);
  }

  /** W: notes the size of its heap, in bytes. */
  noteHeap(bytes: number): void {
    // A shift would take the bytes modulo 4 GiB.
    this.#words[HEAP] = Math.floor(bytes / 1024);
  }

  /** M: the size that `noteHeap` noted last, in bytes, to within 1 KiB. */
  heap(): number {
    return Atomics.load(this.#words, HEAP) * 1024;
  }

  /** W: it is about to read the arguments message of that number. */
  noteReading(sending: number): void {
    this.#words[READING] = sending;
  }

  /** W: it has read all arguments messages up to that number. */
  noteRead(sending: number): void {
    this.#words[READ] = sending;
    this.#words[READING] = sending;
  }

  /** M: the number of the last arguments message that W has read. */
  read(): number {
    return Atomics.load(this.#words, READ);
  }

  /**
   * M, after W's death: the number of the arguments message that killed W while W read it; `undefined`: none.
   */
  reading(): number | undefined {
    const reading = Atomics.load(this.#words, READING);
    return reading === this.read() ? undefined : reading;
  }
}
