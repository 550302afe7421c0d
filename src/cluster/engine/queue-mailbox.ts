/** A mailbox where the engine has nothing but queues: each message is a job, and its owner the one worker. */
import type { Worker } from 'bullmq';
import type { Engine, Mailbox, OnMail } from './engine.js';

const CONCURRENCY = 20;
/** A job is taken again after its lock has run out, however often: the reader may have been stopped. */
const NO_LIMIT = 1_000_000;

export class QueueMailbox implements Mailbox {
  /** BullMQ's worker reads it by the same queries as all others: an engine that refuses them is missed. */
  readonly refusedSince = undefined;
  readonly #worker: Worker;

  constructor(engine: Engine, name: string, onMail: OnMail, lockDuration: number) {
    this.#worker = engine.worker(
      name,
      async ({ data }) => {
        const texts: unknown = data?.m;
        if (Array.isArray(texts)) for (const text of texts) onMail(String(text));
      },
      {
        concurrency: CONCURRENCY,
        lockDuration,
        stalledInterval: lockDuration,
        maxStalledCount: NO_LIMIT,
        runRetryDelay: 500,
      },
    );
  }

  async close(): Promise<void> {
    await this.#worker.close();
  }
}
