import { readFileSync } from 'node:fs';
import type { Format, HaltRule } from '../../batch/index.js';
import { availableCores } from '../../options/cpu-quota.js';
import { parseCommandLine, UsageError } from '../arguments.js';
import { configured } from '../config.js';
import { checkConfigured } from '../config-origin.js';
import { durationOf, environmentOf, wholeOf } from '../option-values.js';
import { WATCH_OPTIONS, type WatchOptions, watchOptions, withOptionalPort } from '../watch-options.js';
import { CLUSTER_OPTIONS, clusterOf, ENGINES, LOCAL_NAMES, type MapCluster } from './cluster-options.js';

/** The function as given. */
export type GivenFunction =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'module'; readonly module: string; readonly export: readonly string[] };

/** Options of `leastwork map`. */
export interface MapOptions {
  readonly fn: GivenFunction;
  readonly inputs: readonly string[];
  readonly workers: number;
  /** Undefined: the batch runs here. */
  readonly cluster: MapCluster | undefined;
  readonly format: Format;
  readonly separator: '\n' | '\0';
  /** Undefined: standard output. */
  readonly output: string | undefined;
  readonly errors: string | undefined;
  readonly journal: string | undefined;
  readonly resume: boolean;
  readonly retryFailed: boolean;
  readonly force: boolean;
  readonly unordered: boolean;
  readonly tag: boolean;
  readonly retries: number;
  /** In ms. */
  readonly retryDelay: number | undefined;
  readonly timeout: number | undefined;
  readonly halt: HaltRule | undefined;
  readonly preload: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** In MB. */
  readonly maxMemory: number | undefined;
  readonly watch: WatchOptions;
  readonly dryRun: boolean;
  readonly summary: 'text' | 'json' | 'none';
}

