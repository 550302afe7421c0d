/**
 * Ejects broken workers: silent ones, and those whose requests fail far more often than the others'. A fresh
 * thread takes the place of each, and gets requests when it has come up and passed the start-up check.
 *
 * The times of ejections belong to the place, not to the thread: a place whose workers are ejected again and
 * again has another fault, such as a key whose requests all fail. So the first fresh thread comes at once,
 * and the n-th after (n - 1) × `baseEjectionTime`; A50's multiplier, which falls while the place serves well,
 * is that n.
 */
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { OutlierConfig } from '../options/outlier.js';
import type { Duty } from '../pool/maintenance.js';
import type { Pool } from '../pool/pool.js';
import { performance } from '../protocol/clock.js';
import type { Worker } from '../worker/worker.js';
import { Liveness } from './liveness.js';
import { type Ejection, type EjectionReason, OutlierDetector } from './outlier.js';

/** Why a worker was ejected. */
export type WorkerEjectionReason = EjectionReason | 'silent';

export interface SupervisorSetup {
  /** How long a worker may be silent, in ms; `Infinity`: no limit. */
  readonly silence: number;
  /** Whether that holds while it runs a request, too. */
  readonly whileRunning: boolean;
  readonly outliers: OutlierConfig | undefined;
}

export interface SupervisorEvents {
  ejected(id: number, reason: WorkerEjectionReason): void;
  /** The fresh worker `id` gets requests, in the place of an ejected one. */
  readmitted(id: number, replaces: number): void;
}

/** The worker of a place. */
interface Occupant {
  readonly id: number;
  readonly isEjected: boolean;
}

export class Supervisor implements Duty {
  readonly #setup: SupervisorSetup;
  readonly #pool: Pool;
  readonly #dispatcher: Dispatcher;
  readonly #events: SupervisorEvents;
  readonly #liveness: Liveness | undefined;
  readonly #detector: OutlierDetector<string> | undefined;
  /** By label of the place: its worker, or the one that was ejected from it. */
  readonly #occupants = new Map<string, Occupant>();
  #nextSweep = 0;

  constructor(setup: SupervisorSetup, pool: Pool, dispatcher: Dispatcher, events: SupervisorEvents) {
    this.#setup = setup;
    this.#pool = pool;
    this.#dispatcher = dispatcher;
    this.#events = events;
    if (setup.silence !== Number.POSITIVE_INFINITY)
      this.#liveness = new Liveness(setup.silence, setup.whileRunning);
    if (setup.outliers !== undefined) this.#detector = new OutlierDetector(setup.outliers, Math.random);
  }

  get pace(): number | undefined {
    const pace = Math.min(
      this.#liveness?.pace ?? Number.POSITIVE_INFINITY,
      this.#setup.outliers?.interval ?? Number.POSITIVE_INFINITY,
    );
    return pace === Number.POSITIVE_INFINITY ? undefined : pace;
  }

  look(now: number): number | undefined {
    for (const worker of this.#liveness?.look(this.#dispatcher.workers, now) ?? []) this.#ejectSilent(worker);
    this.#sweep(now);
    const { pace } = this;
    return this.#dispatcher.busy && pace !== undefined ? now + pace : undefined;
  }

  /** A worker gets requests from now on. */
  admitted(worker: Worker): void {
    const { label } = worker.view;
    const former = this.#occupants.get(label);
    this.#occupants.set(label, { id: worker.id, isEjected: false });
    if (former?.isEjected) {
      this.#detector?.readmit(label);
      this.#events.readmitted(worker.id, former.id);
    } else {
      this.#detector?.remove(label);
    }
    this.#detector?.add(label);
  }

  /** A worker's thread has ended. */
  gone(id: number): void {
    this.#liveness?.forget(id);
  }

  /** One of its requests has ended. */
  observe(worker: Worker, ok: boolean): void {
    if (this.#detector === undefined || !this.#isOccupant(worker)) return;
    const ejection = this.#detector.observe(worker.view.label, ok);
    if (ejection !== undefined) this.#ejectOutlier(ejection, performance.now());
  }

  #isOccupant(worker: Worker): boolean {
    const occupant = this.#occupants.get(worker.view.label);
    return occupant !== undefined && occupant.id === worker.id && !occupant.isEjected;
  }

  #ejectSilent(worker: Worker): void {
    const { silence } = this.#setup;
    const cause = new Error(`the worker showed no sign of life for ${silence} ms`);
    if (this.#isOccupant(worker)) this.#eject(worker, 'silent', 0, cause);
    else this.#pool.eject(worker, 0, cause);
    this.#liveness?.forget(worker.id);
  }

  #sweep(now: number): void {
    const { outliers } = this.#setup;
    if (this.#detector === undefined || outliers === undefined || now < this.#nextSweep) return;
    this.#nextSweep = now + outliers.interval;
    for (const label of this.#occupants.keys()) {
      if (this.#pool.hasPlace(label)) continue;
      this.#occupants.delete(label);
      this.#detector.remove(label);
    }
    for (const ejection of this.#detector.sweep()) this.#ejectOutlier(ejection, now);
  }

  #ejectOutlier({ id: label, reason }: Ejection<string>, now: number): void {
    const occupant = this.#occupants.get(label);
    const worker = occupant && this.#pool.worker(occupant.id);
    if (worker === undefined) return;
    const vacantFor = (this.#detector as OutlierDetector<string>).ejectionTime(label);
    this.#eject(worker, reason, vacantFor && now + vacantFor, undefined);
  }

  /**
   * @param notBefore when the place may be filled, in ms; 0: at once
   * @param cause terminates the thread at once, for this reason; `undefined`: the running request may finish
   */
  #eject(worker: Worker, reason: WorkerEjectionReason, notBefore: number, cause: Error | undefined): void {
    this.#occupants.set(worker.view.label, { id: worker.id, isEjected: true });
    this.#dispatcher.counts.ejected++;
    this.#pool.eject(worker, notBefore, cause);
    this.#events.ejected(worker.id, reason);
  }
}
