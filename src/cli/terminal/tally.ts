import type { HashReply } from '../hash/hash-task.js';

/** The work that one thread did. */
export interface WorkShare {
  readonly files: number;
  readonly bytes: number;
}

/** Counts files and bytes, in total and for each thread. */
export class Tally {
  #files = 0;
  #bytes = 0;
  #unread = 0;
  readonly #shares = new Map<number, WorkShare>();

  /** Number of files hashed. */
  get files(): number {
    return this.#files;
  }

  /** Bytes of hashed files, without those of files in work. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Number of files that could not be read. */
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

  /** The share of each worker thread that did anything, the oldest thread first. */
  shares(): WorkShare[] {
    return [...this.#shares]
      .filter(([thread]) => thread !== 0)
      .sort(([a], [b]) => a - b)
      .map(([, share]) => share);
  }

  /** The main thread's share, if it did anything. */
  mainShare(): WorkShare | undefined {
    return this.#shares.get(0);
  }
}