export const OPTIONS = {
  eval: { type: 'string', short: 'e' },
  workers: { type: 'string', short: 'j' },
  output: { type: 'string', short: 'o' },
  errors: { type: 'string' },
  journal: { type: 'string' },
  resume: { type: 'boolean' },
  'retry-failed': { type: 'boolean' },
  force: { type: 'boolean' },
  ndjson: { type: 'boolean' },
  csv: { type: 'boolean' },
  null: { type: 'boolean', short: '0' },
  'files-from': { type: 'string' },
  unordered: { type: 'boolean' },
  tag: { type: 'boolean' },
  retries: { type: 'string' },
  'retry-delay': { type: 'string' },
  timeout: { type: 'string' },
  halt: { type: 'string' },
  preload: { type: 'string', multiple: true },
  env: { type: 'string', multiple: true },
  'max-memory': { type: 'string' },
  ...WATCH_OPTIONS,
  ...CLUSTER_OPTIONS,
  'dry-run': { type: 'boolean' },
  summary: { type: 'string' },
  quiet: { type: 'boolean' },
  config: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Option values by name, from the command line or a config file. */
export type MapValues = {
  -readonly [K in keyof typeof OPTIONS]?: (typeof OPTIONS)[K] extends { multiple: true }
    ? string[]
    : (typeof OPTIONS)[K] extends { type: 'boolean' }
      ? boolean
      : string;
};

export interface MapCommandLine {
  readonly values: MapValues;
  readonly positionals: readonly string[];
}

/** Throws `UsageError`. */
export function parseMapArguments(args: readonly string[]): MapCommandLine {
  const { values, positionals } = parseCommandLine(withOptionalPort(args), OPTIONS);
  const decode = (bytes: string) => Buffer.from(bytes, 'latin1').toString('utf8');
  return { values, positionals: positionals.map(decode) };
}

/** Of these, what the command line says beats all that the config file says. */
const EXCLUSIVE = [
  ['ndjson', 'csv'],
  ['csv', 'null'],
  ['quiet', 'summary'],
];

/** The command line, on top of the config file. Throws `UsageError`. */
export function withConfig({ values, positionals }: MapCommandLine): MapCommandLine {
  // A function, or files, by name: the file's do not count.
  // What it says of threads here does not count for machines that are named here.
  const names = ENGINES.some((name) => values[name]) ? [...ENGINES, ...LOCAL_NAMES] : ENGINES;
  const merged = configured('map', OPTIONS, values, [...EXCLUSIVE, names]);
  if (values.eval === undefined && positionals[0]?.includes('#')) delete merged.eval;
  const namesFiles = positionals.length > (merged.eval === undefined ? 1 : 0);
  if (namesFiles && values['files-from'] === undefined) delete merged['files-from'];
  return { values: merged, positionals };
}

/** Validates the values. Throws `UsageError`. */
export function mapOptions(line: MapCommandLine): MapOptions {
  return checkConfigured(line.values, () => optionsOf(line));
}

function optionsOf({ values, positionals }: MapCommandLine): MapOptions {
  const { output, journal, resume = false, force = false, null: isNull = false } = values;
  const retryFailed = values['retry-failed'] ?? false;
  if (values.ndjson && values.csv) throw new UsageError('--ndjson and --csv exclude each other');
  if (values.csv && isNull) throw new UsageError('--csv and --null exclude each other');
  for (const name of ['output', 'errors', 'journal', 'files-from', 'eval'] as const) {
    if (values[name] === '') throw new UsageError(`--${name}: its value is missing`);
  }
  if (journal !== undefined && (output === undefined || output === '-')) {
    throw new UsageError('--journal needs --output FILE: what went elsewhere cannot be gone on with');
  }
  for (const [name, given] of Object.entries({ resume, 'retry-failed': retryFailed, force })) {
    if (given && journal === undefined) throw new UsageError(`--${name} needs --journal FILE`);
  }
  const cluster = clusterOf(values, process.env);
  const [fn, files] = functionOf(values.eval, positionals);
  return {
    fn,
    cluster,
    inputs: inputsOf(files, values['files-from']),
    workers: wholeOf('workers', values.workers, 1, 1024) ?? availableCores(),
    format: values.ndjson ? 'ndjson' : values.csv ? 'csv' : 'lines',
    separator: isNull ? '\0' : '\n',
    output: output === '-' ? undefined : output,
    errors: values.errors,
    journal,
    resume,
    retryFailed,
    force,
    unordered: values.unordered ?? false,
    tag: values.tag ?? false,
    retries: wholeOf('retries', values.retries, 0, 1_000_000) ?? 0,
    retryDelay: durationOf('retry-delay', values['retry-delay']),
    timeout: durationOf('timeout', values.timeout),
    halt: haltRule(values.halt),
    preload: values.preload ?? [],
    env: environmentOf(values.env ?? []),
    maxMemory: wholeOf('max-memory', values['max-memory'], 1, 1_000_000),
    watch: watchOptions(values),
    dryRun: values['dry-run'] ?? false,
    summary: values.quiet ? 'none' : summaryOf(values.summary),
  };
}

function functionOf(
  text: string | undefined,
  positionals: readonly string[],
): [GivenFunction, readonly string[]] {
  if (text !== undefined) return [{ kind: 'text', text }, positionals];
  const [first, ...files] = positionals;
  if (first === undefined) {
    throw new UsageError(
      "no function: name a module's, as in ./parse.js#row, or give one with -e 'line => …'",
    );
  }
  const hash = first.lastIndexOf('#');
  const module = hash < 0 ? first : first.slice(0, hash);
  const path = hash < 0 ? 'default' : first.slice(hash + 1);
  if (module === '' || path === '')
    throw new UsageError(`'${first}': expected MODULE#EXPORT, as in ./parse.js#row`);
  return [{ kind: 'module', module, export: path.split('.') }, files];
}

function inputsOf(files: readonly string[], list: string | undefined): readonly string[] {
  if (list === undefined) return files.length > 0 ? files : ['-'];
  if (files.length > 0) throw new UsageError('--files-from and FILEs exclude each other');
  let text: string;
  try {
    text = readFileSync(list === '-' ? 0 : list, 'utf8');
  } catch (error) {
    throw new UsageError(`--files-from: ${(error as Error).message}`);
  }
  // No name has a NUL byte in it: such a list is one of `find -print0`.
  const names = text.split(text.includes('\0') ? '\0' : /\r?\n/).filter((name) => name !== '');
  if (names.length === 0) throw new UsageError(`--files-from: ${list} names no files`);
  return names;
}

function haltRule(given: string | undefined): HaltRule | undefined {
  if (given === undefined) return undefined;
  const [, when, number, percent] = /^(now|soon),fail=(\d+(?:\.\d+)?)(%?)$/.exec(given) ?? [];
  const value = Number(number);
  const fail = percent === '%' ? value / 100 : value;
  const isValid = percent === '%' ? value > 0 && value < 100 : Number.isInteger(value) && value >= 1;
  if (when !== undefined && isValid) return { when: when as HaltRule['when'], fail };
  throw new UsageError(`--halt: got '${given}', expected as in now,fail=3 or soon,fail=10%`);
}

function summaryOf(given = 'text'): MapOptions['summary'] {
  if (given === 'text' || given === 'json' || given === 'none') return given;
  throw new UsageError(`--summary: got '${given}', expected text, json or none`);
}
