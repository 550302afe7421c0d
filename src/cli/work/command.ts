import { BalancerError, InvalidOptionError } from '../../index.js';
import { UsageError } from '../arguments.js';
import { describeErrno, errnoOf } from '../files/errno.js';
import { optionMessage } from '../option-values.js';
import { print } from '../terminal/print.js';
import { isDaemon, startDaemon, tellStarter } from './daemon.js';
import { HELP } from './help.js';
import { Log } from './log.js';
import { parseWorkOptions, type WorkOptions } from './options.js';
import { runService, tryService } from './service.js';

/** It could not start. */
const EXIT_UNABLE = 2;

/** The command `leastwork work`. Gives the exit code. */
export async function workCommand(args: readonly string[]): Promise<number> {
  try {
    const options = parseWorkOptions(args, process.env);
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
    const message = explain(error);
    process.stderr.write(`leastwork: ${message}\n`);
    if (error instanceof UsageError)
      process.stderr.write(`Try 'leastwork work --help' for more information.\n`);
    await tellStarter({ failed: message });
    return EXIT_UNABLE;
  }
}

async function work(options: WorkOptions): Promise<number> {
  const log = new Log(options.logFile, options.logFormat, options.logLevel);
  await runService(options, log, { ready: (what) => tellStarter({ ready: what }) });
  return 0;
}

function explain(error: unknown): string {
  if (error instanceof InvalidOptionError) return optionMessage(error);
  if (error instanceof BalancerError || error instanceof UsageError) return error.message;
  const code = errnoOf(error);
  if (code === undefined) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  const { path, syscall } = error as NodeJS.ErrnoException;
  return `${path ?? syscall}: ${describeErrno(code)}`;
}
