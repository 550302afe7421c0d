/**
 * Tells recorders of runs that have ended, as their completions are read: of the bytes of each, and of the
 * times where the thread has not counted them itself.
 */
import { CLOCK_OFFSET } from '../protocol/clock.js';
import { earlyBy } from '../protocol/early-start.js';
import type { Window } from '../protocol/window.js';
import type { Request } from '../requests/request.js';
import { byteSize, NUMBER_BYTES } from '../values/byte-size.js';
import { flags } from '../values/slot-format.js';
import type { InFlight } from './in-flight.js';
import type { Tallies } from './tallies.js';

export class RunRecorder {
  readonly #window: Window;
  readonly #inFlight: InFlight;
  readonly #tallies: Tallies;

  constructor(window: Window, inFlight: InFlight, tallies: Tallies) {
    this.#window = window;
    this.#inFlight = inFlight;
    this.#tallies = tallies;
  }

  /** Whether runs are to be recorded. @param position of any request in the window */
  isWanted(position: number): boolean {
    return this.#inFlight.at(position)?.task.account.recorder !== undefined;
  }

  /**
   * Records the run of a request that has just left the window at a position.
   * @param kind of its completion
   * @param runTime in ms
   */
  record(request: Request, position: number, kind: number, runTime: number): void {
    // Code of the program, called in the middle of reading, may have stopped what wanted it.
    const { recorder } = request.task.account;
    if (recorder === undefined) return;
    const bytes = this.#inFlight.bytesAt(position);
    // Those that fit a slot are few, and quickly counted. Of a request that was given up they are gone.
    if (bytes !== 0) recorder.bytesIn += bytes;
    else if (request.args.length !== 0) recorder.bytesIn += byteSize(request.args);
    // The tally has what each result takes at least.
    if ((kind & flags.counted) !== 0) return;
    recorder.bytesOut += NUMBER_BYTES;
    const { queuedAt } = request;
    const startedAt = this.#window.runStarts.at(position) - CLOCK_OFFSET;
    const early = earlyBy(queuedAt, startedAt);
    if (queuedAt !== undefined) recorder.waitTime.record(startedAt + early - queuedAt);
    recorder.runTime.record(Math.max(0, runTime - early));
    this.#tallies.missed(request.task, recorder);
  }

  /** Records the size of a result: of what it has more than a number. */
  recordResult({ task }: Request, result: unknown): void {
    const { recorder } = task.account;
    if (recorder !== undefined) recorder.bytesOut += byteSize(result) - NUMBER_BYTES;
  }
}
