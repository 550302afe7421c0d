/**
 * Knowing that one's mailbox has been read: by a message to oneself, which comes after all that were before; or, where
 * messages may overtake each other, by looking which are there.
 */

import { performance } from '../protocol/clock.js';
import type { Engine } from './engine/engine.js';
import { delay, within } from './engine/within.js';
import type { Mail } from './messages.js';

/** Time for it to come back, in ms. */
const SYNC_MS = 10_000;
/** Between two looks, in ms. */
const LOOK_MS = 50;

export class MailSync {
  readonly #engine: Engine;
  readonly #self: string;
  readonly #waiting = new Map<string, () => void>();
  #last = 0;

  /** @param self whose mailbox */
  constructor(engine: Engine, self: string) {
    this.#engine = engine;
    this.#self = self;
  }

  /** The message of that id has come. */
  arrived(id: string): void {
    this.#waiting.get(id)?.();
  }

  /** Waits until all that was sent to the mailbox before has been read. @returns whether that was so in time */
  async done(): Promise<boolean> {
    const unread = await this.#engine.unread(this.#self);
    if (unread !== undefined) return this.#read(unread);
    const id = String(++this.#last);
    const arrived = new Promise<true>((resolve) => {
      this.#waiting.set(id, () => resolve(true));
    });
    try {
      await this.#engine.send(this.#self, [JSON.stringify({ t: 'sync', id } satisfies Mail)]);
      return (await within(SYNC_MS, arrived)) === true;
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** Waits until none of these messages is there any more. @returns whether that was so in time */
  async #read(messages: readonly string[]): Promise<boolean> {
    const began = performance.now();
    let left = new Set(messages);
    while (left.size > 0) {
      if (performance.now() - began > SYNC_MS) return false;
      await delay(LOOK_MS);
      const unread = (await this.#engine.unread(this.#self)) ?? [];
      left = new Set(unread.filter((id) => left.has(id)));
    }
    return true;
  }
}
