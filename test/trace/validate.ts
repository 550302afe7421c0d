/**
 * What is wrong with a trace, by the "Trace Event Format" that Perfetto and chrome://tracing read, and by
 * what they draw: what breaks a rule here they drop, or draw where it was not.
 *
 * https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 */
import { readFileSync } from 'node:fs';

interface AnyEvent {
  readonly [field: string]: unknown;
}

interface Slice {
  readonly begin: number;
  /** Of a whole one: its length as it is written. */
  readonly dur?: number;
  /** `undefined`: it has begun, and the trace ends. */
  end: number | undefined;
  readonly name: unknown;
}

/** As Perfetto takes times: whole ns, without what is left. */
const nanos = (micros: number): number => Math.trunc(micros * 1000);

/** Times are written in tenths of a µs. */
const EXACT = 0.05;

/** By the documented rule: a file that a killed process leaves is an array without its end. */
export function problemsOfFile(file: string): string[] {
  const text = readFileSync(file, 'latin1');
  const isWhole = text.trimEnd().endsWith(']');
  let events: unknown;
  try {
    events = JSON.parse(isWhole ? text : `${text.trimEnd()}]`);
  } catch (error) {
    return [`no JSON: ${(error as Error).message}`];
  }
  if (!Array.isArray(events)) return ['no array'];
  return problemsOf(events, { isWhole });
}

/** @param isWhole whether the trace has come to its end: then nothing is open */
export function problemsOf(events: readonly unknown[], { isWhole = true } = {}): string[] {
  const check = new Check();
  for (const [i, event] of events.entries()) check.event(event, i);
  check.end(isWhole);
  return check.problems;
}

class Check {
  readonly problems: string[] = [];
  readonly #slices = new Map<string, Slice[]>();
  readonly #open = new Map<string, Slice[]>();
  readonly #flows = new Map<unknown, { at: number; track: string }>();
  readonly #ended = new Set<unknown>();
  readonly #heads: { readonly track: string; readonly at: number; readonly what: string }[] = [];
  readonly #named = new Set<string>();
  readonly #processes = new Set<unknown>();
  readonly #used = new Set<string>();
  readonly #last = new Map<string, number>();

  event(given: unknown, index: number): void {
    const say = (problem: string): void => void this.problems.push(`event ${index}: ${problem}`);
    if (typeof given !== 'object' || given === null) {
      say('no object');
      return;
    }
    const event = given as AnyEvent;
    const { ph, pid, tid, ts, name, args } = event;
    if (!Number.isSafeInteger(pid) || !Number.isSafeInteger(tid)) {
      say('pid and tid are whole numbers');
      return;
    }
    if (args !== undefined && (typeof args !== 'object' || args === null)) say('args is an object');
    if (ph !== 'E' && (typeof name !== 'string' || name === '')) say('it has no name');
    const track = `${pid}/${tid}`;
    if (ph === 'M') {
      this.#metadata(event, track, say);
      return;
    }
    if (typeof ts !== 'number' || !Number.isFinite(ts) || ts < 0) {
      say('ts is a number of µs ≥ 0');
      return;
    }
    this.#used.add(ph === 'C' ? `${pid}` : track);
    switch (ph) {
      case 'X':
        this.#whole(event, track, ts, say);
        break;
      case 'B':
        this.#begin(event, track, ts);
        break;
      case 'E':
        this.#end(track, ts, say);
        break;
      case 's':
        this.#flow(event, track, ts, say);
        break;
      case 'f':
        this.#head(event, track, ts, say);
        break;
      case 'C':
        this.#counter(event, track, ts, say);
        break;
      case 'i':
        if (!['t', 'p', 'g'].includes(String(event.s))) say('the scope of a mark is t, p or g');
        break;
      default:
        say(`no phase '${ph}' is known`);
    }
  }

