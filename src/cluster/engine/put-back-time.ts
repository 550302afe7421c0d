/**
 * By whose clock a job is put back on Redis: BullMQ takes that of the machine which does it, and the other machines
 * look for it by theirs. One that is ahead, and ends, would leave jobs that nobody takes for so long.
 */
import type { Worker } from 'bullmq';

/** What is put back for others at once: in ms, since delays are not 0. */
const AT_ONCE_MS = 1;
/** A time that is over by any clock. */
const LONG_AGO = 1;

/** @param now the time of the engine */
export function putBackByEngine(worker: Worker, now: () => Promise<number>): void {
  const { backend } = worker;
  const moveToDelayed = backend.moveToDelayed.bind(backend);
  backend.moveToDelayed = async (id, _timestamp, ms, token, options) =>
    ms <= AT_ONCE_MS
      ? moveToDelayed(id, LONG_AGO, 0, token, options)
      : moveToDelayed(id, await now(), ms, token, options);
}
