/** Turns of the thread's event loop, which run timers, receive messages and report late errors of tasks. */
import type { ThreadStatus } from '../../src/protocol/thread-status.js';
import { inNextTurn, now } from './natives.js';

/** How long the event loop may go without a turn, in ms. */
const TURN_MS = 10;
/** The size of the heap is noted this often, in ms, where nobody asks for more. Noting it takes some µs. */
const HEAP_MS = 100;

export class Turns {
  readonly #status: ThreadStatus;
  readonly #watchHeap: boolean;
  #last = now();
  #lastHeap = Number.NEGATIVE_INFINITY;

  constructor(status: ThreadStatus, watchHeap: boolean) {
    this.#status = status;
    this.#watchHeap = watchHeap;
  }

  isDue(at: number): boolean {
    return at - this.#last > TURN_MS;
  }

  /** Takes one turn. */
  async take(): Promise<void> {
    await new Promise<void>((resolve) => inNextTurn(resolve));
    this.#last = now();
    this.#status.beat();
    this.noteHeap(this.#last);
  }

  /** Notes the size of the heap, if that is due. To be called also before the thread sleeps. */
  noteHeap(at: number): void {
    if (!this.#watchHeap && at - this.#lastHeap < HEAP_MS) return;
    this.#lastHeap = at;
    this.#status.noteHeap(heapStatistics().used_heap_size);
  }
}

/** Not imported: loading `node:v8` takes 0.4 ms of a thread's start. */
function heapStatistics() {
  return process.getBuiltinModule('node:v8').getHeapStatistics();
}
