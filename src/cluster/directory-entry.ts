/** What a machine, or a submitter, tells of itself in the directory. */
import type { Job } from 'bullmq';
import { isId } from './messages.js';

/** Characters of a reason that are told. */
const MOST_REASON = 300;

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
  /** Machines: why the engine does not give it jobs of tasks that it would serve. */
  readonly refusal?: string | undefined;
  /** Machines: why its Balancer can run nothing. */
  readonly inability?: string | undefined;
}

export interface StoredEntry extends Entry {
  /** Counts. Clocks of several hosts are not compared. */
  readonly beat: number;
}

/** Reads an entry, which anybody may have written. */
export function entryOf(job: Job | undefined): StoredEntry | undefined {
  const data: unknown = job?.data;
  if (typeof data !== 'object' || data === null) return undefined;
  const { kind, id, host, pid, every, tasks, threads, slots, beat, refusal, inability } = data as Record<
    string,
    unknown
  >;
  if ((kind !== 'machine' && kind !== 'submitter') || typeof id !== 'string' || !isId(id)) return undefined;
  const isNumber = (value: unknown): value is number => typeof value === 'number' && value >= 0;
  if (!isNumber(every) || !isNumber(beat) || !isNumber(threads) || !isNumber(slots)) return undefined;
  const names = Array.isArray(tasks) ? tasks.filter((name): name is string => typeof name === 'string') : [];
  const reason = (text: unknown): string | undefined =>
    typeof text === 'string' ? text.slice(0, MOST_REASON) : undefined;
  return {
    kind,
    id,
    host: String(host),
    pid: Number(pid),
    every,
    tasks: names,
    threads,
    slots,
    beat,
    refusal: reason(refusal),
    inability: reason(inability),
  };
}
