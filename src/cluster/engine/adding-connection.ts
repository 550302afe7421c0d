/**
 * The connection to Redis by which jobs are added: a command whose answer was lost is not sent again there, since
 * its jobs may have run already, and would run twice.
 */
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { clearTimeout, setTimeout } from '../../protocol/timers.js';
import { addJobs, type NewJob } from './job-entry.js';

/** Longest wait for the answer, in ms: then the connection is given up. */
const ADD_MS = 15_000;

export class AddingConnection {
  readonly #connect: () => Redis;
  readonly #makeQueue: (name: string, client: Redis) => Queue;
  #client: Redis | undefined;
  readonly #queues = new Map<string, Queue>();

  /** @param connect called with the first jobs */
  constructor(connect: () => Redis, makeQueue: (name: string, client: Redis) => Queue) {
    this.#connect = connect;
    this.#makeQueue = makeQueue;
  }

  async add(name: string, jobs: readonly NewJob[]): Promise<void> {
    this.#client ??= this.#connect();
    const client = this.#client;
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = this.#makeQueue(name, client);
      this.#queues.set(name, queue);
    }
    // All else goes by other connections, which would not show that this one has died silently.
    const timer = setTimeout(() => {
      if (client.status === 'ready') client.disconnect(true);
    }, ADD_MS);
    try {
      await addJobs(queue, jobs);
    } catch (error) {
      // One whose connection has broken before it was ready would refuse for ever.
      if (this.#queues.get(name) === queue) this.#queues.delete(name);
      void queue.close().catch(() => {});
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#queues.values()].map((queue) => queue.close()));
  }
}
