/** BullMQ on Redis or Valkey. */
import type * as BullMQ from 'bullmq';
import type { Job, Queue, Worker, WorkerOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import { performance } from '../../protocol/clock.js';
import { EngineError } from '../errors.js';
import type { EngineSettings } from '../options.js';
import { isTransient } from '../transient.js';
import { AddingConnection } from './adding-connection.js';
import {
  CLOSE_MS,
  type Cleared,
  type Engine,
  EVENTS_KEPT,
  isOfLocks,
  MAILBOX_MS,
  type OnEngineError,
  type OnMail,
  type Processor,
  stopRenewing,
} from './engine.js';
import type { NewJob } from './job-entry.js';
import { putBackByEngine } from './put-back-time.js';
import { clientOf, type IoRedis, isClusterClient, refuseNode, sendingOnce } from './redis-client.js';
import { RedisMailbox } from './redis-mailbox.js';
import { noteRefusals } from './refusals.js';
import { within } from './within.js';
import { writeTogether } from './write-together.js';
import { isWrongType, removeStranger, renewStalledSet } from './wrong-type.js';

export class RedisEngine implements Engine {
  /**
   * One connection, and a server that does one thing after the other; in a Redis Cluster there are several.
   */
  readonly congestion = undefined;
  readonly sendsInOrder: boolean;
  readonly #bull: typeof BullMQ;
  readonly #client: Redis;
  readonly #settings: EngineSettings;
  readonly #onError: OnEngineError;
  readonly #queues = new Map<string, Queue>();
  readonly #adding: AddingConnection;
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
    this.#client = clientOf(ioredis, settings);
    this.#client.on('error', onError);
    this.sendsInOrder = !isClusterClient(this.#client);
    if (this.sendsInOrder) writeTogether(this.#client);
    this.#track(this.#client);
    this.#adding = new AddingConnection(
      () => this.#connectToAdd(),
      (name, client) => this.#makeQueue(name, client),
    );
  }

  async ready(): Promise<void> {
    await this.ping();
    if (this.sendsInOrder) await refuseNode(this.#client);
    await this.#select();
    // Whoever may not read a mailbox would wait for replies that nobody can give.
    await this.#client.xread('COUNT', 1, 'STREAMS', this.#mailboxKey(''), '0-0');
  }

  async #select(): Promise<void> {
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

  /** Redis counts the time of locks itself. */
  async compareClocks(): Promise<void> {}

  queue(name: string): Queue {
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = this.#makeQueue(name, this.#client);
      this.#queues.set(name, queue);
    }
    return queue;
  }

  #makeQueue(name: string, connection: Redis): Queue {
    const queue = new this.#bull.Queue(name, {
      connection,
      prefix: this.#settings.prefix,
      streams: { events: { maxLen: EVENTS_KEPT } },
    });
    queue.on('error', this.#onError);
    return queue;
  }

  add(queue: string, jobs: readonly NewJob[]): Promise<void> {
    return this.#adding.add(queue, jobs);
  }

  /** Its lists may be lost, and it may not. */
  async clear(queue: string, id: string): Promise<Cleared> {
    const remove = async () => ({ isHeld: (await this.queue(queue).remove(id)) === 0 });
    try {
      return await remove();
    } catch (error) {
      if (!isWrongType(error)) throw error;
    }
    const stranger = await removeStranger(this.#client, this.queue(queue).toKey(id));
    return { ...(await remove()), stranger };
  }

  async discard(queue: string, id: string): Promise<void> {
    await this.#client.del(this.queue(queue).toKey(id));
  }

  /** Keys that were copied to another server may have lost their time. */
  async expireLock(queue: string, id: string): Promise<void> {
    const toKey = (name: string): string => this.queue(queue).toKey(name);
    const keys = [`${toKey(id)}:lock`, toKey('stalled-check')];
    await Promise.all(
      keys.map(async (key) => {
        if ((await this.#client.pttl(key)) === -1)
          await this.#client.pexpire(key, this.#settings.lockDuration);
      }),
    );
  }

  #connectToAdd(): Redis {
    const client = sendingOnce(this.#client);
    client.on('error', this.#onError);
    if (this.sendsInOrder) writeTogether(client);
    return client;
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
    renewStalledSet(worker, this.#client, this.#onError);
    noteRefusals(worker);
    putBackByEngine(worker, () => this.#now());
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

  async unread(): Promise<undefined> {}

  async keepMailbox(id: string): Promise<void> {
    await this.#keep(this.#mailboxKey(id));
  }

  async removeMailbox(id: string): Promise<void> {
    const key = this.#mailboxKey(id);
    this.#kept.delete(key);
    await this.#client.del(key);
  }

  async close(): Promise<void> {
    const parts = [...this.#workers, ...this.#mailboxes, ...this.#queues.values(), this.#adding];
    await within(CLOSE_MS, Promise.allSettled(parts.map((part) => part.close())));
    for (const worker of this.#workers) stopRenewing(worker);
    // Where the engine is gone, those that BullMQ has made would look for it for ever.
    // (To disconnect one that has ended starts a timer of 2 s, which would hold the process.)
    for (const client of this.#clients) if (client.status !== 'end') client.disconnect();
  }

  #track(client: Redis): void {
    this.#clients.push(client);
    const duplicate = client.duplicate.bind(client);
    client.duplicate = (...options) => {
      const copy = duplicate(...options);
      this.#track(copy);
      return copy;
    };
  }

  async #now(): Promise<number> {
    const [seconds, micros] = await this.#client.time();
    return 1_000 * Number(seconds) + Math.floor(Number(micros) / 1_000);
  }

  async #keep(key: string): Promise<void> {
    await this.#client.pexpire(key, MAILBOX_MS);
  }

  #mailboxKey(id: string): string {
    return `${this.#settings.prefix}:${this.#settings.name}.mail:${id}`;
  }
}
