/** The jobs that a machine runs: job → Balancer → reply. */
import type * as BullMQ from 'bullmq';
import type { Job } from 'bullmq';
import type { Balancer } from '../balancer.js';
import type { SubmitOptions } from '../options/submit.js';
import { performance } from '../protocol/clock.js';
import type { AnyTask } from '../tasks/signatures.js';
import { type ChunkCall, ChunkRun } from './chunk-run.js';
import type { Entry } from './directory-entry.js';
import { EndOfTurn } from './end-of-turn.js';
import { MalformedMessageError } from './errors.js';
import { HeldJob, type Holder } from './held-job.js';
import type { JobReport } from './job-report.js';
import { LastRuns } from './last-runs.js';
import { LeaveDelay } from './leave-delay.js';
import { type Losses, lossesOf } from './losses.js';
import { tellSubmitter } from './malformed-job.js';
import { chunkReply, type JobData, parseJobData } from './messages.js';
import { GIVEN_BACK, isPutBack, isUnable } from './of-machine.js';
import type { EngineSettings } from './options.js';
import { putBack } from './put-back.js';
import type { Replies } from './replies.js';
import { type Ending, type Result, runSingle } from './single-run.js';
import { SpareControllers } from './spare-controllers.js';
import { stopAll } from './stop-all.js';
import { giveBack } from './surplus.js';
import { decodeValue } from './values/decode.js';

/** After this time another machine may take what this one cannot run, in ms. */
const LEAVE_MS = 500;
/** Machines that a job has gone to, after which it is looked whether anybody waits for it. */
const MOST_LEAVES = 20;

/** The machine behind it. */
export interface JobRunsEvents {
  /** Nothing new is taken: what comes nevertheless was on its way. */
  isLeaving(): boolean;
  /** Whether a submitter is known to be dead, or closed. */
  isGone(submitter: string): Promise<boolean>;
  /** Those that are known to be alive. */
  machines(): Promise<readonly Entry[]>;
  /**
   * A job has come that was lost before, or that is lost for good with its machine.
   * @param alone it has one more run at most
   */
  fragile(alone: boolean): void;
  /** Resolves when the jobs that were asked for before have come. */
  arrived(): Promise<unknown>;
  done(report: JobReport): void;
  /** The Balancer has run something; or cannot run anything, for this reason. */
  tried(unable: Error | undefined): void;
  /** Runs a job as soon as so few others run that it may. */
  inTurn<T>(run: () => Promise<T>): Promise<T>;
  /** How much of it a chunk may use. */
  useOfChunk(): Pick<ChunkCall, 'threads' | 'isPart'>;
}

/** Reasons of signals. */
const CANCELLED = new Error('cancelled by its submitter');
const LEAVING = new Error('the machine is being closed');
/** Its submitter has given it up, or is gone. */
const WITHDRAWN: Ending = { items: 1, outcome: 'cancelled', failures: 0 };

export class JobRuns {
  readonly #bull: typeof BullMQ;
  readonly #balancer: Balancer;
  readonly #engine: EngineSettings;
  readonly #holder: Holder;
  readonly #replies: Replies;
  readonly #events: JobRunsEvents;
  readonly #runs = new Map<string, HeldJob>();
  /** Run times of an item, in ms, by task. */
  readonly #means = new Map<AnyTask, number>();
  readonly #controllers = new SpareControllers();
  /** Shared memory for chunks. */
  readonly #spare: Int32Array[] = [];
  readonly #endOfTurn = new EndOfTurn();
  readonly #leaveDelay: LeaveDelay;
  readonly #lastRuns: LastRuns;
  /** When this process was last known to run. */
  #aliveAt = performance.now();

  constructor(
    bull: typeof BullMQ,
    balancer: Balancer,
    engine: EngineSettings,
    holder: Holder,
    replies: Replies,
    events: JobRunsEvents,
  ) {
    this.#bull = bull;
    this.#balancer = balancer;
    this.#engine = engine;
    this.#holder = holder;
    this.#replies = replies;
    this.#events = events;
    this.#lastRuns = new LastRuns(events.arrived);
    this.#leaveDelay = new LeaveDelay(holder.machine, () => events.machines());
  }

