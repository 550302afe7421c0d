/** The end of a turn of the event loop, for what goes together. */

/**
 * Calls back when this turn and all microtasks of it are over: what follows from each answer that a socket has
 * brought at once is done by then.
 */
export function atEndOfTurn(callback: () => void): void {
  process.nextTick(queueMicrotask, () => process.nextTick(callback));
}

/** Whoever waits in one turn goes on at the end of it, in order. */
export class EndOfTurn {
  #end: Promise<void> | undefined;

  wait(): Promise<void> {
    this.#end ??= new Promise((resolve) => {
      atEndOfTurn(() => {
        this.#end = undefined;
        resolve();
      });
    });
    return this.#end;
  }
}
