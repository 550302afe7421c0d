/**
 * A worker on PostgreSQL whose connections may break at any time. BullMQ takes most errors of a broken connection
 * for refusals. So a job that is done would stay, without anybody to renew its lock, and run a second time; and a job
 * that was taken by a command whose answer is lost would count as lost with its machine.
 */
import type { PgPool, Worker } from 'bullmq';
import { isTransient } from '../transient.js';
import { delay } from './within.js';

/** Between the first two attempts, in ms; then twice as long each time. */
const PAUSE_MS = 25;
const MOST_PAUSE_MS = 250;
/** Attempts while it is being closed: nothing shall wait for an engine that is gone. */
const LAST_ATTEMPTS = 5;
/** States from which a job would run. */
const TO_RUN = ['waiting', 'prioritized', 'delayed'];

/** @param pool the worker's */
export function surviveBrokenConnections(worker: Worker, pool: PgPool): void {
  const { backend } = worker;
  const moveToActive = backend.moveToActive.bind(backend);
  const moveToCompleted = backend.moveToCompleted.bind(backend);
  const moveToFailed = backend.moveToFailed.bind(backend);
  const moveToDelayed = backend.moveToDelayed.bind(backend);
  const moveToWait = backend.moveJobFromActiveToWait.bind(backend);
  const extendLock = backend.extendLock.bind(backend);
  const extendLocks = backend.extendLocks.bind(backend);

  async function again<T>(call: () => Promise<T>): Promise<T> {
    for (let pause = PAUSE_MS, left = LAST_ATTEMPTS; ; pause = Math.min(MOST_PAUSE_MS, 2 * pause)) {
      try {
        return await call();
      } catch (error) {
        if (!isTransient(error) || (worker.closing !== undefined && --left < 0)) throw error;
      }
      await delay(pause);
    }
  }

  /** The jobs that are given to a token. */
  async function heldBy(token: string): Promise<readonly string[]> {
    const { rows } = await pool.query(
      "SELECT id FROM job WHERE queue = $1 AND state = 'active' AND lock_token = $2",
      [worker.name, token],
    );
    return rows.map(({ id }: { id?: unknown }) => String(id));
  }

  /** What a command has taken whose answer is lost goes back: it has not run. */
  async function putBack(token: string): Promise<void> {
    for (const id of await heldBy(token)) await moveToWait(id, token);
  }

  /** Takes a job away, with whose reply all is done. */
  async function finish<T>(id: string, token: string, call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch (error) {
      if (!isTransient(error)) throw error;
    }
    return again(async () => {
      const held = await heldBy(token);
      if (held.includes(id)) return call();
      // That was done; or it counted as lost, so that it would run again.
      if (TO_RUN.includes(await backend.getState(id))) await backend.remove(id, false);
      await putBack(token);
      return undefined;
    });
  }

  backend.moveToActive = async (token, name) => {
    try {
      return await moveToActive(token, name);
    } catch (error) {
      if (isTransient(error)) await again(() => putBack(token));
      throw error;
    }
  };
  backend.moveToCompleted = async (job, value, keep, token, fetchNext) => {
    const call = () => moveToCompleted(job, value, keep, token, fetchNext);
    return (await finish(String(job.id), token, call)) ?? { result: undefined, finishedOn: Date.now() };
  };
  backend.moveToFailed = async (job, reason, keep, token, fetchNext, fields) => {
    const call = () => moveToFailed(job, reason, keep, token, fetchNext, fields);
    return (await finish(String(job.id), token, call)) ?? { result: undefined, finishedOn: Date.now() };
  };
  backend.moveToDelayed = async (id, timestamp, ms, token, options) => {
    const call = () => moveToDelayed(id, timestamp, ms, token, options);
    try {
      return await call();
    } catch (error) {
      if (!isTransient(error)) throw error;
    }
    return again(async () => ((await heldBy(token ?? '')).includes(id) ? call() : []));
  };
  // These may be done twice.
  backend.moveJobFromActiveToWait = (id, token) => again(() => moveToWait(id, token));
  backend.extendLock = (id, token, ms) => again(() => extendLock(id, token, ms));
  backend.extendLocks = (ids, tokens, ms) => again(() => extendLocks(ids, tokens, ms));
}
