/**
 * Writes what happens in a Balancer as Chrome trace events: a track for each worker with a slice for each
 * run, a track of what was submitted with arrows to the runs, and counters of the queue and of utilisation.
 *
 * Measured (Node 20): 0.6 µs for each request.
 */
import {
  IdleObserver,
  type ObservedRequest,
  type ObservedRun,
  type ObservedWorker,
} from '../ledger/observer.js';
import type { RequestOutcome } from '../ledger/outcome.js';
import { performance } from '../protocol/clock.js';
import { clearInterval, setInterval } from '../protocol/timers.js';
import { Arrows } from './arrows.js';
import { counterEvent, instantEvent, micros, nameEvents, processNameEvent, quoted } from './event.js';
import type { TraceFile } from './trace-file.js';

/** How the trace knows the state of the Balancer from time to time. O(workers). */
export interface TracedState {
  readonly waiting: number;
  readonly workers: readonly TracedWorker[];
}

export interface TracedWorker {
  readonly id: number;
  readonly label: string;
  /** Sum of the run times, in ms. */
  readonly busyTime: number;
  /** The request that runs, and since when, in ms of `performance.now()`. */
  readonly running?: { readonly task: string; readonly id: number; readonly since: number };
}

/** Between two points of the counters while requests run, in ms. */
const COUNT_MS = 10;
/** Between two looks when nothing ends, in ms: what is collected is written, long runs are begun. */
const LOOK_MS = 100;
/** A run that takes longer than this is begun in the file before it has ended, in ms. */
const LONG_MS = 100;
/** The track of what was submitted. Workers have their ids. */
const QUEUE_TRACK = 0;
/**
 * Refused requests and the like that are marked between two looks: an overload is a picture, not a million
 * marks.
 */
const MARKS_PER_LOOK = 10;
/** How many names of tasks are kept as JSON. */
const MOST_NAMES = 10_000;

export class Tracer extends IdleObserver {
  readonly #file: TraceFile;
  readonly #state: () => TracedState;
  readonly #arrows: Arrows;
  readonly #pid = process.pid;
  /** Times are from here, in ms. */
  readonly #start = performance.now();
  readonly #timer: NodeJS.Timeout;
  /** JSON of the beginning of a run's slice, by the task's id. */
  readonly #heads = new Map<number, string>();
  readonly #tracks = new Set<number>();
  /** By worker: its run that has been begun in the file. Runs before it may still be told of. */
  readonly #begun = new Map<number, { readonly id: number; readonly at: number }>();
  /** End of the last slice of each worker, in tenths of a µs: rounding must not make two overlap. */
  readonly #ends = new Map<number, number>();
  #lastSubmit = -1;
  #countedAt = 0;
  #busyTime = 0;
  #marks = 0;

