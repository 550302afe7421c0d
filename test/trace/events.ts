import { readFileSync } from 'node:fs';

/** A Chrome trace event. */
export interface TraceEvent {
  readonly ph: string;
  readonly name?: string;
  readonly cat?: string;
  readonly pid: number;
  readonly tid: number;
  /** In µs. */
  readonly ts: number;
  readonly dur?: number;
  readonly id?: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

/** The events of a file. As its readers do, takes an array that has no end. */
export function eventsOf(file: string): TraceEvent[] {
  const text = readFileSync(file, 'utf8').trimEnd();
  return JSON.parse(text.endsWith(']') ? text : `${text}]`);
}

/** The slices of runs, each as the readers draw it: whole ones, and pairs of a beginning and an end. */
export function runsOf(events: readonly TraceEvent[]): TraceEvent[] {
  const runs: TraceEvent[] = [];
  const begun = new Map<number, TraceEvent>();
  for (const event of events) {
    if (event.ph === 'X' && event.cat === 'run') runs.push(event);
    if (event.ph === 'B') begun.set(event.tid, event);
    if (event.ph !== 'E') continue;
    const begin = begun.get(event.tid) as TraceEvent;
    begun.delete(event.tid);
    runs.push({ ...begin, dur: event.ts - begin.ts, args: event.args ?? {} });
  }
  return [...runs, ...begun.values()];
}
