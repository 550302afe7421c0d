/** BullMQ on Redis or Valkey. */
import type * as BullMQ from 'bullmq';
import type { Job, Queue, Worker, WorkerOptions } from 'bullmq';
import type { Redis, RedisOptions } from 'ioredis';
import { InvalidOptionError } from '../../errors/errors.js';
import { EngineError } from '../errors.js';
import type { EngineSettings } from '../options.js';
import { isTransient } from '../transient.js';
import {
  CLOSE_MS,
  type Engine,
  EVENTS_KEPT,
  isOfLocks,
  MAILBOX_MS,
  type OnEngineError,
  type OnMail,
  type Processor,
  stopRenewing,
} from './engine.js';
import { RedisMailbox } from './redis-mailbox.js';
import { within } from './within.js';
import { writeTogether } from './write-together.js';

type RedisClass = new (...options: (string | RedisOptions)[]) => Redis;
/** The module of `ioredis`, which is its class, too. */
export type IoRedis = RedisClass & { readonly default?: RedisClass; readonly Redis?: RedisClass };

/** Between attempts to connect, in ms. */
const LEAST_RETRY_MS = 50;
const MOST_RETRY_MS = 1_000;

const OPTIONS = {
  // Commands wait for the next connection; whoever gave them has a time limit of their own.
  maxRetriesPerRequest: null,
  retryStrategy: (times: number) => Math.min(MOST_RETRY_MS, LEAST_RETRY_MS * 2 ** Math.min(times, 10)),
} satisfies RedisOptions;

export class RedisEngine implements Engine {
  /** All goes over one connection, and Redis does one thing after the other. */
  readonly sendsInOrder = true;
  readonly #bull: typeof BullMQ;
  readonly #client: Redis;
  readonly #settings: EngineSettings;
  readonly #onError: OnEngineError;
  readonly #queues = new Map<string, Queue>();
  readonly #workers = new Set<Worker>();
  readonly #mailboxes = new Set<RedisMailbox>();
  /** The client, and all copies that BullMQ makes of it. */
  readonly #clients: Redis[] = [];
  /** When the keys of mailboxes were last given time, by key. */
  readonly #kept = new Map<string, number>();

  constructor(bull: typeof BullMQ, ioredis: IoRedis, settings: EngineSettings, onError: OnEngineError) {
    this.#bull = bull;
    this.#settings = settings;
    this.#onError = onError;
    this.#client = clientOf(ioredis, settings.redis);
    this.#client.on('error', onError);
    writeTogether(this.#client);
    this.#track(this.#client);
  }

  async ready(): Promise<void> {
    await this.ping();
    const { db } = this.#client.options;
    if (!db) return;
    try {
      // The client has been told no, and has gone on with database 0.
      await this.#client.select(db);
    } catch (error) {
      if (isTransient(error)) throw error;
      throw new EngineError(`it has no database ${db}: ${(error as Error).message}`, { cause: error });
    }
  }

  ping(): Promise<unknown> {
    return this.#client.ping();
  }

  queue(name: string): Queue {
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = new this.#bull.Queue(name, {
        connection: this.#client,
        prefix: this.#settings.prefix,
        streams: { events: { maxLen: EVENTS_KEPT } },
      });
      queue.on('error', this.#onError);
      this.#queues.set(name, queue);
    }
    return queue;
  }

  worker(name: string, processor: Processor, options: Partial<WorkerOptions>): Worker {
    const worker = new this.#bull.Worker(name, (job: Job, token?: string) => processor(job, token), {
      ...options,
      connection: this.#client,
      prefix: this.#settings.prefix,
    });
    worker.on('error', (error) => {
      if (!isOfLocks(error)) this.#onError(error);
    });
    this.#workers.add(worker);
    worker.once('closed', () => this.#workers.delete(worker));
    return worker;
  }

  openMailbox(id: string, onMail: OnMail): RedisMailbox {
    const mailbox = new RedisMailbox(this.#client, this.#mailboxKey(id), onMail, this.#onError);
    this.#mailboxes.add(mailbox);
    return mailbox;
  }

  async send(id: string, texts: readonly string[]): Promise<void> {
    const key = this.#mailboxKey(id);
    const sent = this.#client.xadd(key, '*', ...texts.flatMap((text) => ['m', text]));
    const now = performance.now();
    const kept = this.#kept.get(key);
    await sent;
    if (kept !== undefined && now - kept < MAILBOX_MS / 4) return;
    await this.#keep(key);
    if (this.#kept.size > 1_000) this.#kept.clear();
    this.#kept.set(key, now);
  }

  async keepMailbox(id: string): Promise<void> {
    await this.#keep(this.#mailboxKey(id));
  }

  async removeMailbox(id: string): Promise<void> {
    const key = this.#mailboxKey(id);
    this.#kept.delete(key);
    await this.#client.del(key);
  }

  async close(): Promise<void> {
    const parts = [...this.#workers, ...this.#mailboxes, ...this.#queues.values()];
    await within(CLOSE_MS, Promise.allSettled(parts.map((part) => part.close())));
    for (const worker of this.#workers) stopRenewing(worker);
    // Where the engine is gone, those that BullMQ has made would look for it for ever.
    // (To disconnect one that has ended starts a timer of 2 s, which would hold the process.)
    for (const client of this.#clients) if (client.status !== 'end') client.disconnect();
  }

  #track(client: Redis): void {
    this.#clients.push(client);
    const duplicate = client.duplicate.bind(client);
    client.duplicate = (options) => {
      const copy = duplicate(options);
      this.#track(copy);
      return copy;
    };
  }

  async #keep(key: string): Promise<void> {
    await this.#client.pexpire(key, MAILBOX_MS);
  }

  #mailboxKey(id: string): string {
    return `${this.#settings.prefix}:${this.#settings.name}.mail:${id}`;
  }
}

function clientOf(ioredis: IoRedis, given: EngineSettings['redis']): Redis {
  const RedisClass = ioredis.default ?? ioredis.Redis ?? ioredis;
  if (typeof given === 'string') return new RedisClass(given, OPTIONS);
  if (given instanceof URL) return new RedisClass(given.href, OPTIONS);
  const options = given as RedisOptions & Partial<Redis>;
  if (typeof options.duplicate !== 'function') return new RedisClass({ ...options, ...OPTIONS });
  if (options.options?.keyPrefix) {
    throw new InvalidOptionError(
      'redis',
      "a client with a keyPrefix, which BullMQ's scripts do not know",
      'one without; see the option prefix',
    );
  }
  return options.duplicate(OPTIONS);
}
