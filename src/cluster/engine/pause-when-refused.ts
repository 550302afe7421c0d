/**
 * Where an engine refuses to give a job, BullMQ asks again at once: thousands of times a second, with an error
 * told each time, for as long as its memory is full, or it is a replica.
 */
import type { Worker } from 'bullmq';
import { delay } from './within.js';

const PAUSE_MS = 500;

export function pauseWhenRefused(worker: Worker): void {
  const { backend } = worker;
  const moveToActive = backend.moveToActive.bind(backend);
  backend.moveToActive = (token, name) =>
    moveToActive(token, name).catch(async (error) => {
      if (worker.closing === undefined) await delay(PAUSE_MS);
      throw error;
    });
}
