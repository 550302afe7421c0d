import { BalancerError, InvalidOptionError } from '../../index.js';
import { UsageError } from '../arguments.js';
import { describeErrno, errnoOf } from '../files/errno.js';
import { loadHint } from '../load-hint.js';
import { optionError } from '../option-error.js';
import { print } from '../terminal/print.js';
import { endWithStarter, isDaemon, printTo, startDaemon, tellStarter } from './daemon.js';
import { HELP } from './help.js';
import { Log } from './log.js';
import { parseWorkOptions, type WorkOptions } from './options.js';
import { runService, tryService } from './service.js';

/** It could not start. */
const EXIT_UNABLE = 2;

/** The command `leastwork work`. Gives the exit code. */
export async function workCommand(args: readonly string[]): Promise<number> {
  let options: WorkOptions | undefined;
  try {
    options = parseWorkOptions(args, process.env);
    if (options === undefined) {
      await print(HELP);
      return 0;
    }
    if (options.dryRun) {
      await print(`This machine would serve:\n${await tryService(options)}`);
      return 0;
    }
    if (options.daemon && !isDaemon()) return await startDaemon(options.logFile as string);
    return await work(options);
  } catch (error) {
    const message = explain(error, options);
    const isUsage = error instanceof UsageError;
    await tell(message, isUsage);
    return EXIT_UNABLE;
  }
}

async function work(options: WorkOptions): Promise<number> {
  const log = new Log(options.logFile, options.logFormat, options.logLevel);
  if (isDaemon()) {
    printTo(log);
    endWithStarter(log);
  }
  let isReady = false;
  const ready = (what: string): Promise<void> => {
    isReady = true;
    return tellStarter({ ready: what });
  };
  try {
    await runService(options, log, { ready });
    return 0;
  } catch (error) {
    const message = explain(error, options);
    const isOnTerminal = options.logFile === undefined;
    const isText = options.logFormat === 'text';
    if (!isOnTerminal || !isText) log.error(isReady ? 'has failed' : 'could not start', { error: message });
    // Lines of JSON are not followed by others.
    if (!isOnTerminal || isText) await tell(message, error instanceof UsageError);
    return EXIT_UNABLE;
  }
}

/** In the background there is nobody but the starter. */
async function tell(message: string, isUsage: boolean): Promise<void> {
  if (isDaemon()) {
    await tellStarter({ failed: message });
    return;
  }
  process.stderr.write(`leastwork: ${message}\n`);
  if (isUsage) process.stderr.write(`Try 'leastwork work --help' for more information.\n`);
}

function explain(error: unknown, options: WorkOptions | undefined): string {
  if (error instanceof InvalidOptionError) return optionError(error, options, options?.engineVariable);
  if (error instanceof UsageError) return error.message;
  if (error instanceof BalancerError) return error.message + loadHint(error.message, 'work');
  const code = errnoOf(error);
  if (code === undefined) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  const { path, syscall } = error as NodeJS.ErrnoException;
  return `${path ?? syscall}: ${describeErrno(code)}`;
}
