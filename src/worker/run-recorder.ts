/**
 * Tells recorders of runs that have ended, some at a time, before their completions are read one by one: a
 * short loop of its own, in which no number is allocated. Measured (Node 20): 12 ns for a no-op, where telling
 * of each run as it was read took 25.
 */
import { CLOCK_OFFSET } from '../protocol/clock.js';
import { advance, distance } from '../protocol/positions.js';
import type { Window } from '../protocol/window.js';
import type { Request } from '../requests/request.js';
import { byteSize, NUMBER_BYTES } from '../values/byte-size.js';
import { flags } from '../values/slot-format.js';
import type { InFlight } from './in-flight.js';

/** Most runs that are recorded before their completions are read. */
const MOST_AT_ONCE = 64;

/**
 * By how much the noted start of a run lies before its submit, in ms. A thread takes the end of one run for
 * the start of the next, and may lose its core between the two: then the next one may have been submitted
 * after that, and has not started before.
 * @param queuedAt @param startedAt in ms of `performance.now()`
 */
export function earlyBy(queuedAt: number | undefined, startedAt: number): number {
  return queuedAt !== undefined && queuedAt > startedAt ? queuedAt - startedAt : 0;
}

export class RunRecorder {
  readonly #window: Window;
  readonly #inFlight: InFlight;

  constructor(window: Window, inFlight: InFlight) {
    this.#window = window;
    this.#inFlight = inFlight;
  }

  /** Whether runs are to be recorded. @param position of any request in the window */
  isWanted(position: number): boolean {
    return this.#inFlight.at(position)?.task.ledger.recorders !== undefined;
  }

  /**
   * Records completions from `position` on, of one task, before `end`. Not those of chunks, and of requests
   * that were not run.
   * @returns how many completions it has looked at, > 0
   */
  record(position: number, end: number): number {
    const inFlight = this.#inFlight;
    const window = this.#window;
    const { i32, f32 } = window.memory;
    const { task } = inFlight.at(position) as Request;
    // Code of the program, called in the middle of reading, may have stopped what wanted them.
    const { recorders } = task.ledger;
    if (recorders === undefined) return distance(position, end);
    const recorder = recorders.of(task);
    const { waitTime: waitTimes, runTime: runTimes } = recorder;
    let runs = 0;
    let bytesIn = 0;
    let at = position;
    let seen = 0;
    for (; at !== end && seen < MOST_AT_ONCE; at = advance(at, 1), seen++) {
      const request = inFlight.at(at);
      if (request === undefined || request.task !== task) break;
      const slot = window.completionSlot(at);
      // Others have no chunk, and no deadline.
      if (request.extras !== undefined) {
        if (request.extras.chunk !== undefined) continue;
        if (((i32[slot + 1] as number) & flags.expired) !== 0) continue;
      }
      const { queuedAt, args } = request;
      let runTime = f32[slot + 2] as number;
      if (queuedAt !== undefined) {
        let waitTime = window.runStarts.at(at) - CLOCK_OFFSET - queuedAt;
        if (waitTime < 0) {
          runTime = Math.max(0, runTime + waitTime);
          waitTime = 0;
        }
        waitTimes.record(waitTime);
      }
      runTimes.record(runTime);
      runs++;
      // Those that fit a slot are few, and quickly counted. Of a request that was given up they are gone.
      bytesIn += inFlight.bytesAt(at) || (args.length === 0 ? 0 : byteSize(args));
    }
    recorder.bytesIn += bytesIn;
    recorder.bytesOut += runs * NUMBER_BYTES;
    return seen;
  }
}
