import { isatty } from 'node:tty';
import { availableCores } from '../../options/cpu-quota.js';
import { parseCommandLine, UsageError } from '../arguments.js';
import { configured } from '../config.js';
import { checkConfigured } from '../config-origin.js';
import { type ByteString, fromText } from '../files/bytes.js';
import {
  WATCH_HELP,
  WATCH_OPTIONS,
  type WatchOptions,
  watchOptions,
  withOptionalPort,
} from '../watch-options.js';
import { findAlgorithm } from './algorithm.js';
import type { Inputs } from './inputs.js';

/** The parsed command line of `leastwork hash`. */
export type HashOptions = {
  readonly algorithm: string;
  readonly workers: number;
  readonly quiet: boolean;
  readonly watch: WatchOptions;
} & (
  | { readonly mode: 'help' }
  | { readonly mode: 'hash'; readonly inputs: Inputs; readonly output: ByteString | undefined }
  | ({ readonly mode: 'check'; readonly manifests: readonly ByteString[] } & CheckOptions)
);

/** The options of `--check`, as in `sha256sum`. */
export interface CheckOptions {
  /** Print no OK for files that match. */
  readonly quiet: boolean;
  /** Print errors only; the exit code tells the result. */
  readonly status: boolean;
  /** Fail on an improperly formatted line. */
  readonly strict: boolean;
  /** Report each improperly formatted line. */
  readonly warn: boolean;
  /** Pass over files that do not exist. */
  readonly ignoreMissing: boolean;
}

export const HELP = `Usage: leastwork hash [OPTION]... [PATH]...
       leastwork hash --check [OPTION]... [MANIFEST]...

Prints the SHA-256 digest of every regular file under the PATHs, on all cores, as sha256sum does: the PATHs in
the order given, the files of a directory in bytewise order of their paths. Symbolic links inside a directory are
left out. PATH - is standard input, and so is no PATH where standard input is not a terminal.

      --files-from FILE  hash the paths listed in FILE, one a line, instead of PATHs; - is standard input
  -0, --null             with --files-from: the paths end with a NUL each, as from 'find -print0'
  -o, --output FILE      write the digests to FILE once all are known; FILE keeps its owner and permissions,
                         and is itself left out; - is standard output
  -a, --algorithm NAME   any of crypto.getHashes(), as in sha1, sha512, blake2b512, md5 (default: sha256)
  -j, --workers N        threads that hash (default: one for each core, here ${availableCores()})
  -c, --check            read digests from the MANIFESTs (- or none: standard input) and verify the files
${WATCH_HELP}      --config FILE      options from FILE (default: leastwork.config.{yaml,yml,json,js,mjs,cjs,ts,mts}, or leastwork.yaml, here or above)
      --quiet            no summary; with --check, no OK for each file that is right
  -h, --help             print this
      --version          print the version

With --check, as in sha256sum:
      --ignore-missing   neither fail nor speak of files that are not there
      --status           print nothing; the exit code tells
      --strict           fail on improperly formatted lines
  -w, --warn             name improperly formatted lines

Standard error: progress where it is a terminal, files that could not be read, and at the end files, bytes,
time, rate and each worker's share. Exit code: 0, or 1 where a file could not be read or did not match.
`;

