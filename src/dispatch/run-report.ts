/** Tells the recorders and the observer of a run that has ended. */
import type { ObservedRun, Observer } from '../ledger/observer.js';
import { CLOCK_OFFSET, performance } from '../protocol/clock.js';
import { earlyBy } from '../protocol/early-start.js';
import type { Chunk } from '../requests/chunk.js';
import type { Request } from '../requests/request.js';
import { byteSize } from '../values/byte-size.js';
import { contentBytes } from '../values/outcomes.js';
import type { Worker } from '../worker/worker.js';

/** One object for all, since there may be a million a second. */
const run: { -readonly [Name in keyof ObservedRun]: ObservedRun[Name] } = {
  startedAt: 0,
  runTime: 0,
  completed: 0,
  failed: 0,
  itemTimes: undefined,
};

function noteTimes(request: Request, startedAt: number, runTime: number): void {
  const early = earlyBy(request.queuedAt, startedAt);
  run.startedAt = startedAt + early;
  run.runTime = Math.max(0, runTime - early);
}

/** The worker has just read the completion of a request. */
export function reportRun(
  observer: Observer,
  worker: Worker,
  request: Request,
  runTime: number,
  isFailed: boolean,
): void {
  noteTimes(request, worker.completions.lastStart, runTime);
  run.completed = 1;
  run.failed = isFailed ? 1 : 0;
  run.itemTimes = undefined;
  observer.ran(request, worker, run);
}

/** The same of a chunk, of which so many items were run. */
export function reportChunk(
  worker: Worker,
  request: Request,
  chunk: Chunk,
  runTime: number,
  completed: number,
  failed: number,
): void {
  const { recorder } = request.task.account;
  const { observer } = request.task.ledger;
  if (recorder === undefined && observer === undefined) return;
  const { payload, bytes, size } = chunk;
  noteTimes(request, worker.completions.lastStart, runTime);
  run.completed = completed;
  run.failed = failed;
  run.itemTimes = payload.times && new Float32Array(payload.times, 0, completed);
  if (recorder !== undefined) {
    recorder.ranItems(request, run);
    recorder.bytesIn += (bytes * completed) / size;
    recorder.bytesOut += contentBytes(payload.memory, completed) + chunk.takenBytes;
    for (const { value } of chunk.untaken) recorder.bytesOut += byteSize(value);
  }
  observer?.ran(request, worker, run);
}

/** The worker has died running a request. @param item if it is a chunk: the item that was noted, or -1 */
export function reportDeath(worker: Worker, request: Request, item: number): void {
  const { recorder } = request.task.account;
  const { observer } = request.task.ledger;
  if (recorder === undefined && observer === undefined) return;
  const chunk = request.extras?.chunk;
  const startedAt = worker.running.startOf(
    chunk === undefined ? request : { id: request.id + Math.max(0, item) },
  );
  if (startedAt === 0) return;
  const isItem = chunk === undefined || item >= 0;
  const start = startedAt - CLOCK_OFFSET;
  noteTimes(request, start, performance.now() - start);
  run.completed = (chunk?.completed ?? 0) + (isItem ? 1 : 0);
  run.failed = (chunk?.failed ?? 0) + (isItem ? 1 : 0);
  run.itemTimes = timesWith(chunk, run.runTime, isItem);
  if (worker.hasCounted && recorder !== undefined) recorder.failed += run.failed;
  else recorder?.ranItems(request, run);
  observer?.ran(request, worker, run);
}

/** The times of the complete items, and of the one that was running. */
function timesWith(chunk: Chunk | undefined, last: number, isItem: boolean): Float32Array | undefined {
  const times = chunk?.payload.times;
  if (chunk === undefined || times === undefined) return undefined;
  const complete = new Float32Array(times, 0, chunk.completed);
  return isItem ? Float32Array.of(...complete, last) : complete;
}
