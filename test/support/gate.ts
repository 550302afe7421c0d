import { setImmediate as turn } from 'node:timers/promises';

/** Words of a gate's memory. */
const OPEN = 0;
const ARRIVED = 1;

/** A gate in shared memory at which tasks wait, so that a test decides how long they run. */
export class Gate {
  readonly shared = new SharedArrayBuffer(8);
  readonly #words = new Int32Array(this.shared);

  /** Tasks that have come to the gate so far. */
  get arrived(): number {
    return Atomics.load(this.#words, ARRIVED);
  }

  /** Resolves when that many tasks have come to the gate. */
  async waitFor(tasks: number): Promise<void> {
    while (this.arrived < tasks) await turn();
  }

  open(): void {
    Atomics.store(this.#words, OPEN, 1);
    Atomics.notify(this.#words, OPEN);
  }
}

/** The task: blocks its thread until the gate is open. Gives back what it was given besides. */
export function wait<T>(shared: SharedArrayBuffer, value?: T): T | undefined {
  const words = new Int32Array(shared);
  Atomics.add(words, 1, 1);
  Atomics.wait(words, 0, 0);
  return value;
}

/** Resolves when the condition holds; a turn of the event loop at a time. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}
