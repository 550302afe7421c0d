/**
 * Words of a gate's memory. Tasks, which cannot import them, spell them out; so does
 * fixtures/faults/tasks.mjs.
 */
const ARRIVED = 0;
const OPENED = 1;
const COUNT = 2;

interface WaitAsync {
  waitAsync(words: Int32Array, index: number, value: number): { async: boolean; value: unknown };
}

/** A gate in shared memory at which tasks wait, so that a test decides how long they run. */
export class Gate {
  readonly words = new Int32Array(new SharedArrayBuffer(16));

  get shared(): SharedArrayBuffer {
    return this.words.buffer;
  }

  /** Number of tasks that have come to the gate so far. */
  get arrived(): number {
    return Atomics.load(this.words, ARRIVED);
  }

  /** Resolves when that many tasks have come to the gate. */
  async reached(tasks = 1): Promise<void> {
    await this.#atLeast(ARRIVED, tasks);
  }

  /** Blocks this thread until a task has come to the gate: it learns of nothing that happens before. */
  awaitBlocked(): void {
    if (Atomics.wait(this.words, ARRIVED, 0, 10_000) === 'timed-out') throw new Error('no task has come');
  }

  /** Lets the tasks that wait at the gate go on, and all later ones. */
  open(): void {
    Atomics.store(this.words, OPENED, 1);
    Atomics.notify(this.words, OPENED);
  }

  /** The tasks' own counter; see `count` in the fixture. */
  get count(): number {
    return Atomics.load(this.words, COUNT);
  }

  /** Resolves when the tasks have counted anything. */
  async counted(): Promise<void> {
    await this.#atLeast(COUNT, 1);
  }

  async #atLeast(index: number, least: number): Promise<void> {
    for (;;) {
      const value = Atomics.load(this.words, index);
      if (value >= least) return;
      // Turns of the event loop would not do: a test may be about a main thread that sleeps.
      await (Atomics as unknown as WaitAsync).waitAsync(this.words, index, value).value;
    }
  }
}

/** The task: blocks its thread until the gate is open. Gives back the value. */
export function wait<T>(shared: SharedArrayBuffer, value?: T): T | undefined {
  const words = new Int32Array(shared);
  Atomics.add(words, 0, 1);
  Atomics.notify(words, 0);
  Atomics.wait(words, 1, 0);
  return value;
}

/** The task: as `wait`, but then ends its thread. */
export function waitThenExit(shared: SharedArrayBuffer): never {
  const words = new Int32Array(shared);
  Atomics.add(words, 0, 1);
  Atomics.notify(words, 0);
  Atomics.wait(words, 1, 0);
  process.exit(1);
}

/** The task: returns at once, and comes to the gate when its thread's event loop turns next. */
export function waitLater(shared: SharedArrayBuffer): void {
  setTimeout(() => {
    const words = new Int32Array(shared);
    Atomics.add(words, 0, 1);
    Atomics.notify(words, 0);
    Atomics.wait(words, 1, 0);
  }, 0);
}

/** As `waitLater`, after it has waited at another gate in its run. */
export function waitThenLater(first: SharedArrayBuffer, later: SharedArrayBuffer): void {
  const gate = new Int32Array(first);
  Atomics.add(gate, 0, 1);
  Atomics.notify(gate, 0);
  Atomics.wait(gate, 1, 0);
  setTimeout(() => {
    const words = new Int32Array(later);
    Atomics.add(words, 0, 1);
    Atomics.notify(words, 0);
    Atomics.wait(words, 1, 0);
  }, 0);
}
