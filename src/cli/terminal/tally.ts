import type { HashReply } from '../hash/hash-task.js';

/** What one worker did. */
export interface Share {
  readonly files: number;
  readonly bytes: number;
}

/** Counts what was done, and by whom. */
export class Tally {
  #files = 0;
  #bytes = 0;
  #unread = 0;
  readonly #shares = new Map<number, Share>();

  /** Files hashed. */
  get files(): number {
    return this.#files;
  }

  /** Bytes hashed, those of files under way not included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Files that could not be read. */
  get unread(): number {
    return this.#unread;
  }

  add(reply: HashReply): void {
    let files = 0;
    for (const outcome of reply.outcomes) {
      if (typeof outcome === 'string') files++;
      else if (outcome !== null) this.#unread++;
    }
    this.#files += files;
    this.#bytes += reply.bytes;
    const share = this.#shares.get(reply.thread) ?? { files: 0, bytes: 0 };
    this.#shares.set(reply.thread, { files: share.files + files, bytes: share.bytes + reply.bytes });
  }

  /** One for each worker that did anything, the oldest first. */
  shares(): Share[] {
    return [...this.#shares]
      .filter(([thread]) => thread !== 0)
      .sort(([a], [b]) => a - b)
      .map(([, share]) => share);
  }

  /** What the main thread did itself, if anything. */
  mainShare(): Share | undefined {
    return this.#shares.get(0);
  }
}
