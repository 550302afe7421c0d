/** BullMQ on PostgreSQL: all queues and workers share one pool. */
import type { EventEmitter } from 'node:events';
import type * as BullMQ from 'bullmq';
import type { Job, PgPool, PgPoolClient, Queue, Worker, WorkerOptions } from 'bullmq';
import { InvalidOptionError } from '../../errors/errors.js';
import { EngineError } from '../errors.js';
import type { EngineSettings, PostgresOptions } from '../options.js';
import {
  CLOSE_MS,
  type Cleared,
  type Engine,
  EVENTS_KEPT,
  isOfLocks,
  type OnEngineError,
  type OnMail,
  type Processor,
  stopRenewing,
} from './engine.js';
import { addJobs, type NewJob } from './job-entry.js';
import { startingAnew } from './postgres-start.js';
import { surviveBrokenConnections } from './postgres-worker.js';
import { QueueMailbox } from './queue-mailbox.js';
import { noteRefusals } from './refusals.js';
import { within } from './within.js';

interface PgModule {
  readonly Pool: new (options: object) => PgPool;
}
/** The module of `pg`. */
export type Pg = PgModule & { readonly default?: PgModule };

/** What a pool of `pg` says of itself, and another one need not. */
interface PoolCounts {
  readonly totalCount?: number;
  readonly idleCount?: number;
  readonly waitingCount?: number;
}

/** Connections for queries; each worker holds one more, by which it is told of jobs. */
const CONNECTIONS = 6;
/** Queues of mailboxes that are kept at hand. */
const MOST_MAIL_QUEUES = 1_000;

/** A connection that breaks while BullMQ, or the engine, has it out of the pool must not end the process. */
function ignoreErrors(client: EventEmitter): void {
  client.on('error', () => {});
}

export class PostgresEngine implements Engine {
  readonly sendsInOrder = false;
  readonly #bull: typeof BullMQ;
  readonly #settings: EngineSettings;
  readonly #onError: OnEngineError;
  readonly #pool: PgPool;
  readonly #ownsPool: boolean;
  readonly #queues = new Map<string, Queue>();
  readonly #mailQueues = new Map<string, Queue>();
  readonly #workers = new Set<Worker>();
  /** What queues that were just made write of themselves. */
  readonly #metaWrites = new Set<Promise<unknown>>();
  #migrated: Promise<void> | undefined;

  constructor(
    bull: typeof BullMQ,
    pg: Pg,
    settings: EngineSettings,
    listeners: number,
    onError: OnEngineError,
  ) {
    this.#bull = bull;
    this.#settings = settings;
    this.#onError = onError;
    const given = settings.postgres as PostgresOptions | string | URL;
    this.#ownsPool = !bull.isPgPool(given);
    this.#pool = bull.isPgPool(given)
      ? given
      : new (pg.default ?? pg).Pool(poolOptions(bull, given, listeners));
    if (!this.#ownsPool) mustHaveRoom(this.#pool, listeners);
    this.#poolEvents.on('connect', ignoreErrors);
    // Nobody else may listen, and then it would end the process.
    this.#pool.on('error', onError);
    if (!this.#ownsPool) outliveUs(this.#pool);
  }

  ready(): Promise<void> {
    this.#migrated ??= this.#migrate().catch((error) => {
      this.#migrated = undefined;
      throw error;
    });
    return this.#migrated;
  }