  constructor(name: string, file: TraceFile, arrows: number, state: () => TracedState) {
    super();
    this.#file = file;
    this.#state = state;
    this.#arrows = new Arrows(arrows);
    file.add(processNameEvent(this.#pid, `${name} (${process.title || 'node'})`));
    for (const event of nameEvents(this.#pid, QUEUE_TRACK, 'submitted', -1)) file.add(event);
    this.#count(this.#start);
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  override submitted(request: ObservedRequest): void {
    const { queuedAt } = request;
    if (queuedAt === undefined) return;
    const arrow = this.#arrows.begin(request, queuedAt);
    if (arrow === undefined) return;
    // An arrow begins at a slice. These are short, and must not overlap: some are drawn a few µs late.
    const at = Math.max(this.#tenths(queuedAt), this.#lastSubmit + 10);
    this.#lastSubmit = at;
    arrow.at = at;
    const { id, task } = request;
    const of = `"pid":${this.#pid},"tid":${QUEUE_TRACK},"ts":${micros(at)}`;
    this.#file.add(`{"name":${quoted(task.name)},"cat":"submit","ph":"X",${of},"dur":1,"args":{"id":${id}}}`);
    this.#file.add(`{"name":"wait","cat":"wait","ph":"s","id":${arrow.id},${of}}`);
  }

  override ran(request: ObservedRequest, worker: ObservedWorker, run: ObservedRun): void {
    const { startedAt, runTime, completed, failed } = run;
    const before = this.#ends.get(worker.id) ?? 0;
    const begin = Math.max(this.#tenths(startedAt), before);
    const begun = this.#begun.get(worker.id);
    const isBegun = begun !== undefined && begun.id >= request.id && begun.id < request.id + request.items;
    const ended = Math.max(this.#tenths(startedAt + runTime), isBegun ? begun.at : begin);
    const end = begun === undefined || isBegun ? ended : Math.max(begin, Math.min(ended, begun.at));
    this.#ends.set(worker.id, end);
    if (!this.#tracks.has(worker.id)) this.#nameTrack(worker.id, String(worker.id));
    const wait = request.queuedAt === undefined ? 0 : Math.max(0, startedAt - request.queuedAt);
    let args = `"id":${request.id},"wait_us":${Math.round(wait * 1000)}`;
    if (request.items > 1) args += `,"items":${completed}`;
    if (failed > 0) args += `,"failed":${failed}`;
    if (isBegun) {
      this.#begun.delete(worker.id);
      this.#end(worker.id, end, args);
    } else {
      this.#slice(request, worker.id, begin, end, args, failed > 0);
    }
    const arrow = this.#arrows.end(request);
    // It ends in the slice of the run, and not before it begins.
    const head = Math.max(isBegun ? begun.at : begin, arrow?.at ?? 0);
    if (arrow !== undefined && head <= end) this.#arrowHead(arrow.id, worker.id, head);
    const now = startedAt + runTime;
    if (now - this.#countedAt >= COUNT_MS) this.#count(now);
  }

  override settled(request: ObservedRequest, outcome: RequestOutcome): void {
    // Of these, and of all that have started, `ran` tells.
    if (outcome === 'fulfilled' || outcome === 'failed' || outcome === 'crashed') return;
    if (request.startedAt !== undefined) return;
    this.#arrows.end(request);
    if (!this.#mayMark()) return;
    this.#mark(outcome, 't', QUEUE_TRACK, { task: request.task.name, id: request.id });
  }

  override workerStarted({ id, label }: { readonly id: number; readonly label: string }): void {
    this.#nameTrack(id, label);
    this.#mark('started', 't', id, {});
  }

  override workerEnded({ id, exitCode, expected }: Parameters<IdleObserver['workerEnded']>[0]): void {
    if (this.#begun.delete(id)) this.#end(id, this.#now(), '');
    this.#mark(expected ? 'ended' : 'died', 't', id, exitCode === undefined ? {} : { exitCode });
    this.#ends.delete(id);
  }

  override workerEjected({ id, reason }: { readonly id: number; readonly reason: string }): void {
    this.#mark('ejected', 'p', id, { reason });
  }

  override queueFull({ maxQueue }: { readonly maxQueue: number }): void {
    if (!this.#mayMark()) return;
    this.#mark('queue full', 'p', QUEUE_TRACK, { maxQueue });
  }

  /** Ends the file. Runs that go on end with it. */
  stop(): void {
    clearInterval(this.#timer);
    if (!this.#file.isOpen) return;
    this.#look();
    for (const id of this.#begun.keys()) this.#end(id, this.#now(), '"unfinished":true');
    this.#begun.clear();
    this.#file.close();
  }

  #slice(
    { task }: ObservedRequest,
    tid: number,
    begin: number,
    end: number,
    args: string,
    isBad: boolean,
  ): void {
    const head = this.#heads.get(task.id) ?? this.#headOf(task.id, task.name);
    // `cname`: one of the colours of chrome://tracing. Perfetto has its own.
    const color = isBad ? ',"cname":"terrible"' : '';
    this.#file.add(
      `${head}${tid},"ts":${micros(begin)},"dur":${micros(end - begin)}${color},"args":{${args}}}`,
    );
  }

  #arrowHead(arrow: number, tid: number, at: number): void {
    this.#file.add(
      `{"name":"wait","cat":"wait","ph":"f","bp":"e","id":${arrow},"pid":${this.#pid},"tid":${tid},"ts":${micros(at)}}`,
    );
  }

  #headOf(id: number, name: string): string {
    if (this.#heads.size >= MOST_NAMES) this.#heads.clear();
    const head = `{"name":${quoted(name)},"cat":"run","ph":"X","pid":${this.#pid},"tid":`;
    this.#heads.set(id, head);
    return head;
  }

  #nameTrack(id: number, label: string): void {
    if (this.#tracks.has(id)) return;
    this.#tracks.add(id);
    const name = label === String(id) ? `worker ${id}` : `worker ${id} (${label})`;
    for (const event of nameEvents(this.#pid, id, name, id)) this.#file.add(event);
  }

  /** From time to time, also when nothing ends. */
  #look(): void {
    this.#marks = 0;
    const now = performance.now();
    for (const { id, label, running } of this.#count(now)) {
      this.#nameTrack(id, label);
      if (running === undefined || this.#begun.has(id) || now - running.since < LONG_MS) continue;
      const at = Math.max(this.#tenths(running.since), this.#ends.get(id) ?? 0);
      this.#begun.set(id, { id: running.id, at });
      this.#file.add(
        `{"name":${quoted(running.task)},"cat":"run","ph":"B","pid":${this.#pid},"tid":${id},"ts":${micros(at)}}`,
      );
    }
    this.#file.flush();
    if (!this.#file.isOpen) clearInterval(this.#timer);
  }

  #end(tid: number, at: number, args: string): void {
    this.#file.add(`{"ph":"E","pid":${this.#pid},"tid":${tid},"ts":${micros(at)},"args":{${args}}}`);
  }

  /** Points of the counters. */
  #count(now: number): readonly TracedWorker[] {
    const { waiting, workers } = this.#state();
    let busyTime = 0;
    for (const worker of workers) {
      busyTime += worker.busyTime;
      if (worker.running !== undefined) busyTime += Math.max(0, now - worker.running.since);
    }
    const passed = (now - this.#countedAt) * workers.length;
    // Less than before: a worker has gone, and taken its time with it.
    const share = passed <= 0 ? 0 : Math.min(1, Math.max(0, (busyTime - this.#busyTime) / passed));
    const at = this.#tenths(now);
    this.#file.add(counterEvent('queue', this.#pid, at, 'waiting', waiting));
    if (this.#countedAt > 0) {
      this.#file.add(counterEvent('utilisation', this.#pid, at, 'percent', Math.round(share * 100)));
    }
    this.#countedAt = now;
    this.#busyTime = busyTime;
    return workers;
  }

  #mayMark(): boolean {
    return this.#marks++ < MARKS_PER_LOOK;
  }

  #mark(
    name: string,
    scope: 't' | 'p',
    tid: number,
    args: Readonly<Record<string, string | number | boolean>>,
  ): void {
    this.#file.add(instantEvent(name, scope, this.#pid, tid, this.#now(), args));
  }

  #now(): number {
    return this.#tenths(performance.now());
  }

  /** Tenths of a µs since the trace began; what was before it, is at its beginning. */
  #tenths(ms: number): number {
    return Math.max(0, Math.round((ms - this.#start) * 1e4));
  }
}
