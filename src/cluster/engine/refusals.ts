/**
 * Where an engine refuses to give a job, BullMQ asks again at once: thousands of times a second, with an error
 * told each time, for as long as its memory is full, or it is a replica. So there is a pause; and it is noted what
 * is refused for a reason that may not pass.
 */
import type { Worker } from 'bullmq';
import { performance } from '../../protocol/clock.js';
import { isTransient } from '../transient.js';
import { delay } from './within.js';

const PAUSE_MS = 500;
/** One that the engine has not repeated for so many locks … */
const KNOWN_LOCKS = 4;
/** … and this time, in ms, is over: after a refusal BullMQ does not look for lost jobs for 5 s. */
const KNOWN_MS = 6_000;

/** By the monotonic clock. */
interface Refusal {
  readonly since: number;
  /** The last time. */
  readonly at: number;
  readonly error: Error;
}

const refusals = new WeakMap<Worker, Refusal>();

/** To be called with each worker. */
export function noteRefusals(worker: Worker): void {
  const { backend } = worker;
  const moveToActive = backend.moveToActive.bind(backend);
  const waitForJob = backend.waitForJob.bind(backend);
  const moveStalledJobsToWait = backend.moveStalledJobsToWait.bind(backend);
  backend.moveToActive = async (token, name) => {
    try {
      const given = await moveToActive(token, name);
      // That there is none says nothing: the refused one may be gone from its list.
      if (given[0]) refusals.delete(worker);
      return given;
    } catch (error) {
      note(worker, error);
      if (worker.closing === undefined) await delay(PAUSE_MS);
      throw error;
    }
  };
  const noting = (error: unknown): never => {
    note(worker, error);
    throw error;
  };
  backend.waitForJob = (timeout) => waitForJob(timeout).catch(noting);
  // By it come the jobs of lost machines.
  backend.moveStalledJobsToWait = () => moveStalledJobsToWait().catch(noting);
}

/** Why a worker has been given no job for the time of a lock, or longer, if it was refused. */
export function refusalOf(worker: Worker, lockDuration: number): Error | undefined {
  const refusal = refusals.get(worker);
  if (refusal === undefined) return undefined;
  const { since, at, error } = refusal;
  if (performance.now() - at > KNOWN_LOCKS * lockDuration + KNOWN_MS) refusals.delete(worker);
  return at - since >= lockDuration ? error : undefined;
}

function note(worker: Worker, error: unknown): void {
  if (isTransient(error) || worker.closing !== undefined) return;
  const at = performance.now();
  const { since = at } = refusals.get(worker) ?? {};
  refusals.set(worker, { since, at, error: error as Error });
}
