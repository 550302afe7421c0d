/**
 * The parts of a Balancer, and which of them tells which.
 *
 *     submission → dispatcher → workers of the pool
 *
 * The dispatcher reports when the Balancer gets busy or idle, the pool when threads come and go; maintenance
 * looks at the set from time to time: autoscaling, health, recycling.
 */
import type { BalancerEvents } from './balancer-events.js';
import type { Settings } from './balancer-options.js';
import { Backpressure } from './calls/backpressure.js';
import { Cancellation } from './calls/cancellation.js';
import { Submission } from './calls/submission.js';
import { WorkerBinding } from './calls/worker-binding.js';
import { Closing } from './closing/close.js';
import { KeepAlive } from './closing/keep-alive.js';
import { Dispatcher, type DispatcherEvents } from './dispatch/dispatcher.js';
import { Supervisor } from './health/supervisor.js';
import { Ledger } from './ledger/ledger.js';
import { availableCores } from './options/cpu-quota.js';
import { createPolicy } from './policies/index.js';
import { GuardedPolicy } from './policies/support/guard.js';
import { Autoscaling } from './pool/autoscaling.js';
import { LEFT } from './pool/broadcasts.js';
import type { HeadStart } from './pool/head-start.js';
import { Maintenance } from './pool/maintenance.js';
import { Pool } from './pool/pool.js';
import type { PoolRules } from './pool/pool-setup.js';
import { performance } from './protocol/clock.js';
import { callUser } from './requests/user-callback.js';
import { TaskRegistry } from './tasks/registry.js';
import { Prefetch } from './worker/prefetch.js';
import type { WindowLimits } from './worker/setup.js';

/** Emits an event of the Balancer. Must not throw. */
export type Emit = <Name extends keyof BalancerEvents>(name: Name, ...args: BalancerEvents[Name]) => void;

/** Whether anybody listens to an event. */
export type Hears = (name: keyof BalancerEvents) => boolean;

export class Engine {
  readonly ledger: Ledger;
  readonly tasks: TaskRegistry;
  readonly dispatcher: Dispatcher;
  readonly submission: Submission;
  readonly cancellation: Cancellation;
  readonly pool: Pool;
  readonly maintenance: Maintenance;
  readonly keepAlive = new KeepAlive();
  readonly closing: Closing;
  readonly #supervisor: Supervisor;
  readonly #emit: Emit;
  readonly #hears: Hears;

  /** Starts the workers, but for those that have a head start. */
  constructor(settings: Settings, headStart: HeadStart, emit: Emit, hears: Hears) {
    this.#emit = emit;
    this.#hears = hears;
    const prefetch = new Prefetch(settings.work);
    const limits: WindowLimits = { depth: settings.depth, prefetch, bytes: settings.windowBytes };
    this.ledger = new Ledger(settings.name, callUser);
    this.tasks = new TaskRegistry({ inline: settings.inline, ledger: this.ledger });
    this.dispatcher = this.#createDispatcher(settings, limits, headStart.settings.bell, {
      beginning: () => this.cancellation.look(),
      drained: () => backpressure.notify(),
    });
    const backpressure = new Backpressure(
      this.dispatcher,
      settings.maxQueue,
      () => this.pool.room,
      () => emit('drain'),
    );
    this.cancellation = new Cancellation(this.dispatcher, settings.grace, () => this.pool.earlySuccessors);
    this.submission = new Submission(
      settings,
      this.tasks,
      this.dispatcher,
      this.cancellation,
      backpressure,
      this.ledger,
    );
    const rules: PoolRules = {
      maxRequests: settings.maxRequestsPerWorker,
      maxHeap: settings.maxHeapPerWorker,
      failsWhenEmpty: settings.whenEmpty === 'fail',
      check: settings.check && { task: this.tasks.resolve(settings.check) },
      stepLimits: { step: settings.heartbeat.silence, request: settings.timeout },
    };
    this.pool = this.#createPool(settings, limits, headStart, rules);
    this.#supervisor = new Supervisor(
      { ...settings.heartbeat, outliers: settings.outliers },
      this.pool,
      this.dispatcher,
      {
        ejected: (id, reason) => {
          this.ledger.forRareEvents.workerEjected({ id, reason });
          emit('workerEjected', { id, reason });
        },
        readmitted: (id, replaces) => emit('workerReadmitted', { id, replaces }),
      },
    );
    const lastId = () => this.submission.lastId;
    this.maintenance = new Maintenance([
      new Autoscaling(this.pool, this.dispatcher, settings, lastId),
      this.#supervisor,
      this.pool.recycling,
    ]);
    this.closing = new Closing(this, settings.heartbeat.silence);
  }

  #createDispatcher(
    settings: Settings,
    limits: WindowLimits,
    bell: SharedArrayBuffer,
    events: Pick<DispatcherEvents, 'beginning' | 'drained'>,
  ): Dispatcher {
    const created = createPolicy(settings.policy, { now: () => performance.now(), random: Math.random });
    const policy = created === settings.policy ? new GuardedPolicy(created) : created;
    return new Dispatcher(
      { policy, limits, bell, cores: availableCores(), isShort: () => this.pool.coming > 0 },
      {
        ...events,
        idle: () => this.#wentIdle(),
        busy: () => this.#wentBusy(),
        observed: settings.outliers && ((worker, ok) => this.#supervisor.observe(worker, ok)),
      },
    );
  }

  #createPool(settings: Settings, limits: WindowLimits, headStart: HeadStart, rules: PoolRules): Pool {
    return new Pool(
      {
        limits,
        maxRequests: settings.maxRequestsPerWorker,
        output: {
          isInherited: settings.output === 'inherit',
          isHeard: () => this.#hears('output'),
          line: (line) => this.#emit('output', line),
        },
      },
      headStart,
      rules,
      settings,
      this.dispatcher,
      {
        started: (worker) => {
          this.#supervisor.admitted(worker);
          this.maintenance.nudge();
          this.ledger.forRareEvents.workerStarted({ id: worker.id, label: worker.view.label });
          this.#emit('workerStart', { id: worker.id });
        },
        ended: (id, exitCode, cause, expected) => {
          this.#supervisor.gone(id);
          this.maintenance.nudge();
          this.ledger.forRareEvents.workerEnded({ id, exitCode, cause, expected });
          this.#emit('workerEnd', { id, exitCode, cause, expected });
        },
        refusing: (error) => this.submission.refuse(error),
      },
      (worker, { task, args, limit }) =>
        this.submission.acceptFor(new WorkerBinding(worker, LEFT), task, args, limit),
    );
  }

  #wentBusy(): void {
    this.keepAlive.hold();
    // With `min: 0` no worker may be left, and none would be started before the next look.
    if (this.pool.target === 0) this.maintenance.look();
    this.maintenance.nudge();
  }

  #wentIdle(): void {
    this.keepAlive.release();
    this.closing.wentIdle();
  }
}
