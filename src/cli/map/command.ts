/**
 * The beginning of `leastwork map`: looks at the options and starts the threads. All else is loaded while
 * they come up, so this file imports next to nothing.
 */
import { startEarly } from '../../worker/early-threads.js';
import { workerEntry } from '../../worker-entry.js';
import { UsageError } from '../arguments.js';
import { EXIT_UNABLE, SEE_HELP } from './exits.js';
import { HELP } from './help.js';
import { LIMITS } from './limits.js';
import { type MapOptions, mapOptions, parseMapArguments, withConfig } from './options.js';

/** The name that a Balancer has by default. */
const NAME = 'leastwork';

/** The command `leastwork map`. Gives the exit code. */
export async function mapCommand(args: readonly string[]): Promise<number> {
  let options: MapOptions;
  try {
    const given = parseMapArguments(args);
    if (given.values.help) {
      process.stdout.write(HELP);
      return 0;
    }
    options = mapOptions(withConfig(given));
  } catch (error) {
    process.stderr.write(`leastwork: ${(error as Error).message}\n`);
    if (error instanceof UsageError) process.stderr.write(SEE_HELP);
    return EXIT_UNABLE;
  }
  const { workers, cluster, dryRun, env } = options;
  const isHere = cluster === undefined && !dryRun && Object.keys(env).length === 0;
  const early = isHere ? startEarly(workerEntry(), workers, NAME, LIMITS) : [];
  const { runMap } = await import('./run.js');
  return await runMap(options, early);
}
