/** Replies on their way to submitters: those of one turn to the same submitter go together. */
import { setImmediate } from '../protocol/timers.js';
import type { Engine, OnEngineError } from './engine/engine.js';
import { delay } from './engine/within.js';
import type { Reply } from './messages.js';
import { isTransient } from './transient.js';

const PAUSE_MS = 500;

interface Waiting {
  readonly text: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Replies {
  readonly #engine: Engine;
  readonly #onError: OnEngineError;
  readonly #waiting = new Map<string, Waiting[]>();
  #isClosed = false;

  constructor(engine: Engine, onError: OnEngineError) {
    this.#engine = engine;
    this.#onError = onError;
  }

  /** Resolves when the engine has it. Waits for an engine that is out of reach, until it is closed. */
  send(to: string, reply: Reply): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry = { text: JSON.stringify(reply), resolve, reject };
      const together = this.#waiting.get(to);
      if (together !== undefined) {
        together.push(entry);
        return;
      }
      this.#waiting.set(to, [entry]);
      setImmediate(() => void this.#flush(to));
    });
  }

  close(): void {
    this.#isClosed = true;
  }

  async #flush(to: string): Promise<void> {
    const batch = this.#waiting.get(to) ?? [];
    this.#waiting.delete(to);
    const texts = batch.map(({ text }) => text);
    for (;;) {
      try {
        await this.#engine.send(to, texts);
        for (const { resolve } of batch) resolve();
        return;
      } catch (error) {
        if (this.#isClosed || !isTransient(error)) {
          for (const { reject } of batch) reject(error);
          return;
        }
        this.#onError(error as Error);
        await delay(PAUSE_MS);
      }
    }
  }
}
