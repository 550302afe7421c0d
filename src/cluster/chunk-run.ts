/**
 * Runs a chunk on the threads of a machine. Little work goes to one thread, as the text that has come: it is
 * not parsed here. What is more is cut into slices of some ms, so that all threads share it, and no other
 * request waits for long. Outcomes come back as texts, and are put in order.
 *
 * A thread that dies leaves behind which item it ran: that one counts as its victim's doing, and runs again
 * alone, as do those before it in the slice, whose outcomes are lost. The rest has not begun.
 */
import type { Balancer } from '../balancer.js';
import { TaskTimeoutError } from '../errors/errors.js';
import type { SubmitOptions } from '../options/submit.js';
import type { AnyTask } from '../tasks/signatures.js';
import { MalformedMessageError } from './errors.js';
import { type Asked, errorOfItem, itemsTask } from './items-call.js';
import type { JobData } from './messages.js';
import { isOfMachine } from './of-machine.js';
import { callBytes, type ItemsRun, parseRun, RUNNING, STOP } from './thread/items-message.js';
import { joinOutcomes, OutcomeWriter } from './values/outcomes.js';

/**
 * Work of a slice, in ms; what is little more is not cut; and the time after which no further item of it
 * begins.
 */
const SLICE_MS = 25;
const UNCUT_MS = 40;
const MOST_SLICE_MS = 60;
/** So little work goes to one thread, though others may be idle, in ms. */
const WHOLE_MS = 1;
/** Slices of each thread on the way at most, where each is one item. */
const SINGLES = 16;
/** Weight of the newest slice in the means. */
const NEWEST = 0.25;
/** Further deaths of threads that an item may cause that has been the end of one. */
const MOST_DEATHS = 1;
/** Memories that are kept. */
const MOST_SPARE = 64;

export interface ChunkCall extends SubmitOptions {
  /** The items, as a list. */
  readonly args: string;
  readonly texts: JobData['texts'] | undefined;
  readonly items: number;
  readonly maxPayload: number;
  /** That it may use at a time. */
  readonly threads: number;
  /** Whether it may use no more, though they might be late. */
  readonly isPart: boolean;
  /** Run times of an item, in ms, by task. */
  readonly means: Map<AnyTask, number>;
}

interface Slice {
  readonly from: number;
  readonly to: number;
  /** Further deaths of threads that it may cause, or suffer; `undefined`: it has not begun before. */
  readonly deaths: number | undefined;
}

interface Part {
  readonly count: number;
  readonly outcomes: string;
}

/** Outcomes that are not sent yet. */
export interface ChunkEnd {
  /** Index of the first one. */
  readonly at: number;
  readonly count: number;
  readonly outcomes: string;
  readonly failures: number;
  /** Run time of all items. */
  readonly ms: number;
}

type OnPart = (part: Pick<ChunkEnd, 'at' | 'count' | 'outcomes'>) => Promise<void>;

export class ChunkRun {
  readonly #balancer: Balancer;
  readonly #spare: Int32Array[];
  readonly #task: AnyTask;
  readonly #asked: Asked;
  readonly #call: ChunkCall;
  /** Whether no item may run twice. */
  readonly #isStrict: boolean;
  /** What is not given to a thread, the next one last. */
  readonly #left: Slice[];
  #lanes = 1;
  #sending: Promise<void> = Promise.resolve();
  /** The items, as JSON has them; once they are needed. */
  #forms: readonly unknown[] | undefined;
  readonly #running = new Set<Int32Array>();
  #isStopped = false;
  /** Outcomes that wait for those before them, by the index of the first. */
  readonly #parts = new Map<number, Part>();
  /** Items before this one have been sent. */
  #sent = 0;
  /** The outcomes from there on, without a gap. */
  #ready = 0;
  #text = '';
  #failures = 0;
  #ms = 0;

