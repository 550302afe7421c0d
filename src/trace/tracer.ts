/**
 * Writes what happens in a Balancer as Chrome trace events: a track for each worker with a slice for each
 * run, a track of what was submitted with arrows to the runs, and counters of the queue and of utilisation.
 *
 * Measured (Node 20): 0.3 µs for each request, 0.4 µs more for one with an arrow.
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
import { counterEvent, instantEvent, nameEvents, processNameEvent, quoted, timeText } from './event.js';
import { EventWriter, type Run } from './event-writer.js';
import type { TraceFile } from './trace-file.js';
import { Track } from './track.js';

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
  /** The request that runs, and since when, in ms of `performance.now()`; `undefined`: none. */
  readonly running: { readonly task: string; readonly id: number; readonly since: number } | undefined;
}

/** Between two points of the counters while requests run, in ms. */
const COUNT_MS = 10;
/** Between two looks when nothing ends, in ms: what is collected is written, long runs are begun. */
const LOOK_MS = 100;
/** A run that takes longer than this is begun in the file before it has ended, in ms. */
const LONG_MS = 100;
/**
 * Refused requests and the like that are marked between two looks: an overload is a picture, not a million
 * marks.
 */
const MARKS_PER_LOOK = 10;
export class Tracer extends IdleObserver {
  readonly #file: TraceFile;
  readonly #writer: EventWriter;
  readonly #state: () => TracedState;
  readonly #arrows: Arrows;
  readonly #pid = process.pid;
  /**
   * The track of what was submitted: the main thread, which has the id of the process. 0 would be taken for no
   * track, and Perfetto then takes that one.
   */
  readonly #submitTrack = this.#pid;
  /** Times are from here, in ms. */
  readonly #start = performance.now();
  readonly #timer: NodeJS.Timeout;
  /** By worker. */
  readonly #tracks = new Map<number, Track>();
  /** One object for all: `ran` makes no garbage. */
  readonly #run: { -readonly [Name in keyof Run]: Run[Name] } = {
    begin: 0,
    end: 0,
    id: 0,
    wait: 0,
    items: 0,
    failed: 0,
  };
  #lastSubmit = -1;
  #countedAt = 0;
  #busyTime = 0;
  #marks = 0;

  constructor(name: string, file: TraceFile, arrows: number, state: () => TracedState) {
    super();
    this.#file = file;
    this.#state = state;
    this.#arrows = new Arrows(arrows);
    this.#writer = new EventWriter(file, this.#pid, this.#submitTrack);
    file.add(processNameEvent(this.#pid, `${name} (${process.title || 'node'})`));
    for (const event of nameEvents(this.#pid, this.#submitTrack, 'submitted', -1)) file.add(event);
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
    this.#writer.submitted(request.task, request.id, arrow.id, at);
  }

  override ran(request: ObservedRequest, worker: ObservedWorker, observed: ObservedRun): void {
    const { startedAt, runTime, completed, failed } = observed;
    const endedAt = startedAt + runTime;
    const track = this.#trackOf(worker.id);
    const { queuedAt } = request;
    const run = this.#run;
    run.id = request.id;
    run.begin = track.begin(this.#tenths(startedAt));
    run.wait = queuedAt === undefined ? 0 : Math.round((startedAt - queuedAt) * 1000);
    run.items = request.items > 1 ? completed : 0;
    run.failed = failed;
    const { begun } = track;
    if (begun === undefined) {
      run.end = track.close(run.begin, this.#tenths(endedAt));
      this.#writer.run(request.task, track.tid, run);
    } else if (begun.id >= run.id && begun.id < run.id + request.items) {
      run.begin = begun.at;
      run.end = track.close(run.begin, this.#tenths(endedAt));
      track.begun = undefined;
      this.#end(track, run.end, argsOf(run));
    } else {
      run.end = track.closeBefore(begun, run.begin, this.#tenths(endedAt));
      this.#writer.run(request.task, track.tid, run);
    }
    const arrow = this.#arrows.end(request);
    if (arrow !== undefined) {
      // It ends in the slice of the run, and not before it begins.
      const head = Math.max(run.begin, arrow.at);
      if (head <= run.end) this.#writer.arrowHead(arrow.id, track.tid, head);
    }
    if (endedAt - this.#countedAt >= COUNT_MS) this.#count(endedAt);
  }

  override settled(request: ObservedRequest, outcome: RequestOutcome): void {
    // Of these, and of all that have started, `ran` tells.
    if (outcome === 'fulfilled' || outcome === 'failed' || outcome === 'crashed') return;
    if (request.startedAt !== undefined) return;
    this.#arrows.end(request);
    if (!this.#mayMark()) return;
    this.#mark(outcome, 't', this.#submitTrack, { task: request.task.name, id: request.id });
  }

  override workerStarted({ id, label }: { readonly id: number; readonly label: string }): void {
    this.#mark('started', 't', this.#trackOf(id, label).tid, {});
  }

  override workerEnded({ id, exitCode, expected }: Parameters<IdleObserver['workerEnded']>[0]): void {
    const track = this.#trackOf(id);
    if (track.clear() !== undefined) this.#end(track, this.#now(), '');
    this.#mark(expected ? 'ended' : 'died', 't', track.tid, exitCode === undefined ? {} : { exitCode });
  }

  override workerEjected({ id, reason }: { readonly id: number; readonly reason: string }): void {
    this.#mark('ejected', 'p', this.#trackOf(id).tid, { reason });
  }

  override queueFull({ maxQueue }: { readonly maxQueue: number }): void {
    if (!this.#mayMark()) return;
    this.#mark('queue full', 'p', this.#submitTrack, { maxQueue });
  }

  /** Ends the file. Runs that go on end with it. */
  stop(): void {
    clearInterval(this.#timer);
    if (!this.#file.isOpen) return;
    this.#look();
    for (const track of this.#tracks.values())
      if (track.clear() !== undefined) this.#end(track, this.#now(), '"unfinished":true');
    this.#file.close();
  }

  #trackOf(id: number, label = String(id)): Track {
    return this.#tracks.get(id) ?? this.#newTrack(id, label);
  }

  #newTrack(id: number, label: string): Track {
    // Workers have their own ids. In a container the process may have one of these.
    const track = new Track(id < this.#submitTrack ? id : id + 1);
    this.#tracks.set(id, track);
    const name = label === String(id) ? `worker ${id}` : `worker ${id} (${label})`;
    for (const event of nameEvents(this.#pid, track.tid, name, id)) this.#file.add(event);
    return track;
  }

  /** From time to time, also when nothing ends. */
  #look(): void {
    this.#marks = 0;
    const now = performance.now();
    for (const worker of this.#count(now)) {
      const track = this.#trackOf(worker.id, worker.label);
      const { running } = worker;
      if (running === undefined || track.begun !== undefined || now - running.since < LONG_MS) continue;
      const at = track.begin(this.#tenths(running.since));
      track.begun = { id: running.id, at };
      this.#file.add(
        `{"name":${quoted(running.task)},"cat":"run","ph":"B","pid":${this.#pid},"tid":${track.tid},"ts":${timeText(at)}}`,
      );
    }
    this.#file.flush();
    if (!this.#file.isOpen) clearInterval(this.#timer);
  }

  #end({ tid }: Track, at: number, args: string): void {
    this.#file.add(`{"ph":"E","pid":${this.#pid},"tid":${tid},"ts":${timeText(at)},"args":{${args}}}`);
  }

  /**
   * Points of the counters.
   * @param time a run may end a little later by the clock of its thread than it is now
   */
  #count(time: number): readonly TracedWorker[] {
    const now = Math.max(time, this.#countedAt);
    const { waiting, workers } = this.#state();
    let busyTime = 0;
    for (const worker of workers) {
      busyTime += worker.busyTime;
      const { running } = worker;
      if (running !== undefined) busyTime += Math.max(0, now - running.since);
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

/** As `EventWriter.run` writes them. */
function argsOf({ id, wait, items, failed }: Run): string {
  const args = `"id":${id},"wait_us":${wait}`;
  return args + (items > 0 ? `,"items":${items}` : '') + (failed > 0 ? `,"failed":${failed}` : '');
}
