import { availableCores } from '../../options/cpu-quota.js';
import { parseCommandLine, UsageError } from '../arguments.js';
import { configured } from '../config.js';
import { checkConfigured } from '../config-origin.js';
import { durationOf, environmentOf, numberOf, wholeOf } from '../option-values.js';
import { WATCH_OPTIONS, type WatchOptions, watchOptions, withOptionalPort } from '../watch-options.js';
import { LEVELS, type LogLevel } from './log.js';

/** Options of `leastwork work`. Times are in ms. */
export interface WorkOptions {
  /** As given. */
  readonly modules: readonly string[];
  readonly engine: { readonly redis: string } | { readonly postgres: string };
  /** The variable of the environment that names the engine; undefined: an option does. */
  readonly engineVariable: string | undefined;
  readonly name: string | undefined;
  readonly prefix: string | undefined;
  readonly workers: number | { readonly min: number; readonly max: number };
  readonly share: number | undefined;
  readonly limiter: { readonly max: number; readonly duration: number } | undefined;
  readonly lockDuration: number | undefined;
  readonly engineTimeout: number | undefined;
  /** In bytes. */
  readonly maxPayload: number | undefined;
  readonly keepFailed: number | undefined;
  /** In MB. */
  readonly maxMemory: number | undefined;
  readonly maxRequests: number | undefined;
  readonly preload: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly shutdownTimeout: number;
  readonly healthPort: number | undefined;
  readonly pidFile: string | undefined;
  /** Take over from the process of the pid file. */
  readonly upgrade: boolean;
  /** Undefined: standard error. */
  readonly logFile: string | undefined;
  readonly logFormat: 'text' | 'json';
  readonly logLevel: LogLevel;
  readonly watch: WatchOptions;
  readonly daemon: boolean;
  readonly dryRun: boolean;
}

