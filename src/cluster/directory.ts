/**
 * Who is there: every submitter and every machine has an entry, a delayed job that never comes due, in a
 * queue of its own. By its absence its owner knows that the engine has lost its data.
 */
import { hostname } from 'node:os';
import type { Job, Queue } from 'bullmq';
import { performance } from '../protocol/clock.js';
import { type Engine, MAILBOX_MS } from './engine/engine.js';
import { isId } from './messages.js';

export interface Entry {
  readonly kind: 'machine' | 'submitter';
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** Time between two beats, in ms. */
  readonly every: number;
  /** Machines: names of the tasks served. */
  readonly tasks: readonly string[];
  /** Machines: threads, and jobs that it takes at a time. */
  readonly threads: number;
  readonly slots: number;
}

interface StoredEntry extends Entry {
  /** Counts. Clocks of several hosts are not compared. */
  readonly beat: number;
}

/** In ms: some five years, what a job's delay may be. */
const NEVER_MS = 1.5e11;
/** Beats that may be missed. */
const MISSED = 3;
const MOST_ENTRIES = 10_000;
/** Between two looks for somebody, in ms. */
const LOOK_MS = 1_000;

export class Directory {
  readonly #engine: Engine;
  readonly #queue: Queue;
  readonly #own: Entry;
  #job: Job | undefined;
  #beat = 0;
  /** Of each entry: its last beat, and when that was first seen. */
  readonly #seen = new Map<string, { beat: number; at: number }>();
  #lookedAt = Number.NEGATIVE_INFINITY;
  #look: Promise<ReadonlySet<string>> | undefined;

  constructor(engine: Engine, cluster: string, own: Omit<Entry, 'host' | 'pid'>) {
    this.#engine = engine;
    this.#queue = engine.queue(`${cluster}.directory`);
    this.#own = { ...own, host: hostname(), pid: process.pid };
  }

  /** Makes the own entry, or says anew that its owner is alive. @returns whether the entry was there */
  async beat(changes: Partial<Entry> = {}): Promise<boolean> {
    Object.assign(this.#own, changes);
    const data: StoredEntry = { ...this.#own, beat: ++this.#beat };
    if (this.#job !== undefined) {
      try {
        await this.#job.updateData(data);
        return true;
      } catch (error) {
        if ((await this.#queue.getJobState(data.id)) !== 'unknown') throw error;
      }
    }
    const isFirst = this.#job === undefined;
    this.#job = await this.#queue.add(data.kind, data, {
      jobId: data.id,
      delay: NEVER_MS,
      removeOnComplete: true,
      removeOnFail: true,
    });
    return isFirst;
  }

  /** All that are alive. Entries, and mailboxes, of those that have long been dead are thrown away. */
  async live(): Promise<readonly Entry[]> {
    const now = performance.now();
    // Whoever looks at queues may have promoted them, which changes nothing: nobody takes them.
    const jobs = await this.#queue.getJobs(['delayed', 'waiting'], 0, MOST_ENTRIES - 1);
    const live: Entry[] = [];
    const met = new Set<string>();
    for (const job of jobs) {
      const entry = entryOf(job);
      if (entry === undefined) continue;
      met.add(entry.id);
      const seen = this.#seen.get(entry.id);
      if (seen === undefined || seen.beat !== entry.beat)
        this.#seen.set(entry.id, { beat: entry.beat, at: now });
      const silent = now - (this.#seen.get(entry.id)?.at ?? now);
      if (silent <= MISSED * entry.every + 1_000) live.push(entry);
      else if (silent > MAILBOX_MS) await this.#bury(entry.id);
    }
    for (const id of this.#seen.keys()) if (!met.has(id)) this.#seen.delete(id);
    return live;
  }

  /** Whether somebody has no entry, or one that has not changed for long. Looks at most once a second. */
  async isGone(id: string): Promise<boolean> {
    const now = performance.now();
    if (now - this.#lookedAt > LOOK_MS) {
      this.#lookedAt = now;
      this.#look = this.live().then((entries) => new Set(entries.map((entry) => entry.id)));
    }
    return !(await this.#look)?.has(id);
  }

  /** Takes the own entry out. */
  async leave(): Promise<void> {
    await this.#queue.remove(this.#own.id);
  }

  async #bury(id: string): Promise<void> {
    await this.#engine.removeMailbox(id);
    await this.#queue.remove(id);
  }
}

/** Anybody may have written it. */
function entryOf(job: Job | undefined): StoredEntry | undefined {
  const data: unknown = job?.data;
  if (typeof data !== 'object' || data === null) return undefined;
  const { kind, id, host, pid, every, tasks, threads, slots, beat } = data as Record<string, unknown>;
  if ((kind !== 'machine' && kind !== 'submitter') || typeof id !== 'string' || !isId(id)) return undefined;
  const isNumber = (value: unknown): value is number => typeof value === 'number' && value >= 0;
  if (!isNumber(every) || !isNumber(beat) || !isNumber(threads) || !isNumber(slots)) return undefined;
  const names = Array.isArray(tasks) ? tasks.filter((name): name is string => typeof name === 'string') : [];
  return { kind, id, host: String(host), pid: Number(pid), every, tasks: names, threads, slots, beat };
}
