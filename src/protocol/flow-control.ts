/**
 * How far the main thread (M) is behind with the messages of a worker (W), so that a task that sends without
 * end waits for M and does not fill the memory.
 *
 * M notes how many messages it has received (`RECEIVED`), and notifies W when it reaches the count that W
 * waits for (`AWAITED`). Each writes its own word before it reads the other's, so either M sees the count, or
 * W sees that it was reached.
 */
import { AWAITED, type Memory, RECEIVED } from './layout.js';
import { isBehind } from './positions.js';

export class FlowControl {
  readonly #memory: Memory;
  /** W: what M had received when W last waited in vain. Until that changes, M is busy with something else. */
  #absentAt: number | undefined;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  get #words(): Int32Array {
    return this.#memory.i32;
  }

  /** M: has received so many messages, modulo 2^32. */
  received(count: number): void {
    const words = this.#words;
    Atomics.store(words, RECEIVED, count);
    if (Atomics.load(words, AWAITED) === count) Atomics.notify(words, RECEIVED);
  }

  /**
   * W: waits while M has `most` messages of the first `sent` still to receive, until half of them are
   * received.
   * @param ms the longest wait. After one in vain, there is none until M receives again
   * @returns false: M has not received them in time
   */
  awaitRoom(sent: number, most: number, ms: number): boolean {
    const words = this.#words;
    let seen = Atomics.load(words, RECEIVED);
    if (((sent - seen) | 0) < most) return true;
    if (seen === this.#absentAt) return false;
    const target = (sent - (most >> 1)) | 0;
    Atomics.store(words, AWAITED, target);
    for (seen = Atomics.load(words, RECEIVED); isBehind(seen, target); seen = Atomics.load(words, RECEIVED)) {
      if (Atomics.wait(words, RECEIVED, seen, ms) !== 'timed-out') continue;
      this.#absentAt = Atomics.load(words, RECEIVED);
      return !isBehind(this.#absentAt, target);
    }
    this.#absentAt = undefined;
    return true;
  }
}