  cancel(id: string): void {
    this.#runs.get(id)?.abort(CANCELLED);
  }

  /** Stops all runs; their jobs go to other machines, as far as they may run again. */
  leaveAll(): void {
    stopAll(this.#balancer, this.#runs.values(), LEAVING);
  }

  /** Leaves so many jobs to other machines, as far as they have not begun. */
  leaveSurplus(count: number): void {
    giveBack(this.#balancer, this.#runs.values(), count);
  }

  /** Locks may be lost: of these jobs, or of all. */
  suspect(ids: Iterable<string> = this.#runs.keys()): void {
    for (const id of ids) {
      const run = this.#runs.get(id);
      if (run !== undefined) run.isSuspect = true;
    }
  }

  /** To be called more often than locks run out: a process that was stopped has lost them. */
  tick(): void {
    const now = performance.now();
    if (now - this.#aliveAt > this.#engine.lockDuration / 2) this.suspect();
    this.#aliveAt = now;
  }

  /** Runs a job. Rejects where BullMQ is to count it as failed, or as put back. */
  async run(job: Job, token: string | undefined, tasks: ReadonlyMap<string, AnyTask>): Promise<void> {
    const began = performance.now();
    const id = String(job.id);
    const before = this.#runs.get(id);
    if (before !== undefined) return this.#await(before, job, token);
    const run = new HeldJob(this.#holder, this.#controllers.take(), job, token);
    this.#runs.set(id, run);
    let ending: Ending = { items: 1, outcome: 'left', failures: 0 };
    try {
      // The engine has thrown away what it held of the job, apart from its id: its submitter will miss it.
      if ((job.name as string | undefined) === undefined) return;
      const data = parseJobData(job.data, job.name);
      ending = data.cancelled ? WITHDRAWN : await this.#runOne(job, token, data, tasks.get(job.name), run);
    } catch (error) {
      // What was not written by this package, and what the engine would not take back.
      if (!isPutBack(this.#bull, error)) ending = { items: 1, outcome: 'rejected', failures: 1, error };
      // No result was replied.
      run.ended('left');
      if (error instanceof MalformedMessageError)
        await tellSubmitter(this.#replies, job, error, this.#engine.maxPayload);
      throw error;
    } finally {
      this.#runs.delete(id);
      run.ended(ending.outcome);
      // BullMQ keeps the job in a linked list, of which garbage collection sees late what is over.
      job.data = undefined;
      this.#events.done({ id, task: job.name, ms: performance.now() - began, ...ending });
    }
    this.#controllers.giveBack(run.controller);
    if (ending.outcome !== 'rejected') return;
    // Shown as failed by whatever shows queues.
    throw ending.error instanceof Error ? ending.error : new Error(String(ending.error));
  }

  async #runOne(
    job: Job,
    token: string | undefined,
    data: JobData,
    task: AnyTask | undefined,
    run: HeldJob,
  ): Promise<Ending> {
    // Here it would wait for those that run, however long they do.
    if (this.#events.isLeaving()) await this.#leave(job, token, 0);
    if (task === undefined) return this.#leaveToOthers(job, token, data);
    try {
      return await this.#events.inTurn(() => this.#runTask(job, token, data, task, run));
    } catch (error) {
      if (error === GIVEN_BACK) await this.#leave(job, token, 0);
      throw error;
    }
  }

  async #runTask(
    job: Job,
    token: string | undefined,
    data: JobData,
    task: AnyTask,
    run: HeldJob,
  ): Promise<Ending> {
    const id = String(job.id);
    // The engine has taken it for lost while it refused the reply.
    if (this.#replies.hasEnded(id)) {
      await this.#replies.sent();
      return { items: 1, outcome: 'left', failures: 0 };
    }
    const losses = lossesOf(data, job.stalledCounter);
    if (losses.isFragile) this.#events.fragile(losses.isLast);
    if (losses.isOver) return this.#giveUp(id, data, losses.count);
    const runOrLeave = () => this.#runOrLeave(job, token, data, task, run, losses);
    if (!losses.isLast) return runOrLeave();
    return this.#lastRuns.run(runOrLeave, (ms) => this.#leave(job, token, ms));
  }

  async #giveUp(id: string, { from, chunk }: JobData, losses: number): Promise<Ending> {
    await this.#replies.send(from, { t: 'lost', id, losses });
    // What runs again of a chunk is up to its submitter.
    return { items: chunk ?? 1, outcome: 'lost', failures: chunk === undefined ? 1 : 0 };
  }

  async #runOrLeave(
    job: Job,
    token: string | undefined,
    data: JobData,
    task: AnyTask,
    run: HeldJob,
    { threadRetries, count, isSpent }: Losses,
  ): Promise<Ending> {
    const id = String(job.id);
    const { maxPayload } = this.#engine;
    const options: SubmitOptions = {
      signal: run.controller.signal,
      retries: threadRetries,
      timeout: data.timeout,
      context: data.context === undefined ? undefined : decodeValue(data.context),
    };
    let result: Result;
    try {
      // Jobs that have come together go to the threads together: one wake-up for all of them.
      if (this.#runs.size > 1) await this.#endOfTurn.wait();
      result =
        data.chunk === undefined
          ? await runSingle(this.#balancer, { id, task, args: data.args, options, maxPayload })
          : await this.#runChunk(job, data, task, options, run);
    } catch (error) {
      if (error instanceof MalformedMessageError || error === GIVEN_BACK) throw error;
      if (run.controller.signal.reason === CANCELLED) return WITHDRAWN;
      if (run.hasBegun && isSpent) return this.#giveUp(id, data, count + 1);
      if (isUnable(error)) this.#events.tried(error);
      await this.#leave(job, token, run.controller.signal.aborted ? 0 : LEAVE_MS);
      throw error;
    }
    this.#events.tried(undefined);
    const { items } = result.ending;
    const mayReply = this.#mayReply(run);
    if (!(mayReply === true || (await mayReply))) return { items, outcome: 'left', failures: 0 };
    await this.#replies.send(data.from, result.reply, id);
    return result.ending;
  }

  async #runChunk(
    job: Job,
    data: JobData,
    task: AnyTask,
    options: SubmitOptions,
    run: HeldJob,
  ): Promise<Result> {
    const id = String(job.id);
    const items = data.chunk as number;
    const chunk = new ChunkRun(this.#balancer, this.#spare, task, {
      ...options,
      args: data.args,
      texts: data.texts,
      items,
      maxPayload: this.#engine.maxPayload,
      ...this.#events.useOfChunk(),
      means: this.#means,
    });
    run.chunk = chunk;
    const { ms, failures, ...last } = await chunk.run(async (part) => {
      if (await this.#mayReply(run))
        await this.#replies.send(data.from, chunkReply({ ...part, id, done: false, ms: 0 }));
    });
    return {
      reply: chunkReply({ ...last, id, done: true, ms }),
      ending: { items, outcome: 'fulfilled', failures },
    };
  }

  /** The job is back, for want of a lock, while it runs here. */
  async #await(run: HeldJob, job: Job, token: string | undefined): Promise<void> {
    if ((await run.takeAgain(job, token)) === 'left') await this.#leave(job, token, 0);
  }

  #mayReply(run: HeldJob): true | Promise<boolean> {
    this.tick();
    return run.isSuspect ? run.mayReply() : true;
  }

  /** Nobody here serves it: others may. Where its submitter is gone, it goes nowhere any more. */
  async #leaveToOthers(job: Job, token: string | undefined, { from }: JobData): Promise<Ending> {
    if (job.attemptsStarted > MOST_LEAVES && (await this.#events.isGone(from).catch(() => false)))
      return WITHDRAWN;
    return this.#leave(job, token, await this.#leaveDelay.of(job.name, job.attemptsStarted));
  }

  /** Gives the job to others. @throws what tells BullMQ so */
  #leave(job: Job, token: string | undefined, ms: number): Promise<never> {
    return putBack(this.#bull, this.#engine, job, token, ms);
  }
}
