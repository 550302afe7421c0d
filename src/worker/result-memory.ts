/**
 * The memory into which a thread copies results that do not fit a slot: byte arrays, strings, plain data. It is
 * given to the thread when some of them have come by message. The thread's half is `workers/loop/result-arena.ts`.
 */
import type { ResultMessage, ToWorker } from '../protocol/messages.js';
import { MOST_RESULT_BYTES } from '../values/shared-views.js';
import { arenaMemory } from './arena-memory.js';

/** So many of them by message, and more are to be expected. */
const EXPECTED_AFTER = 4;

export class ResultMemory {
  readonly #send: (message: ToWorker) => void;
  #cameByMessage = 0;
  #buffer: SharedArrayBuffer | undefined;

  constructor(send: (message: ToWorker) => void) {
    this.#send = send;
  }

  /** The buffer that completions refer to. */
  readonly of = (): SharedArrayBuffer => this.#buffer as SharedArrayBuffer;

  /** A result has come by message. */
  cameByMessage({ value, tree }: ResultMessage): void {
    if (this.#buffer !== undefined) return;
    if (!fits(tree ?? value) || ++this.#cameByMessage < EXPECTED_AFTER) return;
    this.#buffer = arenaMemory.take();
    this.#send({ type: 'results', buffer: this.#buffer });
  }

  /** The thread has ended, and all its completions have been read. */
  close(): void {
    if (this.#buffer !== undefined) arenaMemory.giveBack(this.#buffer);
    this.#buffer = undefined;
  }
}

/** Whether the next ones like that will be in the memory. */
function fits(result: unknown): boolean {
  if (typeof result === 'string') return result.length <= MOST_RESULT_BYTES;
  const isBytes = result instanceof Uint8Array || result instanceof ArrayBuffer;
  return isBytes && result.byteLength <= MOST_RESULT_BYTES;
}
