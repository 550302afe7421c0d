/** A run as observers are told of it. Made only where somebody observes. */
import type { ObservedRun } from '../ledger/observer.js';
import { performance } from '../protocol/clock.js';
import type { Request } from '../requests/request.js';
import { byteSize } from '../values/byte-size.js';

export function runOf(
  request: Request,
  runTime: number,
  completed: number,
  failed: number,
  value: unknown,
): ObservedRun {
  const chunk = request.extras?.chunk;
  return {
    startedAt: performance.now() - runTime,
    runTime,
    completed,
    failed,
    itemTimes: undefined,
    bytesIn: chunk === undefined ? byteSize(request.args) : chunk.bytes,
    bytesOut: byteSize(value),
  };
}
