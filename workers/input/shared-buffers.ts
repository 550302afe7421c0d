/** The thread's half of `src/worker/shared-buffers.ts`: the shared buffers that it knows, by number. */
import { NotCloneableError } from '../../src/errors/errors.js';

export class SharedBuffers {
  readonly #buffers = new Map<number, SharedArrayBuffer>();
  readonly #receiveNext: () => boolean;

  /** @param receiveNext receives one message; false: none has arrived */
  constructor(receiveNext: () => boolean) {
    this.#receiveNext = receiveNext;
  }

  add(number: number, buffer: SharedArrayBuffer): void {
    this.#buffers.set(number, buffer);
  }

  forget(numbers: readonly number[]): void {
    for (const number of numbers) this.#buffers.delete(number);
  }

  /**
   * The buffer of a number. It was sent ahead of the slot that has its number. @throws NotCloneableError
   * there is none
   */
  readonly of = (number: number): SharedArrayBuffer => {
    let buffer = this.#buffers.get(number);
    // Receives no more messages than needed: the sender may go on sending without end.
    while (buffer === undefined && this.#receiveNext()) buffer = this.#buffers.get(number);
    if (buffer === undefined)
      throw new NotCloneableError('arguments', 'something that the worker could not read');
    return buffer;
  };
}