const OPTIONS = {
  'files-from': { type: 'string' },
  null: { type: 'boolean', short: '0' },
  output: { type: 'string', short: 'o' },
  algorithm: { type: 'string', short: 'a' },
  workers: { type: 'string', short: 'j' },
  check: { type: 'boolean', short: 'c' },
  quiet: { type: 'boolean' },
  status: { type: 'boolean' },
  strict: { type: 'boolean' },
  warn: { type: 'boolean', short: 'w' },
  'ignore-missing': { type: 'boolean' },
  ...WATCH_OPTIONS,
  config: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const LOUDNESS = ['quiet', 'status', 'warn'];

const ONLY_WITHOUT_CHECK = ['output', 'files-from', 'null'] as const;
const ONLY_WITH_CHECK = ['status', 'strict', 'warn', 'ignore-missing'] as const;

/** Throws `UsageError`. */
export function parseHashOptions(args: readonly string[]): HashOptions {
  const line = parseCommandLine(withOptionalPort(args), OPTIONS);
  const { values: given } = line;
  const unwatched = watchOptions({});
  if (given.help) return { mode: 'help', algorithm: '', workers: 0, quiet: false, watch: unwatched };
  const values = configured('hash', OPTIONS, given, [LOUDNESS]);
  return checkConfigured(values, () => optionsOf(line, values));
}

type Line = ReturnType<typeof parseCommandLine<typeof OPTIONS>>;

/** @param values those of the line on top of the config file's */
function optionsOf(line: Line, values: Line['values']): HashOptions {
  const { values: given, positionals } = line;
  const common = {
    watch: watchOptions(values),
    algorithm: findAlgorithm(values.algorithm ?? 'sha256'),
    workers: workersOf(values.workers),
    quiet: values.quiet ?? false,
  };
  if (values.check) {
    // What the config file says of the other mode is not meant.
    for (const name of ONLY_WITHOUT_CHECK) {
      if (given[name]) throw new UsageError(`--${name} is of no use with --check`);
    }
    const manifests = positionals.length > 0 ? positionals : ['-'];
    // These exclude each other and the last one wins, as in coreutils.
    const loudness =
      line.optionNames.findLast((name) => LOUDNESS.includes(name)) ??
      LOUDNESS.find((name) => values[name as keyof typeof values]);
    return {
      ...common,
      mode: 'check',
      manifests,
      quiet: loudness === 'quiet',
      status: loudness === 'status',
      warn: loudness === 'warn',
      strict: values.strict ?? false,
      ignoreMissing: values['ignore-missing'] ?? false,
    };
  }
  for (const name of ONLY_WITH_CHECK) {
    if (given[name]) throw new UsageError(`--${name} is meaningful only with --check`);
  }
  const bytesOf = (name: 'output' | 'files-from') => {
    const fromFile = values[name];
    return line.bytesOf(name) ?? (fromFile === undefined ? undefined : fromText(fromFile));
  };
  if (values.output === '') throw new UsageError('--output: the name of a file is missing');
  const filesFrom =
    positionals.length > 0 && given['files-from'] === undefined ? undefined : bytesOf('files-from');
  const isNull = filesFrom === undefined ? given.null : values.null;
  const inputs = inputsOf(positionals, filesFrom, isNull ?? false);
  return { ...common, mode: 'hash', inputs, output: values.output === '-' ? undefined : bytesOf('output') };
}

function inputsOf(paths: readonly ByteString[], filesFrom: ByteString | undefined, isNull: boolean): Inputs {
  if (filesFrom !== undefined) {
    if (paths.length > 0) throw new UsageError('give either PATHs or --files-from, not both');
    if (filesFrom === '') throw new UsageError('--files-from: the name of a file is missing');
    return { file: filesFrom, separator: isNull ? '\0' : '\n' };
  }
  if (isNull)
    throw new UsageError(
      '--null is meaningful only with --files-from (--files-from - reads names from standard input)',
    );
  if (paths.length > 0) return paths;
  if (isatty(0)) throw new UsageError('nothing to hash: give a PATH, or - to hash what you type');
  return ['-'];
}

/** Well above the number of cores of any machine. */
const WORKERS_MAX = 1024;

function workersOf(given: string | undefined): number {
  if (given === undefined) return availableCores();
  const workers = Number(given);
  if (!/^\d+$/.test(given) || workers < 1 || workers > WORKERS_MAX) {
    throw new UsageError(`--workers: got '${given}', expected a whole number from 1 to ${WORKERS_MAX}`);
  }
  return workers;
}
