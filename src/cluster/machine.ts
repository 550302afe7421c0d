/** A machine of a cluster: takes what its Balancer can hold, and serves it. */
import { EventEmitter } from 'node:events';
import type * as BullMQ from 'bullmq';
import type { Worker } from 'bullmq';
import type { Balancer } from '../balancer.js';
import { BalancerError } from '../errors/errors.js';
import { requireOptional } from '../errors/optional-package.js';
import { type CloseOptions, resolveCloseOptions } from '../options/close.js';
import { clearInterval, setInterval } from '../protocol/timers.js';
import { callUser } from '../requests/user-callback.js';
import { CLOSE_MS, type Engine, type Mailbox } from './engine/engine.js';
import { openEngine } from './engine/open.js';
import { arrived, reach } from './engine/reach.js';
import { discardUnreadable } from './engine/unreadable.js';
import { within } from './engine/within.js';
import { EngineTrouble } from './engine-trouble.js';
import type { JobReport } from './job-report.js';
import { JobRuns } from './job-runs.js';
import { LastingError } from './lasting-error.js';
import { parseMail } from './messages.js';
import { newId, queueNameOf } from './names.js';
import { Presence } from './presence.js';
import { Replies } from './replies.js';
import type { ServeSettings } from './serve-options.js';
import { loadModules, type ServedModule } from './served-modules.js';
import { servedNow } from './served-now.js';
import { Slots } from './slots.js';
import { StopTaking } from './stop-taking.js';

/** What a machine tells. */
export interface MachineEvents {
  /** A job is done with, here. */
  job: [report: JobReport];
  /** Something went wrong with the engine, or it does not answer; it is tried again. */
  engineError: [error: Error];
  /** After one or more `engineError`: the engine does what it is asked, and there has been no other for two seconds. */
  engineBack: [];
}

export interface MachineStats {
  readonly id: string;
  /** Names of the tasks served, as in `hash/sha256`. */
  readonly tasks: readonly string[];
  readonly threads: number;
  /** Jobs that it takes at a time. */
  readonly slots: number;
  /** Jobs that are here now. */
  readonly running: number;
  /** Jobs since the start, by what became of them here. */
  readonly jobs: { readonly [outcome in JobReport['outcome']]: number };
  /** Items of chunks, and single requests, that have run. */
  readonly items: number;
  /** The engine has answered within three times `lockDuration`, and within `engineTimeout`. */
  readonly connected: boolean;
}

const PAUSE_MS = 500;
/** A stalled job is taken again by whoever checks; its `retries` are ours to check. */
const NO_LIMIT = 1_000_000;
/**
 * Looks for jobs whose lock has run out, in the time of a lock. BullMQ takes a job for lost in the second
 * look, and of all machines only one looks in that time: who comes a little early waits for its next turn.
 */
const LOOKS_PER_LOCK = 4;
/** The part of a lock by which clocks may differ where locks go by them: it is renewed at its half. */
const MOST_CLOCK_PART = 4;

