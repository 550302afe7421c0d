/**
 * Where an engine refuses to give a job, BullMQ asks again at once: thousands of times a second, with an error
 * told each time, for as long as its memory is full, or it is a replica. So there is a pause; and it is noted what
 * is refused for a reason that may not pass.
 */
import type { Worker } from 'bullmq';
import { LastingError } from '../lasting-error.js';
import { isTransient } from '../transient.js';
import { delay } from './within.js';

const PAUSE_MS = 500;

const refusals = new WeakMap<Worker, LastingError>();

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
      if (given[0]) refusals.get(worker)?.over();
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
  return refusals.get(worker)?.lasting(lockDuration);
}

function note(worker: Worker, error: unknown): void {
  if (isTransient(error) || worker.closing !== undefined) return;
  const known = refusals.get(worker) ?? new LastingError();
  refusals.set(worker, known);
  known.came(error as Error);
}