export const OPTIONS = {
  redis: { type: 'string' },
  postgres: { type: 'string' },
  module: { type: 'string', multiple: true },
  name: { type: 'string' },
  prefix: { type: 'string' },
  workers: { type: 'string', short: 'j' },
  share: { type: 'string' },
  limit: { type: 'string' },
  'lock-duration': { type: 'string' },
  'engine-timeout': { type: 'string' },
  'max-payload': { type: 'string' },
  'keep-failed': { type: 'string' },
  'max-memory': { type: 'string' },
  'max-requests': { type: 'string' },
  preload: { type: 'string', multiple: true },
  env: { type: 'string', multiple: true },
  'shutdown-timeout': { type: 'string' },
  'health-port': { type: 'string' },
  'pid-file': { type: 'string' },
  upgrade: { type: 'boolean' },
  'log-file': { type: 'string' },
  'log-format': { type: 'string' },
  'log-level': { type: 'string' },
  ...WATCH_OPTIONS,
  daemon: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  config: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = ReturnType<typeof parseCommandLine<typeof OPTIONS>>['values'];

const TEXTS = ['redis', 'postgres', 'name', 'prefix', 'pid-file', 'log-file'] as const;
const SHUTDOWN_MS = 30_000;
const MEBIBYTE = 2 ** 20;

/** Undefined: help is wanted. Throws `UsageError`. */
export function parseWorkOptions(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): WorkOptions | undefined {
  const { values: given, positionals } = parseCommandLine(withOptionalPort(args), OPTIONS);
  if (given.help) return undefined;
  const values = configured('work', OPTIONS, given, [['redis', 'postgres']]);
  const named = positionals.map((bytes) => Buffer.from(bytes, 'latin1').toString('utf8'));
  return checkConfigured(values, () => optionsOf(values, named, environment));
}

function optionsOf(values: Values, named: readonly string[], environment: NodeJS.ProcessEnv): WorkOptions {
  for (const name of TEXTS) {
    if (values[name] === '') throw new UsageError(`--${name}: its value is missing`);
  }
  if (values.daemon && values['log-file'] === undefined) {
    throw new UsageError('--daemon needs --log-file FILE: nobody would see what it says');
  }
  if (values.upgrade && values['pid-file'] === undefined) {
    throw new UsageError('--upgrade needs --pid-file FILE, which names the process to take over from');
  }
  const modules = named.length > 0 ? named : (values.module ?? []);
  if (modules.length === 0) throw new UsageError('no module given: which tasks is this machine to serve?');
  return {
    modules,
    ...engineOf(values, environment),
    name: values.name,
    prefix: values.prefix,
    workers: workersOf(values.workers),
    share: numberOf('share', values.share, 0.01, 100),
    limiter: limiterOf(values.limit),
    lockDuration: durationOf('lock-duration', values['lock-duration']),
    engineTimeout: durationOf('engine-timeout', values['engine-timeout']),
    maxPayload: bytesOf(numberOf('max-payload', values['max-payload'], 0.001, 256)),
    keepFailed: wholeOf('keep-failed', values['keep-failed'], 0, 100_000),
    maxMemory: wholeOf('max-memory', values['max-memory'], 1, 1_000_000),
    maxRequests: wholeOf('max-requests', values['max-requests'], 1, Number.MAX_SAFE_INTEGER),
    preload: values.preload ?? [],
    env: environmentOf(values.env ?? []),
    shutdownTimeout: durationOf('shutdown-timeout', values['shutdown-timeout']) ?? SHUTDOWN_MS,
    healthPort: wholeOf('health-port', values['health-port'], 0, 65_535),
    pidFile: values['pid-file'],
    upgrade: values.upgrade ?? false,
    logFile: values['log-file'],
    logFormat: oneOf('log-format', values['log-format'], ['text', 'json']) ?? 'text',
    logLevel: oneOf('log-level', values['log-level'], LEVELS) ?? 'info',
    watch: watchOptions(values),
    daemon: values.daemon ?? false,
    dryRun: values['dry-run'] ?? false,
  };
}

/** From the environment, too: what stands on a command line can be read by every user of the host. */
function engineOf(
  values: Values,
  environment: NodeJS.ProcessEnv,
): Pick<WorkOptions, 'engine' | 'engineVariable'> {
  const { redis, postgres } = values;
  if (redis !== undefined && postgres !== undefined) {
    throw new UsageError('--redis and --postgres exclude each other');
  }
  if (redis !== undefined) return { engine: { redis }, engineVariable: undefined };
  if (postgres !== undefined) return { engine: { postgres }, engineVariable: undefined };
  const { LEASTWORK_REDIS, LEASTWORK_POSTGRES } = environment;
  if (LEASTWORK_REDIS && LEASTWORK_POSTGRES) {
    throw new UsageError('LEASTWORK_REDIS and LEASTWORK_POSTGRES are both set: say --redis or --postgres');
  }
  if (LEASTWORK_REDIS) return { engine: { redis: LEASTWORK_REDIS }, engineVariable: 'LEASTWORK_REDIS' };
  if (LEASTWORK_POSTGRES)
    return { engine: { postgres: LEASTWORK_POSTGRES }, engineVariable: 'LEASTWORK_POSTGRES' };
  throw new UsageError(
    'no engine given: --redis URL or --postgres URL, or LEASTWORK_REDIS or LEASTWORK_POSTGRES in the environment',
  );
}

function workersOf(given: string | undefined): WorkOptions['workers'] {
  if (given === undefined) return availableCores();
  const [, from, to] = /^(\d+)(?:-(\d+))?$/.exec(given) ?? [];
  const min = Number(from);
  const max = to === undefined ? min : Number(to);
  const isValid = from !== undefined && max >= 1 && max <= 1024 && min <= max;
  if (!isValid)
    throw new UsageError(`--workers: got '${given}', expected a number from 1 to 1024, or as in 2-16`);
  return to === undefined ? min : { min, max };
}

function limiterOf(given: string | undefined): WorkOptions['limiter'] {
  if (given === undefined) return undefined;
  const [, jobs, time] = /^(\d+)\/(.+)$/.exec(given) ?? [];
  const max = Number(jobs);
  if (time === undefined || max < 1 || !Number.isSafeInteger(max))
    throw new UsageError(`--limit: got '${given}', expected as in 100/1s`);
  const duration = durationOf('limit', /^\d/.test(time) ? time : `1${time}`) ?? 0;
  return { max, duration: Math.max(1, Math.round(duration)) };
}

function bytesOf(mebibytes: number | undefined): number | undefined {
  return mebibytes === undefined ? undefined : Math.round(mebibytes * MEBIBYTE);
}

function oneOf<T extends string>(
  name: string,
  given: string | undefined,
  known: readonly T[],
): T | undefined {
  if (given === undefined) return undefined;
  if (known.includes(given as T)) return given as T;
  throw new UsageError(`--${name}: got '${given}', expected ${known.join(' or ')}`);
}
