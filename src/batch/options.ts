/** Options of `runBatch`: meaning, unit, range, default. Checked once, here. */
import { requireOptional } from '../errors/optional-package.js';
import {
  BOOLEAN,
  DELAY,
  type Fields,
  FUNCTION,
  integerFrom,
  invalid,
  numberIn,
  oneOf,
  ownValue,
  type Rule,
  resolveFields,
  SIGNAL,
  TIMEOUT,
  validate,
  validateNames,
} from '../options/validate.js';
import { entryUrl } from '../tasks/entry-url.js';
import { targetName, targetOf } from '../tasks/handles.js';
import { analyzeFunction } from '../tasks/source/analyze.js';
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
  /** Whether an item that throws, runs out of time, or ends its thread runs again. Default `{ attempts: 1 }`: no. */
  retry?: RetryOptions;
  /** Longest run of an item, in ms, > 0. Then it has failed, and its thread is ended. Default: no limit. */
  timeout?: number;
  /** When to give up after failures. Default: never. */
  halt?: HaltRule;
  /** Most chunks in flight, an integer ≥ 1. Default: 3 per worker of the Balancer. */
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

/** The same after validation, with every default. */
export interface BatchSettings {
  readonly inputs: readonly BatchInput[];
  readonly task: ThreadSetup['task'];
  /** The task as it was given. */
  readonly function: BatchOptions['task'];
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
  readonly retry: Required<RetryOptions>;
  /** 0: none. */
  readonly timeout: number;
  readonly halt: HaltRule | undefined;
  readonly concurrency: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onStart: BatchOptions['onStart'];
}

const NAME = 'batch options';

const PATH: Rule = { allowed: 'a path', accepts: (value) => typeof value === 'string' && value !== '' };
const OUTPUT: Rule = {
  allowed: 'a path or a descriptor',
  accepts: (value) => PATH.accepts(value) || Number.isInteger(value),
};
const FAIL: Rule = {
  allowed: 'a whole number ≥ 1, or a share between 0 and 1',
  accepts: (value) => typeof value === 'number' && value > 0 && (value < 1 || Number.isInteger(value)),
};

/** Options with simple rules. Paths without a default are checked apart, since `undefined` is none. */
const FIELDS = {
  output: [1, OUTPUT],
  resume: [false, BOOLEAN],
  retryFailed: [false, BOOLEAN],
  force: [false, BOOLEAN],
  format: ['lines', oneOf('lines', 'ndjson', 'csv')],
  separator: ['\n', { ...oneOf('\n', '\0'), allowed: "'\\n' or '\\0'" }],
  ordered: [true, BOOLEAN],
  tag: [false, BOOLEAN],
  timeout: [Number.POSITIVE_INFINITY, TIMEOUT],
} as const satisfies Fields<Pick<BatchOptions, keyof SimpleOptions>>;

type SimpleOptions = Required<
  Pick<
    BatchOptions,
    'output' | 'resume' | 'retryFailed' | 'force' | 'format' | 'separator' | 'ordered' | 'tag' | 'timeout'
  >
>;

const OTHERS = [
  'input',
  'task',
  'base',
  'errors',
  'journal',
  'retry',
  'halt',
  'concurrency',
  'signal',
  'onStart',
] as const satisfies readonly (keyof BatchOptions)[];

const RETRY_FIELDS: Fields<Required<RetryOptions>> = {
  attempts: [1, integerFrom(1)],
  delay: [100, DELAY],
  factor: [2, numberIn(1, Number.POSITIVE_INFINITY)],
  maxDelay: [30_000, DELAY],
  jitter: [0.2, numberIn(0, 1)],
};

/** @throws InvalidOptionError, NotAFunctionError, CapturedVariableError */
export function batchSettings(options: BatchOptions): BatchSettings {
  const simple: SimpleOptions = resolveFields(NAME, options, FIELDS as Fields<SimpleOptions>, OTHERS);
  const { input, task, base, errors, journal, retry, halt, concurrency, signal, onStart } =
    ownOptions(options);
  const inputs = Array.isArray(input) ? input : [input];
  if (inputs.length === 0 || inputs.some((each) => !isInput(each))) {
    throw invalid(`${NAME}.input`, input, "a path, '-', a stream of bytes, or an array of them");
  }
  // Told before anything is read or written.
  if (simple.format === 'csv') requireOptional('csv-parse/sync', 'CSV input');
  if (errors !== undefined) validate(`${NAME}.errors`, errors, PATH);
  if (journal !== undefined) {
    validate(`${NAME}.journal`, journal, PATH);
    validate(`${NAME}.output`, simple.output, { ...PATH, allowed: 'a path, since there is a journal' });
  }
  if (signal !== undefined) validate(`${NAME}.signal`, signal, SIGNAL);
  if (onStart !== undefined) validate(`${NAME}.onStart`, onStart, FUNCTION);
  if (concurrency !== undefined) validate(`${NAME}.concurrency`, concurrency, integerFrom(1));
  const haltRule = halt === undefined ? undefined : checkedHalt(halt);
  if ((simple.resume || simple.retryFailed) && journal === undefined) {
    throw invalid(`${NAME}.journal`, journal, 'a path, for resume and retryFailed');
  }
  return {
    ...simple,
    inputs: inputs as readonly BatchInput[],
    task: describeTask(task, base),
    function: task as BatchOptions['task'],
    errors,
    journal,
    separator: simple.separator === '\n' ? 10 : 0,
    retry: resolveFields(`${NAME}.retry`, retry ?? {}, RETRY_FIELDS),
    timeout: simple.timeout === Number.POSITIVE_INFINITY ? 0 : simple.timeout,
    halt: haltRule,
    concurrency,
    signal,
    onStart,
  };
}

/** Without what `Object.prototype` may have. */
function ownOptions(options: BatchOptions): Partial<BatchOptions> {
  const own: Record<string, unknown> = Object.create(null);
  for (const name of OTHERS) own[name] = ownValue(options, name);
  return own as Partial<BatchOptions>;
}

function isInput(input: unknown): boolean {
  if (typeof input === 'string') return input !== '';
  return typeof (input as Partial<AsyncIterable<unknown>> | null)?.[Symbol.asyncIterator] === 'function';
}

function checkedHalt(halt: HaltRule): HaltRule {
  validateNames(`${NAME}.halt`, halt, ['when', 'fail']);
  const when = ownValue(halt, 'when');
  const fail = ownValue(halt, 'fail');
  validate(`${NAME}.halt.when`, when, oneOf('now', 'soon'));
  validate(`${NAME}.halt.fail`, fail, FAIL);
  return { when, fail } as HaltRule;
}

function describeTask(task: unknown, base = entryUrl()): ThreadSetup['task'] {
  validate(`${NAME}.task`, task, { ...FUNCTION, allowed: 'a function, or a handle from tasks(url)' });
  const target = targetOf(task as object);
  if (target !== undefined) return { kind: 'module', ...target, name: targetName(target) };
  const { name, source, sloppy, helpers } = analyzeFunction(task as (...args: never[]) => unknown);
  return { kind: 'inline', name, source, base, sloppy, helpers };
}
