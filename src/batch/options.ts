/** Options of `runBatch`: meaning, unit, range, default. Checked once, here. */
import { boolean, checkInteger, checkObject, duration, integer, invalid } from '../options/validate.js';
import { entryUrl } from '../tasks/entry-url.js';
import { targetName, targetOf } from '../tasks/handles.js';
import { describeFunction } from '../tasks/source/describe.js';
import type { HaltRule } from './halt.js';
import type { BatchInput } from './input/source.js';
import type { Format, ThreadSetup } from './layout.js';
import type { RetryOptions } from './retry.js';

/** Options of a batch. */
export interface BatchOptions {
  /**
   * Paths, `-` for standard input, or streams of bytes, one or several. `.gz` and `.zst` are decompressed.
   */
  input: BatchInput | readonly BatchInput[];
  /**
   * Called for each item: an inline function, or a module's export from `tasks(url)`. Its result becomes
   * output: a string as it is, any other value as JSON, `undefined` nothing, an iterable a line per value.
   * Promises are awaited.
   */
  // biome-ignore lint/suspicious/noExplicitAny: any function of one item, as only `any` allows
  task: (item: any) => unknown;
  /**
   * File URL from which `require` and `import()` of an inline function resolve. Default: the program's entry.
   */
  base?: string;
  /** A path, or an open descriptor. Default 1: standard output. */
  output?: string | number;
  /** A path for failed items, as NDJSON. Default: none. */
  errors?: string;
  /** A path for the journal, by which the batch can be resumed. Needs `output` as a path. Default: none. */
  journal?: string;
  /** Continue from the journal, or start if there is none. Default false: an existing journal is refused. */
  resume?: boolean;
  /** Run the failed items of the journal again, appending their results to the output. Default false. */
  retryFailed?: boolean;
  /** Continue although the input or the function has changed since the journal began. Default false. */
  force?: boolean;
  /** Items are strings (`'lines'`), parsed lines (`'ndjson'`) or objects (`'csv'`). Default `'lines'`. */
  format?: Format;
  /** End of a line of input: `'\n'`, optionally after `'\r'`, or `'\0'`. Default `'\n'`. */
  separator?: '\n' | '\0';
  /** Results in the order of the input, else as they come. Default true. */
  ordered?: boolean;
  /** Whether each line of output begins with its item and a tab. Default false. */
  tag?: boolean;
  /** Further runs of an item that throws, runs out of time, or ends its thread. Default `{ attempts: 0 }`. */
  retry?: RetryOptions;
  /** Longest run of an item, in ms, > 0. Then it has failed, and its thread is ended. Default: no limit. */
  timeout?: number;
  /** When to give up after failures. Default: never. */
  halt?: HaltRule;
  /** Most chunks in flight, an integer ≥ 1. Default: 4 per worker of the Balancer. */
  concurrency?: number;
  /**
   * Ends the batch in good order: running items finish, results are written, the report says `interrupted`.
   */
  signal?: AbortSignal;
  /** Called with the batch at its start. */
  onStart?: (batch: RunningBatch) => void;
}

/** A running batch. */
export interface RunningBatch {
  /** Live counts. */
  readonly progress: BatchProgress;
  /** Removes temporary files, for a process that is about to end. Synchronous. */
  discard(): void;
}

/** Progress of a batch. */
export interface BatchProgress {
  /** Finished items, and how many of them failed. */
  readonly items: number;
  readonly failed: number;
  readonly retried: number;
  /** Finished bytes of input. */
  readonly bytes: number;
  /** Total bytes of input, if known. */
  readonly totalBytes: number | undefined;
}

const NAMES = {
  input: 0,
  task: 0,
  base: 0,
  output: 0,
  errors: 0,
  journal: 0,
  resume: 0,
  retryFailed: 0,
  force: 0,
  format: 0,
  separator: 0,
  ordered: 0,
  tag: 0,
  retry: 0,
  timeout: 0,
  halt: 0,
  concurrency: 0,
  signal: 0,
  onStart: 0,
} as const satisfies Record<keyof BatchOptions, 0>;

/** The same after validation, with every default. */
export interface BatchSettings {
  readonly inputs: readonly BatchInput[];
  readonly task: ThreadSetup['task'];
  readonly output: string | number;
  readonly errors: string | undefined;
  readonly journal: string | undefined;
  readonly resume: boolean;
  readonly retryFailed: boolean;
  readonly force: boolean;
  readonly format: Format;
  readonly separator: number;
  readonly ordered: boolean;
  readonly tag: boolean;
  readonly retry: RetryOptions;
  /** 0: none. */
  readonly timeout: number;
  readonly halt: HaltRule | undefined;
  readonly concurrency: number | undefined;
}

