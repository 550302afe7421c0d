/**
 * How far the main thread (M) is behind with the messages of a worker (W), so that a task that sends without
 * end waits for M and does not fill the memory.
 *
 * M notes how many messages it has done with (`RECEIVED`), and notifies W when it reaches the count that W
 * waits for (`AWAITED`). Each writes its own word before it reads the other's, so either M sees the count, or
 * W sees that it was reached.
 *
 * M may have received a message that it cannot pass on yet (output, while the process's own output is full).
 * Such a message is not done with, and M shows that it is alive meanwhile (`ALIVE`): W waits as long as it is.
 */
import { ALIVE, AWAITED, type Memory, RECEIVED } from './layout.js';
import { isBehind } from './positions.js';

export class FlowControl {
  readonly #memory: Memory;
  /** M: messages received, modulo 2^32; how many of them it has not done with; what W was told. */
  #received = 0;
  #held = 0;
  #told = 0;
  /** W: what M had received when W last waited in vain. Until that changes, M is busy with something else. */
  #absentAt: number | undefined;
  /** W: the sign of life that M had given then. */
  #absentSign = 0;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  get #words(): Int32Array {
    return this.#memory.i32;
  }

  /** M: has received so many messages, modulo 2^32. */
  received(count: number): void {
    this.#received = count;
    this.#tell();
  }

  /** M: is not done with the last message received, until `release`. W has been told of it: one is counted. */
  hold(): void {
    this.#held++;
  }

  /** M: is done with all that it has received. */
  release(): void {
    this.#held = 0;
    this.#tell();
  }

  /** M: is alive, while it holds messages. */
  showLife(): void {
    Atomics.add(this.#words, ALIVE, 1);
  }

  #tell(): void {
    const words = this.#words;
    const count = (this.#received - this.#held) | 0;
    const before = this.#told;
    if (count === before) return;
    this.#told = count;
    Atomics.store(words, RECEIVED, count);
    const awaited = Atomics.load(words, AWAITED);
    if (isBehind(before, awaited) && !isBehind(count, awaited)) Atomics.notify(words, RECEIVED);
  }

  /**
   * W: waits while M has `most` messages of the first `sent` still to receive, until half of them are
   * received.
   * @param ms the longest wait without a sign of life. After one in vain, there is none until M receives
   *   again, or gives a sign
   * @returns false: M has not received them in time
   */
  awaitRoom(sent: number, most: number, ms: number): boolean {
    const words = this.#words;
    let seen = Atomics.load(words, RECEIVED);
    if (((sent - seen) | 0) < most) return true;
    let sign = Atomics.load(words, ALIVE);
    if (seen === this.#absentAt && sign === this.#absentSign) return false;
    const target = (sent - (most >> 1)) | 0;
    Atomics.store(words, AWAITED, target);
    for (seen = Atomics.load(words, RECEIVED); isBehind(seen, target); seen = Atomics.load(words, RECEIVED)) {
      if (Atomics.wait(words, RECEIVED, seen, ms) !== 'timed-out') continue;
      const last = sign;
      sign = Atomics.load(words, ALIVE);
      if (sign !== last) continue;
      this.#absentAt = Atomics.load(words, RECEIVED);
      this.#absentSign = sign;
      return !isBehind(this.#absentAt, target);
    }
    this.#absentAt = undefined;
    return true;
  }
}
