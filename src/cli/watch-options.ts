/** The options with which a command is watched: the same in all that have workers. */
import { UsageError } from './arguments.js';

/** How a command is watched. */
export interface WatchOptions {
  /** File of the trace. */
  readonly trace: string | undefined;
  /** Folder of the profiles. */
  readonly cpuProf: string | undefined;
  /** Port of the dashboard; `'any'`: 7777, or any other if that is in use. */
  readonly dashboard: number | 'any' | undefined;
}

export const WATCH_OPTIONS = {
  trace: { type: 'string' },
  'cpu-prof': { type: 'string' },
  dashboard: { type: 'string' },
} as const;

export const WATCH_HELP = `      --trace FILE       write a trace of what each thread ran to FILE, for ui.perfetto.dev or chrome://tracing
      --cpu-prof DIR     write a CPU profile of each thread to the folder DIR
      --dashboard [PORT] show what happens on a page at 127.0.0.1 (default: port 7777)
`;

/** Throws `UsageError`. */
export function watchOptions(values: {
  trace?: string;
  'cpu-prof'?: string;
  dashboard?: string;
}): WatchOptions {
  for (const name of ['trace', 'cpu-prof'] as const) {
    if (values[name] === '') throw new UsageError(`--${name}: its value is missing`);
  }
  return { trace: values.trace, cpuProf: values['cpu-prof'], dashboard: portOf(values.dashboard) };
}

/** Whether there is anything to be watched. */
export function isWatched({ trace, cpuProf, dashboard }: WatchOptions): boolean {
  return trace !== undefined || cpuProf !== undefined || dashboard !== undefined;
}

/** `--dashboard` may stand without a port: what follows it belongs to it only if it is a number. */
export function withOptionalPort(args: readonly string[]): readonly string[] {
  const end = args.indexOf('--');
  return args.map((arg, i) => {
    const isAlone = arg === '--dashboard' && (end < 0 || i < end) && !/^\d+$/.test(args[i + 1] ?? '');
    return isAlone ? '--dashboard=' : arg;
  });
}

function portOf(given: string | undefined): WatchOptions['dashboard'] {
  if (given === undefined) return undefined;
  if (given === '') return 'any';
  const port = Number(given);
  if (/^\d+$/.test(given) && port <= 65_535) return port;
  throw new UsageError(`--dashboard: got '${given}', expected a port, a whole number from 0 to 65535`);
}
