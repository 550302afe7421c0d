/**
 * Takes out workers that are broken: silent ones, and those whose requests fail far more often than the others'. Each is replaced by
 * a fresh thread in its place, which the pool admits when it has come up and passed its check.
 *
 * Times and counts belong to the place, not to the thread: a place whose workers are ejected again and again has something else
 * wrong with it, such as a key all of whose requests fail. So the first fresh thread comes at once, and the n-th after
 * (n - 1) × `baseEjectionTime`, with A50's multiplier, which good behaviour lowers.
 */
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { OutlierConfig } from '../options/outlier.js';
import type { Duty } from '../pool/maintenance.js';
import type { Pool } from '../pool/pool.js';
import type { Worker } from '../worker/worker.js';
import { CHECK_DEFAULTS } from './check.js';
import { Liveness } from './liveness.js';
import { type Ejection, type EjectionReason, OutlierDetector } from './outlier.js';

/** Why a worker was taken out. */
export type WorkerEjectionReason = Exclude<EjectionReason, 'check-failed'> | 'silent';

export interface SupervisorSetup {
  /** How long a worker may be silent, in ms; `Infinity`: for ever. */
  readonly silence: number;
  /** Whether that holds while it runs a request. */
  readonly whileRunning: boolean;
  readonly outliers: OutlierConfig | undefined;
}

/** Whom the supervisor tells. */
export interface SupervisorEvents {
  ejected(id: number, reason: WorkerEjectionReason): void;
  /** The fresh worker `id` has passed its checks in the place of an ejected one. */
  readmitted(id: number, replaces: number): void;
}

export class Supervisor implements Duty {
  readonly #setup: SupervisorSetup;
  readonly #pool: Pool;
  readonly #dispatcher: Dispatcher;
  readonly #events: SupervisorEvents;
  readonly #liveness: Liveness | undefined;
  readonly #detector: OutlierDetector | undefined;
  /** By label: the worker that has the place, or had it when it was ejected. */
  readonly #holders = new Map<string, { readonly id: number; isOut: boolean }>();
  #nextSweep = 0;

  constructor(setup: SupervisorSetup, pool: Pool, dispatcher: Dispatcher, events: SupervisorEvents) {
    this.#setup = setup;
    this.#pool = pool;
    this.#dispatcher = dispatcher;
    this.#events = events;
    if (setup.silence !== Number.POSITIVE_INFINITY)
      this.#liveness = new Liveness(setup.silence, setup.whileRunning);
    if (setup.outliers !== undefined)
      this.#detector = new OutlierDetector(setup.outliers, CHECK_DEFAULTS, Math.random);
  }

  get pace(): number | undefined {
    const pace = Math.min(
      this.#liveness?.pace ?? Number.POSITIVE_INFINITY,
      this.#setup.outliers?.interval ?? Number.POSITIVE_INFINITY,
    );
    return pace === Number.POSITIVE_INFINITY ? undefined : pace;
  }

  look(now: number): number | undefined {
    for (const worker of this.#liveness?.look(this.#dispatcher.workers, now) ?? []) this.#end(worker);
    this.#sweep(now);
    const { pace } = this;
    return this.#dispatcher.busy && pace !== undefined ? now + pace : undefined;
  }

  /** A worker gets requests from now on: its place has passed its check. */
  admitted(worker: Worker): void {
    const { label } = worker.view;
    const former = this.#holders.get(label);
    this.#holders.set(label, { id: worker.id, isOut: false });
    const place = Number(label);
    if (former?.isOut) {
      this.#detector?.renewed(place);
      this.#detector?.checked(place, true, performance.now());
      this.#events.readmitted(worker.id, former.id);
    } else {
      this.#detector?.remove(place);
    }
    this.#detector?.add(place);
  }

  /** A worker is no more. */
  gone(id: number): void {
    this.#liveness?.forget(id);
  }

  /** One of its requests has ended. */
  observe(worker: Worker, ok: boolean): void {
    if (this.#detector === undefined || !this.#isHolder(worker)) return;
    const now = performance.now();
    const ejection = this.#detector.observe(Number(worker.view.label), ok, now);
    if (ejection !== undefined) this.#eject(ejection, now);
  }

  #isHolder(worker: Worker): boolean {
    const holder = this.#holders.get(worker.view.label);
    return holder !== undefined && holder.id === worker.id && !holder.isOut;
  }

  /** A silent worker: it will not end by itself. */
  #end(worker: Worker): void {
    const { silence } = this.#setup;
    const cause = new Error(`the worker showed no sign of life for ${silence} ms`);
    if (this.#isHolder(worker)) this.#takeOut(worker, 'silent', 0, cause);
    else this.#pool.eject(worker, 0, cause);
    this.#liveness?.forget(worker.id);
  }

  #sweep(now: number): void {
    const { outliers } = this.#setup;
    if (this.#detector === undefined || outliers === undefined || now < this.#nextSweep) return;
    this.#nextSweep = now + outliers.interval;
    for (const label of this.#holders.keys()) {
      if (this.#pool.hasPlace(label)) continue;
      this.#holders.delete(label);
      this.#detector.remove(Number(label));
    }
    for (const ejection of this.#detector.sweep(now).ejected) this.#eject(ejection, now);
  }

  #eject({ id: place, reason }: Ejection, now: number): void {
    const holder = this.#holders.get(String(place));
    const worker = holder && this.#pool.worker(holder.id);
    const { baseEjectionTime: base, maxEjectionTime: max } = this.#setup.outliers as OutlierConfig;
    const again = (this.#detector as OutlierDetector).multiplier(place) - 1;
    const wait = Math.min(base * again, Math.max(base, max));
    // Of its own accord a check never fails here: it is the pool that makes it.
    if (worker !== undefined)
      this.#takeOut(worker, reason as WorkerEjectionReason, wait && now + wait, undefined);
  }

  #takeOut(worker: Worker, reason: WorkerEjectionReason, notBefore: number, cause: Error | undefined): void {
    this.#holders.set(worker.view.label, { id: worker.id, isOut: true });
    this.#dispatcher.counts.ejected++;
    this.#pool.eject(worker, notBefore, cause);
    this.#events.ejected(worker.id, reason);
  }
}