  end(isWhole: boolean): void {
    for (const [track, open] of this.#open)
      if (isWhole && open.length > 0) this.problems.push(`track ${track}: B without E`);
    for (const [track, slices] of this.#slices) this.#mustNotOverlap(track, slices);
    for (const { track, at, what } of this.#heads) {
      const slices = this.#slices.get(track) ?? [];
      // The arrow is drawn to the slice in which it ends.
      const slice = lastUntil(slices, at + EXACT);
      const isInside = slice !== undefined && at <= (slice.end ?? at) + EXACT;
      if (!isInside) this.problems.push(`${what} lies in no slice of track ${track}`);
    }
    for (const used of this.#used) {
      if (!this.#processes.has(Number(used.split('/')[0]))) this.problems.push(`process ${used} has no name`);
      if (used.includes('/') && !this.#named.has(used)) this.problems.push(`track ${used} has no name`);
    }
  }

  #metadata({ name, pid, args }: AnyEvent, track: string, say: (problem: string) => void): void {
    const given = (args ?? {}) as AnyEvent;
    if (name === 'thread_sort_index') {
      if (!Number.isSafeInteger(given.sort_index)) say('sort_index is a whole number');
      return;
    }
    if (typeof given.name !== 'string' || given.name === '') say(`${name} gives no name`);
    if (name === 'process_name') this.#processes.add(pid);
    else if (name === 'thread_name') this.#named.add(track);
    else say(`no metadata '${name}' is known`);
  }

  #whole({ name, dur }: AnyEvent, track: string, ts: number, say: (problem: string) => void): void {
    if (typeof dur !== 'number' || !(dur >= 0)) {
      say('dur is a number of µs ≥ 0');
      return;
    }
    const key = `${track}/X`;
    if (ts < (this.#last.get(key) ?? 0) - EXACT) say(`'${name}' goes back in time`);
    this.#last.set(key, ts);
    list(this.#slices, track).push({ begin: ts, dur, end: ts + dur, name });
  }

  #begin({ name }: AnyEvent, track: string, ts: number): void {
    const slice = { begin: ts, end: undefined, name };
    list(this.#slices, track).push(slice);
    list(this.#open, track).push(slice);
  }

  #end(track: string, ts: number, say: (problem: string) => void): void {
    const slice = this.#open.get(track)?.pop();
    if (slice === undefined) {
      say('E without B');
      return;
    }
    if (ts < slice.begin) say('E before its B');
    slice.end = ts;
  }

  #flow({ id }: AnyEvent, track: string, ts: number, say: (problem: string) => void): void {
    if (id === undefined) {
      say('an arrow has an id');
      return;
    }
    if (this.#flows.has(id)) say(`arrow ${id} begins twice`);
    this.#flows.set(id, { at: ts, track });
    this.#heads.push({ track, at: ts, what: `the beginning of arrow ${id}` });
  }

  #head({ id, bp }: AnyEvent, track: string, ts: number, say: (problem: string) => void): void {
    const from = this.#flows.get(id);
    if (from === undefined) {
      say(`arrow ${id} ends and has not begun`);
      return;
    }
    if (this.#ended.has(id)) say(`arrow ${id} ends twice`);
    this.#ended.add(id);
    if (ts < from.at - EXACT) say(`arrow ${id} ends before it begins`);
    if (bp !== 'e') say('without bp: "e" an arrow goes to the slice that follows');
    this.#heads.push({ track, at: ts, what: `the end of arrow ${id}` });
  }

  #counter({ name, args }: AnyEvent, track: string, ts: number, say: (problem: string) => void): void {
    const values = Object.values((args ?? {}) as AnyEvent);
    if (values.length === 0 || !values.every((value) => Number.isFinite(value))) say('a counter is numbers');
    const key = `${track}/${name}`;
    if (ts < (this.#last.get(key) ?? 0)) say(`counter '${name}' goes back in time`);
    this.#last.set(key, ts);
  }

  /**
   * Slices may be drawn inside one another, and ours never are. What has begun may stand before it in the
   * file.
   */
  #mustNotOverlap(track: string, slices: Slice[]): void {
    let last: Slice | undefined;
    for (const slice of slices.sort((a, b) => a.begin - b.begin)) {
      if (last !== undefined && slice.begin < (last.end ?? Number.POSITIVE_INFINITY) - EXACT)
        this.problems.push(`track ${track}: '${last.name}' and '${slice.name}' overlap`);
      else if (last !== undefined && nanos(slice.begin) < endInNanos(last))
        this.problems.push(`track ${track}: '${last.name}' and '${slice.name}' overlap when cut to ns`);
      last = slice;
    }
  }
}

function endInNanos({ begin, dur, end }: Slice): number {
  return dur === undefined ? nanos(end ?? begin) : nanos(begin) + nanos(dur);
}

function list<T>(map: Map<string, T[]>, key: string): T[] {
  const known = map.get(key) ?? [];
  map.set(key, known);
  return known;
}

/** The last slice that begins by then; they are in order, or that is a problem of its own. */
function lastUntil(slices: readonly Slice[], at: number): Slice | undefined {
  let low = 0;
  let high = slices.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((slices[middle] as Slice).begin <= at) low = middle + 1;
    else high = middle;
  }
  return slices[low - 1];
}
