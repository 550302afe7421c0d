/** Tells all others that a machine is there, again and again, and learns of them what it needs to know. */
import { performance } from '../protocol/clock.js';
import { clearTimeout, setTimeout } from '../protocol/timers.js';
import { Directory } from './directory.js';
import type { Entry } from './directory-entry.js';
import type { Engine, OnEngineError } from './engine/engine.js';
import { EngineError } from './errors.js';
import type { EngineSettings } from './options.js';
import type { ServedNow } from './served-now.js';
import { Silence } from './silence.js';

const MISSED_BEATS = 3;

/** What a machine tells of itself. */
export interface Description extends ServedNow {
  readonly threads: number;
  readonly slots: number;
}

/** What became of a beat. */
export interface BeatEvents {
  readonly failed: OnEngineError;
  readonly answered: () => void;
}

export class Presence {
  readonly #engine: Engine;
  readonly #id: string;
  readonly #settings: EngineSettings;
  readonly #describe: () => Description;
  readonly #events: BeatEvents;
  readonly #silence: Silence;
  #directory: Directory | undefined;
  #beat: NodeJS.Timeout | undefined;
  #beatAt = Number.NEGATIVE_INFINITY;
  #hasLeft = false;

  /** @param describe called at each beat */
  constructor(
    engine: Engine,
    id: string,
    settings: EngineSettings,
    describe: () => Description,
    events: BeatEvents,
  ) {
    this.#engine = engine;
    this.#id = id;
    this.#settings = settings;
    this.#describe = describe;
    this.#events = events;
    const { lockDuration, engineTimeout } = settings;
    // With the beat before, that is when it is not connected any more.
    const silent = Math.min(engineTimeout, (MISSED_BEATS - 1) * lockDuration);
    this.#silence = new Silence(silent, () => events.failed(silenceOf(engine)));
  }

  /** The engine has answered lately. */
  get isConnected(): boolean {
    const age = performance.now() - this.#beatAt;
    return age < MISSED_BEATS * this.#settings.lockDuration && !this.#silence.isSilent;
  }

  /** Reads and writes, but does not say that there is a machine. Rejects with what the engine refuses. */
  async tryOut(): Promise<void> {
    await this.#newDirectory().machines();
    await this.#engine.removeMailbox(this.#id);
  }

  /** The first beat. Rejects with what the engine refuses; may be called again then. */
  async begin(): Promise<void> {
    // Not before: on a new database there would be no tables.
    this.#directory ??= this.#newDirectory();
    await this.#sayAlive(this.#directory);
  }

  /** From now on there is a beat for each lock. */
  goOn(): void {
    if (this.#hasLeft) return;
    this.#beat = setTimeout(() => void this.#next(), this.#settings.lockDuration);
  }

  /** Its tasks are others now. */
  async changed(): Promise<void> {
    await this.#directory?.beat(this.#describe());
  }

  /** Whether a submitter has not been heard of for long. */
  async isGone(submitter: string): Promise<boolean> {
    return (await this.#directory?.isGone(submitter)) === true;
  }

  /** The machines that are alive. */
  async machines(): Promise<readonly Entry[]> {
    return (await this.#directory?.machines()) ?? [];
  }

  /** So that nobody counts on it. */
  async leave(): Promise<void> {
    this.#hasLeft = true;
    clearTimeout(this.#beat);
    this.#silence.stop();
    await this.#directory?.leave();
  }

  async #next(): Promise<void> {
    try {
      await this.#silence.during(this.#sayAlive(this.#directory as Directory));
    } catch (error) {
      this.#events.failed(error as Error);
    }
    this.goOn();
  }

  async #sayAlive(directory: Directory): Promise<void> {
    await directory.beat(this.#describe());
    await this.#engine.keepMailbox(this.#id);
    await directory.sweep();
    this.#beatAt = performance.now();
    this.#silence.stop();
    this.#events.answered();
  }

  #newDirectory(): Directory {
    const { name, lockDuration } = this.#settings;
    return new Directory(this.#engine, name, {
      kind: 'machine',
      id: this.#id,
      every: lockDuration,
      ...this.#describe(),
    });
  }
}

/** The same text each time: logs tell it once. */
function silenceOf({ congestion }: Engine): EngineError {
  return new EngineError(`the engine does not answer${congestion === undefined ? '' : `: ${congestion}`}`);
}