  /** @param spare shared memory for all chunks of the machine */
  constructor(balancer: Balancer, spare: Int32Array[], task: AnyTask, call: ChunkCall) {
    this.#balancer = balancer;
    this.#spare = spare;
    this.#task = task;
    this.#asked = itemsTask(task);
    this.#call = call;
    this.#isStrict = call.retries === 0 && call.texts !== true;
    this.#left = call.items > 0 ? [{ from: 0, to: call.items, deaths: undefined }] : [];
  }

  /** No further item begins. */
  stop(): void {
    this.#isStopped = true;
    for (const progress of this.#running) Atomics.store(progress, STOP, 1);
  }

  /**
   * @param onPart called with outcomes that are long; the next ones wait for it
   * @throws what concerns the machine, not an item; MalformedMessageError
   */
  async run(onPart: OnPart): Promise<ChunkEnd> {
    try {
      // What one thread has not done in its time goes to all.
      while (this.#left.length > 0 && !this.#isStopped) {
        this.#lanes = this.#lanesFor(this.#left[this.#left.length - 1] as Slice);
        await Promise.all(Array.from({ length: this.#lanes }, () => this.#runLane(onPart)));
      }
      await this.#sending;
    } finally {
      this.stop();
    }
    this.#call.signal?.throwIfAborted();
    return { ...this.#takeReady(), failures: this.#failures, ms: this.#ms };
  }

  get #mean(): number | undefined {
    return this.#call.means.get(this.#task);
  }

  get #address(): Asked['address'] {
    return this.#call.texts === true ? this.#asked.local : this.#asked.address;
  }

  #lanesFor({ from, to }: Slice): number {
    const { threads, isPart } = this.#call;
    if (isPart) return threads;
    if (this.#isStrict) return Math.min(to - from, SINGLES * threads);
    return threads === 1 || this.#isWhole(to - from) ? 1 : threads + 1;
  }

  /** Whether so many items go to one thread. */
  #isWhole(count: number): boolean {
    const { threads } = this.#call;
    const work = (this.#mean ?? Number.POSITIVE_INFINITY) * count;
    return !this.#isStrict && work <= (threads === 1 ? UNCUT_MS : WHOLE_MS);
  }

  async #runLane(onPart: OnPart): Promise<void> {
    const { threads, maxPayload } = this.#call;
    for (let slice = this.#take(); slice !== undefined && !this.#isStopped; slice = this.#take()) {
      await this.#runSlice(slice);
      if (this.#text.length >= maxPayload) await this.#sendPart(onPart);
      if (this.#lanes === 1 && threads > 1) return;
    }
  }

  #sendPart(onPart: OnPart): Promise<void> {
    const part = this.#takeReady();
    this.#sending = this.#sending.then(() => onPart(part));
    return this.#sending;
  }

  #takeReady(): Parameters<OnPart>[0] {
    const at = this.#sent;
    const outcomes = this.#text;
    this.#sent = this.#ready;
    this.#text = '';
    return { at, count: this.#ready - at, outcomes };
  }

  #take(): Slice | undefined {
    const slice = this.#left.pop();
    if (slice === undefined || slice.deaths !== undefined) return slice;
    const { from, to } = slice;
    const size = this.#sizeOf(to - from);
    if (from + size < to) this.#left.push({ ...slice, from: from + size });
    return { ...slice, to: Math.min(to, from + size) };
  }

  /** Items of a slice, where so many are left. */
  #sizeOf(count: number): number {
    if (this.#isWhole(count)) return count;
    const mean = this.#mean;
    if (mean === undefined || this.#isStrict) return 1;
    const { threads } = this.#call;
    const within = (ms: number): number => Math.floor(ms / Math.max(mean, 1e-4));
    // The last slices are short, that all threads end together.
    const most = threads === 1 ? count : Math.max(within(WHOLE_MS), Math.ceil(count / (threads + 1)));
    return Math.max(1, Math.min(most, within(SLICE_MS)));
  }

  async #runSlice(slice: Slice): Promise<void> {
    const { signal, context, maxPayload, texts, timeout } = this.#call;
    const { from, to, deaths } = slice;
    const { runItems } = this.#asked;
    const progress = this.#spare.pop() ?? new Int32Array(new SharedArrayBuffer(8));
    progress[RUNNING] = -1;
    progress[STOP] = 0;
    const count = to - from;
    // An item may begin so late, and has its time from then on.
    const budget = Math.min(MOST_SLICE_MS, (timeout ?? Number.POSITIVE_INFINITY) / 4);
    const items = this.#textOf(slice);
    // Bytes go through shared memory, where an object would be cloned.
    const call = callBytes({ ...this.#address, count, texts: texts === true, budget, maxPayload }, items);
    this.#running.add(progress);
    let run: ItemsRun;
    try {
      const text = await this.#balancer.submit(runItems, [call, progress], {
        retries: deaths ?? 0,
        ...(signal !== undefined && { signal }),
        ...(context !== undefined && { context }),
        ...(timeout !== undefined && { timeout: count === 1 ? timeout : timeout + budget }),
      });
      run = parseRun(text);
    } catch (error) {
      if (signal?.aborted === true || isOfMachine(error)) throw error;
      this.#failed(slice, Math.max(0, progress[RUNNING] as number), error);
      return;
    } finally {
      this.#running.delete(progress);
    }
    if (this.#spare.length < MOST_SPARE) this.#spare.push(progress);
    this.#ran(slice, run);
  }

  #textOf({ from, to }: Slice): string {
    const { args, items } = this.#call;
    if (from === 0 && to === items) return args;
    this.#forms ??= listOf(args);
    return JSON.stringify(this.#forms.slice(from, to));
  }

  #ran({ from, to, deaths }: Slice, { count, failures, ms, outcomes }: ItemsRun): void {
    if (count < 0) throw new MalformedMessageError('the items are no list of as many as it says');
    this.#ms += ms;
    this.#failures += failures;
    if (count > 0) {
      const { means } = this.#call;
      const mean = this.#mean;
      const each = ms / count;
      means.set(this.#task, mean === undefined ? each : mean + (each - mean) * NEWEST);
    }
    // Its time was up.
    if (from + count < to) this.#left.push({ from: from + count, to, deaths });
    this.#done(from, { count, outcomes });
  }

  /** The thread has died, or was ended since the time of an item was up. @param index of that item */
  #failed({ from, to, deaths }: Slice, index: number, error: unknown): void {
    const { retries = 0, timeout = Number.POSITIVE_INFINITY } = this.#call;
    const at = from + index;
    if (at + 1 < to) this.#left.push({ from: at + 1, to, deaths: undefined });
    const further = Math.max(0, retries - 1);
    if (error instanceof TaskTimeoutError || deaths !== undefined || retries === 0) {
      const { runItems } = this.#asked;
      const outcome = new OutcomeWriter(this.#call.maxPayload);
      outcome.thrown(errorOfItem(error, runItems, this.#address.name, timeout));
      this.#failures++;
      this.#done(at, { count: 1, outcomes: outcome.end() });
    } else this.#left.push({ from: at, to: at + 1, deaths: Math.min(MOST_DEATHS, further) });
    for (let i = at - 1; i >= from; i--) this.#left.push({ from: i, to: i + 1, deaths: further });
  }

  #done(from: number, part: Part): void {
    if (part.count === 0) return;
    this.#parts.set(from, part);
    for (let next = this.#parts.get(this.#ready); next !== undefined; next = this.#parts.get(this.#ready)) {
      this.#parts.delete(this.#ready);
      this.#text = joinOutcomes(this.#text, this.#ready - this.#sent, next.outcomes, next.count);
      this.#ready += next.count;
    }
  }
}

function listOf(text: string): readonly unknown[] {
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list)) return list;
  } catch {
    // Below.
  }
  throw new MalformedMessageError('the items are no list');
}
