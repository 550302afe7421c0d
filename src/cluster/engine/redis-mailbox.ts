/**
 * A mailbox on Redis: a stream that its owner alone reads. An entry is deleted after it has been handed on,
 * so that a lost connection loses none, and the stream is as long as its reader is late. (The events of
 * BullMQ would go to every submitter, with all results in them.)
 */
import type { Redis } from 'ioredis';
import { performance } from '../../protocol/clock.js';
import { clearInterval, clearTimeout, setInterval, setTimeout } from '../../protocol/timers.js';
import { isTransient } from '../transient.js';
import type { Mailbox, OnEngineError, OnMail } from './engine.js';
import { delay, within } from './within.js';

/** Entries taken at once. */
const COUNT = 200;
/** Longest wait for an entry, in ms: after this time a dead connection shows. */
const BLOCK_MS = 5_000;
const PAUSE_MS = 500;
/** Entries that have been handed on are deleted together: at latest after this time, in ms. */
const DELETE_MS = 200;
const MOST_UNDELETED = 50;
const MOST_CHARACTERS = 100_000;

export class RedisMailbox implements Mailbox {
  readonly #client: Redis;
  readonly #reader: Redis;
  readonly #key: string;
  readonly #onMail: OnMail;
  readonly #onError: OnEngineError;
  /** Id of the last entry that was handed on. */
  #last = '0-0';
  /** Handed on, and not deleted. */
  #undeleted: string[] = [];
  #characters = 0;
  #deleteLater: NodeJS.Timeout | undefined;
  #isClosed = false;
  #heardAt = performance.now();
  #refusedSince: number | undefined;
  readonly #watch: NodeJS.Timeout;
  readonly #done: Promise<void>;

  constructor(client: Redis, key: string, onMail: OnMail, onError: OnEngineError) {
    this.#client = client;
    this.#reader = client.duplicate();
    this.#reader.on('error', onError);
    this.#key = key;
    this.#onMail = onMail;
    this.#onError = onError;
    this.#watch = setInterval(() => this.#look(), BLOCK_MS);
    this.#done = this.#read();
  }

  get refusedSince(): number | undefined {
    return this.#refusedSince;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#watch);
    this.#delete();
    // (To disconnect one that has ended starts a timer of 2 s, which would hold the process.)
    if (this.#reader.status !== 'end') this.#reader.disconnect();
    // A command that waits for a connection is never told that there will be none.
    await within(PAUSE_MS, this.#done);
  }

  async #read(): Promise<void> {
    while (!this.#isClosed) {
      try {
        const found = await this.#reader.xread(
          'COUNT',
          COUNT,
          'BLOCK',
          BLOCK_MS,
          'STREAMS',
          this.#key,
          this.#last,
        );
        this.#heardAt = performance.now();
        this.#refusedSince = undefined;
        for (const [, entries] of found ?? []) this.#take(entries);
      } catch (error) {
        if (this.#isClosed) return;
        // What passes is seen by all commands alike.
        if (!isTransient(error)) this.#refusedSince ??= performance.now();
        this.#onError(error as Error);
        await delay(PAUSE_MS);
      }
    }
  }

  /** A connection that has died silently is given up: the command is sent again on the next one. */
  #look(): void {
    const now = performance.now();
    if (now - this.#heardAt < 3 * BLOCK_MS || this.#reader.status !== 'ready') return;
    this.#heardAt = now;
    this.#reader.disconnect(true);
  }

  #take(entries: readonly [id: string, fields: string[]][]): void {
    const ids = entries.map(([id]) => id);
    this.#last = ids.at(-1) ?? this.#last;
    this.#undeleted.push(...ids);
    for (const [, fields] of entries) {
      for (let i = 1; i < fields.length; i += 2) {
        const text = fields[i] as string;
        this.#characters += text.length;
        this.#onMail(text);
      }
    }
    if (this.#undeleted.length > MOST_UNDELETED || this.#characters > MOST_CHARACTERS) this.#delete();
    else this.#deleteLater ??= setTimeout(() => this.#delete(), DELETE_MS);
  }

  #delete(): void {
    clearTimeout(this.#deleteLater);
    this.#deleteLater = undefined;
    const ids = this.#undeleted;
    if (ids.length === 0) return;
    this.#undeleted = [];
    this.#characters = 0;
    // Where this is lost with a connection, it is sent again on the next one.
    this.#client.xdel(this.#key, ...ids).catch(() => {});
  }
}
