/**
 * Who is there: every submitter and every machine has an entry, a delayed job that never comes due, in a
 * queue of its kind. By its absence its owner knows that the engine has lost its data.
 *
 * Submitters read the entries of machines at each beat. Nobody reads those of all submitters but to throw
 * away dead ones, which is done the less often the more there are: what the engine is asked for grows with
 * the number of submitters, and not with its square.
 */
import { hostname } from 'node:os';
import type { Job, Queue } from 'bullmq';
import { performance } from '../protocol/clock.js';
import { type Entry, entryOf, type StoredEntry } from './directory-entry.js';
import { type Engine, MAILBOX_MS } from './engine/engine.js';
import { isWrongType } from './engine/wrong-type.js';
import { isTransient } from './transient.js';

/** In ms: some five years, what a job's delay may be. */
const NEVER_MS = 1.5e11;
/** Beats that may be missed. */
const MISSED = 3;
const MOST_ENTRIES = 10_000;
/** Between two looks for the dead, in ms: least, and for each submitter that there is. */
const SWEEP_MS = 60_000;
const SWEEP_EACH_MS = 2_000;

export class Directory {
  readonly #engine: Engine;
  readonly #queues: { readonly [kind in Entry['kind']]: Queue };
  readonly #own: Entry;
  readonly #now: () => number;
  #job: Job | undefined;
  #beat = 0;
  #beating: Promise<boolean> | undefined;
  #hasLeft = false;
  /** Of each entry that was read: its last beat, and when that was first seen. */
  readonly #seen = new Map<string, { kind: Entry['kind']; beat: number; at: number }>();
  #sweptAt: number;
  /** Of the usual time until the next look for the dead: so that not all look together. */
  #pace = paceOf(Math.random());

  constructor(
    engine: Engine,
    cluster: string,
    own: Omit<Entry, 'host' | 'pid'>,
    now = () => performance.now(),
  ) {
    this.#engine = engine;
    this.#now = now;
    this.#sweptAt = now();
    this.#queues = {
      machine: engine.queue(`${cluster}.directory`),
      submitter: engine.queue(`${cluster}.submitters`),
    };
    this.#own = { ...own, host: hostname(), pid: process.pid };
  }

  /** Makes the own entry, or says anew that its owner is alive. @returns whether the entry was there */
  async beat(changes: Partial<Entry> = {}): Promise<boolean> {
    if (this.#hasLeft) return true;
    const beating = this.#write(changes);
    this.#beating = beating;
    return beating;
  }

  async #write(changes: Partial<Entry>): Promise<boolean> {
    Object.assign(this.#own, changes);
    const data: StoredEntry = { ...this.#own, beat: ++this.#beat };
    const queue = this.#queues[data.kind];
    const isFirst = this.#job === undefined;
    if (this.#job !== undefined) {
      if (await this.#update(queue, this.#job, data)) return true;
      // What is left would keep it from being added.
      await this.#engine.clear(queue.name, data.id);
    }
    this.#job = await queue.add(data.kind, data, {
      jobId: data.id,
      delay: NEVER_MS,
      removeOnComplete: true,
      removeOnFail: true,
    });
    return isFirst;
  }

  /** @returns false: the engine has lost the entry, or a part of it */
  async #update(queue: Queue, job: Job, data: StoredEntry): Promise<boolean> {
    try {
      await job.updateData(data);
    } catch (error) {
      if (isTransient(error)) throw error;
      if (isWrongType(error) || (await queue.getJob(data.id)) === undefined) return false;
      throw error;
    }
    // Without its place in the queue nobody would see that there is a machine. (Submitters are asked for by name.)
    return data.kind === 'submitter' || (await queue.getJobState(data.id)) !== 'unknown';
  }

  /** The machines that are alive. Entries, and mailboxes, of those that have long been dead are thrown away. */
  machines(): Promise<readonly Entry[]> {
    return this.#read('machine');
  }

  /** Whether a submitter has no entry, or one that has not changed for long, as far as was looked. */
  async isGone(submitter: string): Promise<boolean> {
    const entry = entryOf(await readableJob(this.#queues.submitter, submitter));
    if (entry !== undefined) return this.#silence(entry) > longestSilence(entry);
    this.#seen.delete(submitter);
    return true;
  }

  /** Throws away entries, and mailboxes, of submitters that have long been dead. To be called at each beat. */
  async sweep(): Promise<void> {
    const passed = this.#now() - this.#sweptAt;
    if (passed < SWEEP_MS * this.#pace) return;
    const count = await this.#queues.submitter.getDelayedCount();
    if (passed < SWEEP_EACH_MS * count * this.#pace) return;
    this.#sweptAt = this.#now();
    this.#pace = paceOf(Math.random());
    await this.#read('submitter');
  }

  /** Takes the own entry out. A beat that is under way would put it back, so that comes to its end before. */
  async leave(): Promise<void> {
    this.#hasLeft = true;
    await this.#beating?.catch(() => {});
    await this.#queues[this.#own.kind].remove(this.#own.id);
  }

  /** All of a kind that are alive. */
  async #read(kind: Entry['kind']): Promise<readonly Entry[]> {
    const queue = this.#queues[kind];
    // Whoever looks at queues may have promoted them, which changes nothing: nobody takes them.
    const ids = await queue.getRanges(['delayed', 'waiting'], 0, MOST_ENTRIES - 1);
    const live: Entry[] = [];
    const met = new Set<string>();
    for (const job of await Promise.all(ids.map((id) => readableJob(queue, id)))) {
      const entry = entryOf(job);
      if (entry?.kind !== kind) continue;
      met.add(entry.id);
      const silence = this.#silence(entry);
      if (silence <= longestSilence(entry)) live.push(entry);
      else if (silence > MAILBOX_MS) await this.#bury(entry);
    }
    for (const [id, seen] of this.#seen) if (seen.kind === kind && !met.has(id)) this.#seen.delete(id);
    return live;
  }

  /** Time since the last beat, as far as it was looked, in ms. */
  #silence({ id, kind, beat }: StoredEntry): number {
    const now = this.#now();
    const seen = this.#seen.get(id);
    if (seen?.beat === beat) return now - seen.at;
    this.#seen.set(id, { kind, beat, at: now });
    return 0;
  }

  async #bury({ id, kind }: Entry): Promise<void> {
    await this.#engine.removeMailbox(id);
    await this.#queues[kind].remove(id);
  }
}

/** What another program has written over is no entry; its owner will make it anew. */
function readableJob(queue: Queue, id: string): Promise<Job | undefined> {
  return queue.getJob(id).catch((error) => {
    if (isWrongType(error) || error instanceof SyntaxError) return undefined;
    throw error;
  });
}

/** In ms; who is silent for longer is not alive. */
function longestSilence({ every }: Entry): number {
  return MISSED * every + 1_000;
}

/** @param random from 0 to 1 */
function paceOf(random: number): number {
  return 0.5 + random;
}