  /** Of a pool of our own it would say nothing: those that wait are ours alike. */
  get congestion(): string | undefined {
    const { waitingCount = 0, idleCount = 0, totalCount } = this.#pool as PoolCounts;
    if (this.#ownsPool || waitingCount === 0 || idleCount > 0) return undefined;
    return `all ${totalCount} connections of the pool are in use`;
  }

  ping(): Promise<unknown> {
    return this.#pool.query('SELECT 1');
  }

  async compareClocks(most: number): Promise<void> {
    const asked = Date.now();
    const { rows } = await this.#pool.query('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now');
    const ahead = aheadOf(Number(rows[0]?.now), asked, Date.now());
    if (Math.abs(ahead) <= most) return;
    const off = `${(Math.abs(ahead) / 1_000).toFixed(1)} s ${ahead > 0 ? 'ahead of' : 'behind'}`;
    throw new EngineError(
      `the clock of this host is ${off} that of PostgreSQL, and locks go by both: set the clocks, or a longer lockDuration`,
    );
  }

  queue(name: string): Queue {
    return this.#queueIn(this.#queues, name);
  }

  add(queue: string, jobs: readonly NewJob[]): Promise<void> {
    return addJobs(this.queue(queue), jobs);
  }

  /** A row says itself in which state it is. */
  async clear(): Promise<Cleared> {
    return { isHeld: false };
  }

  async discard(queue: string, id: string): Promise<void> {
    await this.queue(queue).remove(id);
  }

  /** A lock is a time. */
  async expireLock(): Promise<void> {}

  worker(name: string, processor: Processor, options: Partial<WorkerOptions>): Worker {
    const worker = new this.#bull.Worker(
      name,
      (job: Job, token?: string) => processor(job, token),
      { ...(options as object), connection: this.#pool },
      startingAnew(this.#bull.createPostgresBackend, this.#poolEvents),
    ) as unknown as Worker;
    worker.on('error', (error) => {
      if (!isOfLocks(error)) this.#onError(error);
    });
    surviveBrokenConnections(worker, this.#pool);
    noteRefusals(worker);
    this.#workers.add(worker);
    worker.once('closed', () => this.#workers.delete(worker));
    return worker;
  }

  openMailbox(id: string, onMail: OnMail): QueueMailbox {
    return new QueueMailbox(this, this.#mailName(id), onMail, this.#settings.lockDuration);
  }

  async send(id: string, texts: readonly string[]): Promise<void> {
    const name = this.#mailName(id);
    if (this.#mailQueues.size > MOST_MAIL_QUEUES) this.#forgetMailQueues();
    const queue = this.#queueIn(this.#mailQueues, name);
    await queue.add('mail', { m: texts }, { removeOnComplete: true, removeOnFail: true });
  }

  unread(id: string): Promise<readonly string[]> {
    const queue = this.#queueIn(this.#mailQueues, this.#mailName(id));
    return queue.getRanges(['active', 'waiting', 'delayed']);
  }

  async keepMailbox(): Promise<void> {}

  async removeMailbox(id: string): Promise<void> {
    const name = this.#mailName(id);
    await this.#queueIn(this.#mailQueues, name).obliterate({ force: true });
    void this.#mailQueues
      .get(name)
      ?.close()
      .catch(() => {});
    this.#mailQueues.delete(name);
  }

  async close(): Promise<void> {
    const parts = [...this.#workers, ...this.#queues.values(), ...this.#mailQueues.values()];
    await within(CLOSE_MS, Promise.allSettled(parts.map((part) => part.close())));
    await within(CLOSE_MS, Promise.all(this.#metaWrites));
    for (const worker of this.#workers) stopRenewing(worker);
    this.#poolEvents.off('connect', ignoreErrors);
    if (!this.#ownsPool) this.#poolEvents.off('error', this.#onError);
    else await within(CLOSE_MS, this.#pool.end());
  }

  get #poolEvents(): EventEmitter {
    return this.#pool as unknown as EventEmitter;
  }

  async #migrate(): Promise<void> {
    if (!this.#ownsPool) {
      await this.#pool.query('SELECT 1');
      return;
    }
    const client: PgPoolClient = await this.#pool.connect();
    try {
      await this.#bull.runMigrations(client, schemaOf(this.#settings));
    } finally {
      client.release();
    }
  }

  #queueIn(queues: Map<string, Queue>, name: string): Queue {
    let queue = queues.get(name);
    if (queue === undefined) {
      queue = new this.#bull.Queue(
        name,
        { connection: this.#pool, streams: { events: { maxLen: EVENTS_KEPT } } },
        startingAnew(this.#bull.createPostgresBackend, this.#poolEvents),
      ) as unknown as Queue;
      queue.on('error', this.#onError);
      queues.set(name, queue);
      this.#awaitMeta(queue);
    }
    return queue;
  }

  /** BullMQ's `close` does not wait for it: the connection would come back to the pool after ours. */
  #awaitMeta(queue: Queue): void {
    const { queueMetaInitialized } = queue as unknown as { readonly queueMetaInitialized?: Promise<void> };
    const write = Promise.resolve(queueMetaInitialized).finally(() => this.#metaWrites.delete(write));
    this.#metaWrites.add(write);
  }

  #mailName(id: string): string {
    return `${this.#settings.name}.mail.${id}`;
  }

  #forgetMailQueues(): void {
    for (const queue of this.#mailQueues.values()) void queue.close().catch(() => {});
    this.#mailQueues.clear();
  }
}

/** How far a clock is ahead, in ms, that was read before and after the other one; below 0: behind. */
function aheadOf(other: number, before: number, after: number): number {
  if (other < before) return before - other;
  return other > after ? after - other : 0;
}

/** Pools of programs that have been used. */
const used = new WeakSet<PgPool>();

/** Connections that were made here stay in it after `close`; one that breaks must not end the process then. */
function outliveUs(pool: PgPool): void {
  if (used.has(pool)) return;
  used.add(pool);
  pool.on('error', () => {});
}

/** Workers keep a connection each, and queries would wait for ever. @throws InvalidOptionError */
function mustHaveRoom(
  pool: PgPool & { readonly options?: { readonly max?: unknown } },
  listeners: number,
): void {
  const max = pool.options?.max;
  if (typeof max !== 'number' || max > listeners) return;
  throw new InvalidOptionError(
    'options.postgres',
    `a pool of ${max} connections`,
    `one of more than ${listeners}: one is kept for each module that is served, and one for messages`,
  );
}

/** Where BullMQ's tables are; `undefined`: where it has them by default. */
function schemaOf({ postgres }: EngineSettings): string | undefined {
  return typeof postgres === 'string' ? undefined : (postgres as PostgresOptions).schema;
}

function poolOptions(bull: typeof BullMQ, given: PostgresOptions | string | URL, listeners: number): object {
  const options: PostgresOptions =
    typeof given === 'string' || given instanceof URL ? { connectionString: String(given) } : given;
  const { schema = bull.DEFAULT_SCHEMA, ...others } = options;
  const path = `-c search_path=${bull.quoteSchemaName(schema)}`;
  return {
    ...others,
    max: (options.max ?? CONNECTIONS) + listeners,
    options: options.options === undefined ? path : `${String(options.options)} ${path}`,
  };
}
