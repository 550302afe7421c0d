/**
 * Runs items of a chunk in a thread of a machine, one after the other. The items come as the text that the
 * submitter has written, and the outcomes go as the text that it will parse.
 */
import { loadExport } from '../../../workers/functions/module.js';
import type { TaskFunction } from '../../../workers/functions/task-function.js';
import { textsOf } from '../../batch/thread/results.js';
import { performance } from '../../protocol/clock.js';
import { decodeValue } from '../values/decode.js';
import { OutcomeWriter } from '../values/outcomes.js';
import { type ItemsCall, type ItemsRun, parseCall, RUNNING, STOP, writeRun } from './items-message.js';

/** Between two looks at the clock, in ms; and most items between them. */
const LOOK_MS = 0.2;
const MOST_TOGETHER = 64;

/**
 * If the function cannot be loaded, each item fails with that error.
 * @param bytes see `parseCall`
 * @param progress shared memory, by `RUNNING` and `STOP`
 * @returns see `writeRun`
 */
export function runItems(bytes: Uint8Array, progress: Int32Array): string | Promise<string> {
  const [call, items] = parseCall(bytes);
  const run = (fn: TaskFunction): ItemsRun | Promise<ItemsRun> => new Run(call, items, progress, fn).run();
  const ran = runLoaded(call, run);
  return isThenable(ran) ? ran.then(writeRun) : writeRun(ran);
}

function runLoaded(
  { url, base, path, name }: ItemsCall,
  run: (fn: TaskFunction) => ItemsRun | Promise<ItemsRun>,
): ItemsRun | Promise<ItemsRun> {
  let fn: TaskFunction | Promise<TaskFunction>;
  try {
    fn = loadExport({ kind: 'module', id: 0, url, base, path, name });
  } catch (error) {
    fn = failing(error);
  }
  return typeof fn === 'function' ? run(fn) : fn.catch(failing).then(run);
}

function failing(error: unknown): TaskFunction {
  return () => {
    throw error;
  };
}

class Run {
  readonly #fn: (item: unknown) => unknown;
  readonly #call: ItemsCall;
  readonly #progress: Int32Array;
  readonly #items: readonly unknown[] | undefined;
  readonly #outcomes: OutcomeWriter;
  readonly #start = performance.now();
  #index = 0;
  #lookedAt = this.#start;
  /** Items between two looks at the clock. */
  #together = 1;
  #untilLook = 2;

  constructor(call: ItemsCall, items: string, progress: Int32Array, fn: TaskFunction) {
    this.#call = call;
    this.#progress = progress;
    this.#fn = call.texts ? (item) => textsOf(fn(item)) : fn;
    this.#outcomes = new OutcomeWriter(call.maxPayload);
    this.#items = listOf(items, call.count);
  }

  /** Returns a promise only if the function did. */
  run(): ItemsRun | Promise<ItemsRun> {
    const { maxPayload, count } = this.#call;
    const progress = this.#progress;
    const items = this.#items;
    if (items === undefined) return { count: -1, failures: 0, ms: 0, outcomes: '' };
    const outcomes = this.#outcomes;
    const fn = this.#fn;
    while (this.#index < count && !this.#isTimeUp() && outcomes.length < maxPayload) {
      if (Atomics.load(progress, STOP) !== 0) break;
      const index = this.#index++;
      Atomics.store(progress, RUNNING, index);
      let result: unknown;
      try {
        result = fn(items[index]);
      } catch (error) {
        outcomes.thrown(error, ownFrames);
        continue;
      }
      if (isThenable(result)) return this.#runRest(result);
      outcomes.value(result);
    }
    const ms = performance.now() - this.#start;
    return { count: outcomes.count, failures: outcomes.failures, ms, outcomes: outcomes.end() };
  }

  async #runRest(first: PromiseLike<unknown>): Promise<ItemsRun> {
    try {
      this.#outcomes.value(await first);
    } catch (error) {
      this.#outcomes.thrown(error, ownFrames);
    }
    // At once, since it has waited anyway.
    this.#untilLook = 1;
    return this.run();
  }

  #isTimeUp(): boolean {
    if (--this.#untilLook > 0) return false;
    const now = performance.now();
    const passed = now - this.#lookedAt;
    this.#lookedAt = now;
    if (passed < LOOK_MS / 2) this.#together = Math.min(MOST_TOGETHER, this.#together * 2);
    else if (passed > LOOK_MS) this.#together = Math.max(1, this.#together >> 1);
    this.#untilLook = this.#together;
    return this.#index > 0 && now - this.#start >= this.#call.budget;
  }
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

function listOf(items: string, count: number): readonly unknown[] | undefined {
  try {
    const list = decodeValue(items);
    return Array.isArray(list) && list.length === count ? list : undefined;
  } catch {
    return undefined;
  }
}

/** A stack without the frames of this file and below. */
function ownFrames(stack: string): string {
  const at = stack.search(
    /\n {4}at [^\n]*[\\/](?:items-task\.mjs|cluster[\\/]thread[\\/]items\.[jt]s):\d+:\d+\)?(?:\n|$)/,
  );
  return at < 0 ? stack : stack.slice(0, at);
}
