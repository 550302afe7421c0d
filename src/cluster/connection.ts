/** A Cluster's side of the engine: opened once, watched, closed. Who else is there. */
import { performance } from '../protocol/clock.js';
import { clearInterval, clearTimeout, setInterval, setTimeout } from '../protocol/timers.js';
import type { ClusterSettings } from './cluster-options.js';
import { Directory } from './directory.js';
import type { Entry } from './directory-entry.js';
import { CLOSE_MS, type Engine, type Mailbox, type OnEngineError } from './engine/engine.js';
import { openEngine } from './engine/open.js';
import { within } from './engine/within.js';
import { EngineError, NoMachineError } from './errors.js';
import { newId } from './names.js';
import { OpenRequests } from './open-requests.js';
import { ServedNames } from './served-names.js';
import { isTransient } from './transient.js';

/** Workers of this side: its mailbox's, at most. */
const LISTENERS = 1;
const PAUSE_MS = 500;

export class Connection {
  /** Of this submitter. */
  readonly id = newId();
  readonly requests: OpenRequests;
  readonly #settings: ClusterSettings;
  readonly #engine: Engine;
  readonly #onError: OnEngineError;
  #mailbox: Mailbox | undefined;
  #directory: Directory | undefined;
  readonly #watch: NodeJS.Timeout;
  /** Between two looks, in ms. */
  readonly #lookEvery: number;
  #lookedAt = performance.now();
  #beat: NodeJS.Timeout | undefined;
  #isBeating = false;
  #machines: readonly Entry[] = [];
  readonly #served: ServedNames;
  #isLooking = false;
  #lastError: unknown;
  #failure: EngineError | undefined;
  #isClosed = false;

  /** @throws BalancerError with code `ERR_MISSING_PACKAGE`, InvalidOptionError */
  constructor(settings: ClusterSettings, onError: OnEngineError, onSettled: () => void) {
    this.#settings = settings;
    this.#onError = (error) => {
      this.#lastError = error;
      if (!this.#isClosed) onError(error);
    };
    this.#engine = openEngine(settings.engine, LISTENERS, this.#onError);
    const { lockDuration, engineTimeout } = settings.engine;
    this.#served = new ServedNames(settings.machineTimeout);
    this.requests = new OpenRequests(
      this.#engine,
      this.id,
      2 * lockDuration,
      engineTimeout,
      this.#onError,
      onSettled,
    );
    this.#lookEvery = Math.min(1_000, lockDuration);
    this.#watch = setInterval(() => this.#look(), this.#lookEvery);
    void this.#open();
  }

  /** Why requests are refused, if they are: the engine is out of reach. */
  get failure(): EngineError | undefined {
    return this.#failure;
  }

  /** The machines that are alive, as far as is known. */
  get machines(): readonly Entry[] {
    return this.#machines;
  }

  /** The other side of the engine is there: jobs may be sent. */
  get isOpen(): boolean {
    return this.#directory !== undefined;
  }

  /** Closes everything. The requests must be settled. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#watch);
    clearTimeout(this.#beat);
    if (this.isOpen && this.#failure === undefined) {
      await within(this.#settings.engine.lockDuration, this.requests.cancelled());
      await within(CLOSE_MS, Promise.resolve(this.#mailbox?.close()));
      await within(
        PAUSE_MS,
        Promise.allSettled([this.#directory?.leave(), this.#engine.removeMailbox(this.id)]),
      );
    }
    await this.#engine.close();
  }

  async #open(): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.#engine.ready();
        // What is made after that would never be closed.
        if (this.#isClosed) return;
        const { name, lockDuration } = this.#settings.engine;
        this.#mailbox ??= this.#engine.openMailbox(this.id, this.requests.onMail);
        const directory = new Directory(this.#engine, name, {
          kind: 'submitter',
          id: this.id,
          every: lockDuration,
          tasks: [],
          threads: 0,
          slots: 0,
        });
        // Before the first job, so that nobody takes this submitter for dead.
        await directory.beat();
        this.#heard();
        this.#directory = directory;
        this.requests.start();
        await this.#beatNow();
        return;
      } catch (error) {
        this.#onError(error as Error);
        if (!isTransient(error)) this.#fail();
        await within(PAUSE_MS, new Promise(() => {}));
      }
    }
  }

  /** The engine has answered. */
  #heard(): void {
    this.requests.heardAt = performance.now();
    if (!this.#isDeaf) this.#failure = undefined;
  }

