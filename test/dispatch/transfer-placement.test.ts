import { describe, expect, it } from 'vitest';
import { placeFor } from '../../dist/src/dispatch/transfer-placement.js';
import type { Request } from '../../dist/src/requests/request.js';
import { Prefetch } from '../../dist/src/worker/prefetch.js';
import type { Worker } from '../../dist/src/worker/worker.js';

const transfer = [new ArrayBuffer(8)];
const request = { task: { runs: 5 }, extras: { transfer } } as unknown as Request;

/** A worker that runs the given requests, of 2 ms each. */
function running(...requests: object[]): Worker {
  return {
    state: 'ready',
    view: { pending: requests.length, work: 2 * requests.length, available: true },
    inFlight: { pending: requests.length, hasUnknown: false, [Symbol.iterator]: () => requests.values() },
  } as unknown as Worker;
}

/** Workers have idled while requests waited, or not. */
function prefetch(ranDry: boolean): Prefetch {
  const made = new Prefetch(1.5);
  if (ranDry) made.ranDry(2, 1, 0);
  return made;
}

const plain = { extras: undefined };

describe('transferred arguments, which cannot be taken back from a thread', () => {
  it.each<[string, object[], boolean, boolean]>([
    ['go ahead behind one run of a few ms, where threads idled between two', [plain], true, true],
    ['wait where they did not', [plain], false, false],
    ['wait behind more than 3 ms', [plain, plain], true, false],
    [
      'wait behind a run with a timeout, at which its thread may be ended',
      [{ extras: { timeout: 50 } }],
      true,
      false,
    ],
    ['wait behind a run that may be aborted', [{ extras: { timeout: 0, signal: {} } }], true, false],
    [
      'wait behind a chunk, whose items may have a timeout',
      [{ extras: { timeout: 0, chunk: {} } }],
      true,
      false,
    ],
  ])('%s', (_, runs, ranDry, isSent) => {
    const worker = running(...runs);
    expect(placeFor(request, worker, [worker], prefetch(ranDry))).toBe(isSent ? worker : undefined);
  });

  it('wait behind a long run', () => {
    const worker = running(plain);
    (worker.view as { work: number }).work = 20;
    expect(placeFor(request, worker, [worker], prefetch(true))).toBeUndefined();
  });
});
