/**
 * Shared buffers that a thread knows by a number, so that views of them travel in slots.
 *
 * A message brings the buffer ahead of the first slot with its number. The thread then keeps it until it is
 * told that the buffer has been collected here. A buffer that is used only once never gets a number.
 */

import type { ToWorker } from '../protocol/messages.js';
import type { Numbering } from '../values/shared-views.js';
import type { InFlight } from './in-flight.js';

/** Most buffers that a thread knows, beside those in its window. */
const MOST_BUFFERS = 256;
const LAST_NUMBER = 0x7fff_ffff;

/** 0: the buffer has been met once. */
const numbers = new WeakMap<SharedArrayBuffer, number>();
let lastNumber = 0;

export class SharedBuffers implements Numbering {
  readonly #send: (message: ToWorker) => void;
  readonly #inFlight: InFlight;
  /**
   * Numbers that the thread knows, each with the count of completions after which no slot has it any longer.
   */
  readonly #known = new Map<number, number>();
  #mostKnown = MOST_BUFFERS;
  /**
   * Numbers of buffers that were collected while a slot may have had them: their request was settled, or its
   * arguments changed, before the thread read them.
   */
  #late: number[] = [];
  #collected: FinalizationRegistry<number> | undefined;

  constructor(send: (message: ToWorker) => void, inFlight: InFlight) {
    this.#send = send;
    this.#inFlight = inFlight;
  }

  /** For the request that is just being staged. Sends the buffer unless the thread knows it. O(1). */
  numberOf(buffer: SharedArrayBuffer): number {
    let number = numbers.get(buffer);
    if (number === undefined) {
      numbers.set(buffer, 0);
      return 0;
    }
    if (number === 0) {
      number = lastNumber = (lastNumber % LAST_NUMBER) + 1;
      numbers.set(buffer, number);
    }
    if (!this.#known.has(number)) this.#introduce(number, buffer);
    // If requests ahead of this one are taken back, it leaves earlier than that.
    this.#known.set(number, this.#inFlight.left + this.#inFlight.pending + 1);
    return number;
  }

  #introduce(number: number, buffer: SharedArrayBuffer): void {
    if (this.#known.size >= this.#mostKnown) this.#forgetUnused();
    this.#collected ??= new FinalizationRegistry((gone) => this.#lose(gone));
    // Registered once, however often it is forgotten and introduced.
    this.#collected.unregister(buffer);
    this.#collected.register(buffer, number, buffer);
    this.#send({ type: 'share', number, buffer });
  }

  /** O(buffers known). */
  #forgetUnused(): void {
    const { left } = this.#inFlight;
    this.#forget([...this.#known].filter(([, until]) => until <= left).map(([number]) => number));
    // If most are in use, not at each new one.
    this.#mostKnown = Math.max(MOST_BUFFERS, 2 * this.#known.size);
  }

  /** A buffer has been collected. Never called while a request is staged. */
  #lose(number: number): void {
    if (this.#known.has(number)) this.#late.push(number);
    const { left, pending } = this.#inFlight;
    const isUsed = (each: number) => pending > 0 && (this.#known.get(each) ?? 0) > left;
    this.#forget(this.#late.filter((each) => !isUsed(each)));
    this.#late = this.#late.filter(isUsed);
  }

  #forget(gone: readonly number[]): void {
    if (gone.length === 0) return;
    for (const number of gone) this.#known.delete(number);
    this.#send({ type: 'unshare', numbers: gone });
  }
}