  /** Replies have been refused for longer than an engine may be out of reach. */
  get #isDeaf(): boolean {
    const since = this.#mailbox?.refusedSince;
    return since !== undefined && performance.now() - since > this.#settings.engine.engineTimeout;
  }

  /** Whether the engine is still there, from which nothing may come any more. */
  #look(): void {
    const now = performance.now();
    // While this process was busy, or stopped, it heard nothing: what the engine has said is read after this.
    const deaf = now - this.#lookedAt - this.#lookEvery;
    if (deaf > this.#lookEvery) this.requests.heardAt = Math.min(now, this.requests.heardAt + deaf);
    this.#lookedAt = now;
    const silent = now - this.requests.heardAt;
    const { lockDuration, engineTimeout } = this.#settings.engine;
    // Two beats may be missed even if it is shorter.
    if (silent > Math.max(engineTimeout, this.isOpen ? 2.5 * lockDuration : 0) || this.#isDeaf) this.#fail();
    if (this.#failure !== undefined) this.requests.rejectAll(() => this.#failure);
    void this.#lookForMachines();
  }

  #fail(): void {
    const cause = this.#lastError;
    const known = cause instanceof Error && cause.message !== '' ? cause.message : cause;
    const why = String(known ?? this.#engine.congestion ?? 'no answer');
    this.#failure ??= new EngineError(`the engine cannot be used: ${why}`, { cause });
  }

  async #beatNow(): Promise<void> {
    if (this.#isClosed || this.#isBeating) return;
    this.#isBeating = true;
    try {
      const directory = this.#directory as Directory;
      const wasThere = await directory.beat();
      await this.#engine.keepMailbox(this.id);
      this.#heard();
      // It would wait for mail, and no beat meanwhile.
      if (this.#mailbox?.refusedSince === undefined) await this.requests.look(!wasThere);
      this.#noteMachines(await directory.machines());
      await directory.sweep();
    } catch (error) {
      this.#onError(error as Error);
    } finally {
      this.#isBeating = false;
    }
    if (!this.#isClosed)
      this.#beat = setTimeout(() => void this.#beatNow(), this.#settings.engine.lockDuration);
  }

  #noteMachines(entries: readonly Entry[]): void {
    this.#machines = entries;
    this.#served.saw(this.#machines.flatMap(({ tasks }) => tasks));
  }

  /** Rejects what has waited too long for a machine that serves it. */
  async #lookForMachines(): Promise<void> {
    const directory = this.#directory;
    if (directory === undefined || this.#failure !== undefined || this.#isLooking) return;
    if (this.#served.overdue(this.requests).length === 0) return;
    this.#isLooking = true;
    try {
      // One may have come since the last beat.
      this.#noteMachines(await directory.machines());
      const why = (key: 'refusal' | 'inability') => [
        ...new Set(this.#machines.flatMap(({ [key]: reason }) => reason ?? [])),
      ];
      const whyNot = { refusals: why('refusal'), inabilities: why('inability') };
      for (const request of this.#served.overdue(this.requests)) {
        const error = new NoMachineError(
          request.task.name,
          this.#served.names,
          this.#machines.length,
          whyNot,
        );
        this.requests.reject(request, error);
      }
    } catch (error) {
      this.#onError(error as Error);
    } finally {
      this.#isLooking = false;
    }
  }
}