/** See `serve`, which makes it. */
export class Machine extends EventEmitter<MachineEvents> {
  /** Its name in the cluster: jobs that it takes say so (`processedBy`). */
  readonly id = newId();
  readonly #modules: readonly (URL | string)[];
  #served: ReadonlyMap<string, ServedModule>;
  readonly #settings: ServeSettings;
  readonly #bull: typeof BullMQ;
  readonly #engine: Engine;
  readonly #slots: Slots;
  /** Why the Balancer can run nothing, if so. */
  readonly #unable = new LastingError();
  readonly #presence: Presence;
  readonly #replies: Replies;
  readonly #runs: JobRuns;
  readonly #stopTaking: StopTaking;
  readonly #workers: Worker[] = [];
  #mailbox: Mailbox | undefined;
  #ticks: NodeJS.Timeout | undefined;
  readonly #counts = { fulfilled: 0, rejected: 0, cancelled: 0, left: 0, lost: 0 };
  #items = 0;
  readonly #trouble = new EngineTrouble({
    failed: (error) => {
      if (this.#closing === undefined) callUser(() => this.emit('engineError', error));
    },
    back: () => {
      if (this.#closing === undefined) callUser(() => this.emit('engineBack'));
    },
  });
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(modules: readonly (URL | string)[], served: readonly ServedModule[], settings: ServeSettings) {
    super();
    this.#modules = modules;
    this.#served = byName(served);
    this.#settings = settings;
    const { failed } = this.#trouble;
    this.#bull = requireOptional('bullmq', 'leastwork/cluster') as typeof BullMQ;
    this.#engine = openEngine(settings.engine, served.length + 1, failed);
    this.#slots = new Slots(settings.balancer, settings.share, (count) => this.#runs.leaveSurplus(count));
    const described = () => {
      this.#slots.adjust();
      const served = servedNow(this.#served, this.#workers, settings.engine, this.#unable);
      return { ...served, threads: this.#slots.threads, slots: this.#slots.limit };
    };
    this.#presence = new Presence(this.#engine, this.id, settings.engine, described, {
      failed,
      answered: () => this.#trouble.answered(),
    });
    this.#replies = new Replies(this.#engine, settings.engine.lockDuration, failed);
    const holder = {
      machine: this.id,
      lockDuration: settings.engine.lockDuration,
      queue: (name: string) => this.#engine.queue(name),
    };
    this.#runs = new JobRuns(this.#bull, settings.balancer, settings.engine, holder, this.#replies, {
      isLeaving: () => this.#closing !== undefined,
      isGone: (submitter) => this.#presence.isGone(submitter),
      machines: () => this.#presence.machines(),
      fragile: (alone) => this.#slots.beCautious(alone),
      arrived: () => arrived(this.#engine),
      done: (report) => this.#oneDone(report),
      tried: (unable) => this.#tried(unable),
      useOfChunk: () => this.#slots.useOfChunk,
      inTurn: (run) => this.#slots.inTurn(run),
    });
    this.#stopTaking = new StopTaking(this.#engine, settings.engine.engineTimeout, {
      running: () => this.#slots.running,
      leaveAll: () => this.#runs.leaveAll(),
    });
  }

  /** The Balancer that runs the tasks. */
  get balancer(): Balancer {
    return this.#settings.balancer;
  }

  /** Names of the tasks served, in order. */
  get tasks(): readonly string[] {
    return [...this.#served.values()].flatMap(({ tasks }) => [...tasks.keys()]).sort();
  }

  /** @internal Connects, and begins to take jobs. */
  async open(): Promise<void> {
    const { lockDuration, engineTimeout } = this.#settings.engine;
    const reached = (begin: () => Promise<unknown>): Promise<void> =>
      reach(this.#engine, engineTimeout, () => this.#trouble.last, begin);
    // An engine that answers may still refuse what a machine asks of it.
    if (this.#settings.share === 0) return reached(() => this.#presence.tryOut());
    await reached(() => this.#engine.compareClocks(lockDuration / MOST_CLOCK_PART));
    await reached(() => this.#presence.begin());
    this.#mailbox = this.#engine.openMailbox(this.id, (text) => this.#onMail(text));
    this.#ticks = setInterval(() => this.#runs.tick(), lockDuration / 8);
    this.#presence.goOn();
    for (const module of this.#served.keys()) this.#take(module);
    await reached(() => Promise.all(this.#workers.map((worker) => worker.waitUntilReady())));
  }

  /** A snapshot, as plain data. */
  stats(): MachineStats {
    return {
      id: this.id,
      tasks: this.tasks,
      threads: this.#slots.threads,
      slots: this.#slots.limit,
      running: this.#slots.running,
      jobs: { ...this.#counts },
      items: this.#items,
      connected: this.#presence.isConnected,
    };
  }

  /**
   * Loads the modules anew: fresh threads take over, as by `Balancer.reload`. Requests go on; names that are
   * new are served, and names that are gone are not.
   * @throws TaskNotFoundError, NoWorkerError: then all stays as it was
   */
  async reload(): Promise<void> {
    await this.#settings.balancer.reload();
    this.#served = byName(await loadModules(this.#settings.balancer, this.#modules));
    await this.#presence.changed();
  }

  /**
   * Takes nothing new, and finishes what it has.
   * @param options `timeout`: what is not done by then is stopped, and goes to other machines. Default: no
   *   limit. May be called again with less time
   * @throws InvalidOptionError
   */
  async close(options: Pick<CloseOptions, 'timeout'> = {}): Promise<void> {
    const { timeout } = resolveCloseOptions(options);
    this.#stopTaking.limit(timeout);
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#slots.leave();
    const left = within(PAUSE_MS, this.#presence.leave());
    await this.#stopTaking.done(this.#workers);
    clearInterval(this.#ticks);
    await left;
    await within(CLOSE_MS, this.#replies.sent());
    this.#replies.close();
    await within(CLOSE_MS, Promise.resolve(this.#mailbox?.close()));
    await within(PAUSE_MS, this.#engine.removeMailbox(this.id));
    await this.#engine.close();
    if (this.#settings.ownsBalancer) await this.#settings.balancer.close({ timeout: 0 });
  }

  #take(module: string): void {
    const { engine, limiter, keepFailed } = this.#settings;
    const { name, lockDuration } = engine;
    const queue = queueNameOf(name, module);
    const worker = this.#engine.worker(
      queue,
      async (job, token) => {
        this.#slots.changed(worker, 1);
        try {
          const tasks = this.#served.get(module)?.tasks ?? new Map();
          await this.#runs.run(job, token, tasks);
        } finally {
          const rest = this.#slots.rest();
          if (rest !== undefined) await rest;
          this.#slots.changed(worker, -1);
        }
      },
      {
        name: this.id,
        lockDuration,
        stalledInterval: Math.ceil(lockDuration / LOOKS_PER_LOCK),
        maxStalledCount: NO_LIMIT,
        runRetryDelay: PAUSE_MS,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: keepFailed },
        ...(limiter !== undefined && { limiter }),
      },
    );
    worker.on('lockRenewalFailed', (ids) => this.#runs.suspect(ids));
    worker.on('stalled', (id) => this.#examine(queue, id));
    this.#workers.push(worker);
    this.#slots.add(worker);
  }

  /** A job has come back without a lock: no machine may have been able to read it. */
  #examine(queue: string, id: string): void {
    discardUnreadable(this.#engine, queue, id).then(
      (error) => error && this.#trouble.failed(error),
      this.#trouble.failed,
    );
  }

  #onMail(text: string): void {
    try {
      const mail = parseMail(text);
      if (mail.t === 'cancel') this.#runs.cancel(mail.id);
    } catch (error) {
      this.#trouble.failed(error as Error);
    }
  }

  #tried(unable: Error | undefined): void {
    if (unable === undefined) this.#unable.over();
    else this.#unable.came(unable);
    this.#slots.setUnable(unable !== undefined);
  }

  #oneDone(report: JobReport): void {
    this.#counts[report.outcome]++;
    if (report.outcome === 'fulfilled' || report.outcome === 'rejected') {
      this.#items += report.items;
      this.#slots.ran(mayHaveEndedThread(report) ? report.ms : 0);
    }
    callUser(() => this.emit('job', report));
  }
}

/** Then the Balancer does not know how long it ran. */
function mayHaveEndedThread({ outcome, failures, error }: JobReport): boolean {
  return outcome === 'fulfilled' ? failures > 0 : error instanceof BalancerError;
}

function byName(served: readonly ServedModule[]): ReadonlyMap<string, ServedModule> {
  return new Map(served.map((module) => [module.name, module]));
}