/** @throws InvalidOptionError, NotAFunctionError, CapturedVariableError */
export function batchSettings(options: BatchOptions): BatchSettings {
  checkObject('batch options', options, NAMES);
  const { output = 1, errors, journal, format = 'lines', separator = '\n', halt, retry, signal } = options;
  const inputs = Array.isArray(options.input) ? options.input : [options.input];
  if (inputs.length === 0 || inputs.some((input) => !isInput(input))) {
    throw invalid(
      'batch options.input',
      options.input,
      "a path, '-', a stream of bytes, or an array of them",
    );
  }
  if (typeof output !== 'string' && !Number.isInteger(output)) {
    throw invalid('batch options.output', output, 'a path or a descriptor');
  }
  for (const [name, value] of Object.entries({ errors, journal })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw invalid(`batch options.${name}`, value, 'a path');
    }
  }
  if (journal !== undefined && typeof output !== 'string') {
    throw invalid('batch options.output', output, 'a path, since there is a journal');
  }
  if (!['lines', 'ndjson', 'csv'].includes(format)) {
    throw invalid('batch options.format', format, "'lines', 'ndjson' or 'csv'");
  }
  if (separator !== '\n' && separator !== '\0') {
    throw invalid('batch options.separator', separator, "'\\n' or '\\0'");
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalid('batch options.signal', signal, 'an AbortSignal');
  }
  const resume = boolean('batch options.resume', options.resume, false);
  const retryFailed = boolean('batch options.retryFailed', options.retryFailed, false);
  if ((resume || retryFailed) && journal === undefined) {
    throw invalid('batch options.journal', journal, 'a path, for resume and retryFailed');
  }
  if (halt !== undefined) checkHalt(halt);
  if (options.concurrency !== undefined)
    checkInteger('batch options.concurrency', options.concurrency, 1, 65_536);
  return {
    inputs,
    task: describeTask(options.task, options.base),
    output,
    errors,
    journal,
    resume,
    retryFailed,
    force: boolean('batch options.force', options.force, false),
    format,
    separator: separator === '\n' ? 10 : 0,
    ordered: boolean('batch options.ordered', options.ordered, true),
    tag: boolean('batch options.tag', options.tag, false),
    retry: retry === undefined ? { attempts: 0 } : checkRetry(retry),
    timeout: duration('batch options.timeout', options.timeout, 0),
    halt,
    concurrency: options.concurrency,
  };
}

function isInput(input: unknown): boolean {
  if (typeof input === 'string') return input !== '';
  return typeof (input as Partial<AsyncIterable<unknown>> | null)?.[Symbol.asyncIterator] === 'function';
}

function checkHalt(halt: HaltRule): void {
  checkObject('batch options.halt', halt, { when: 0, fail: 0 });
  if (halt.when !== 'now' && halt.when !== 'soon')
    throw invalid('batch options.halt.when', halt.when, "'now' or 'soon'");
  if (!(halt.fail > 0) || (halt.fail >= 1 && !Number.isInteger(halt.fail))) {
    throw invalid('batch options.halt.fail', halt.fail, 'a whole number ≥ 1, or a share between 0 and 1');
  }
}

function checkRetry(retry: RetryOptions): RetryOptions {
  checkObject('batch options.retry', retry, { attempts: 0, delay: 0, factor: 0, maxDelay: 0, jitter: 0 });
  const isNumber = (value: unknown, from: number, to = Number.POSITIVE_INFINITY) =>
    value === undefined || (typeof value === 'number' && value >= from && value <= to);
  if (!isNumber(retry.delay, 0))
    throw invalid('batch options.retry.delay', retry.delay, 'a number of ms ≥ 0');
  if (!isNumber(retry.factor, 1)) throw invalid('batch options.retry.factor', retry.factor, 'a number ≥ 1');
  if (!isNumber(retry.maxDelay, 0))
    throw invalid('batch options.retry.maxDelay', retry.maxDelay, 'a number of ms ≥ 0');
  if (!isNumber(retry.jitter, 0, 1))
    throw invalid('batch options.retry.jitter', retry.jitter, 'a number from 0 to 1');
  const attempts = integer('batch options.retry.attempts', retry.attempts, 0, Number.POSITIVE_INFINITY, 0);
  return { ...retry, attempts };
}

function describeTask(task: unknown, base = entryUrl()): ThreadSetup['task'] {
  if (typeof task !== 'function')
    throw invalid('batch options.task', task, 'a function, or a handle from tasks(url)');
  const target = targetOf(task);
  if (target !== undefined) return { kind: 'module', name: targetName(target), ...target };
  const { name, source, sloppy, helpers } = describeFunction(task as (...args: never[]) => unknown);
  return { kind: 'inline', name, source, base, sloppy, helpers };
}
