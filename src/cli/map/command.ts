/**
 * The beginning of `leastwork map`: looks at the options and starts the threads. What runs a batch is loaded
 * while they come up.
 */
import type { Balancer } from '../../index.js';
import { UsageError } from '../arguments.js';
import { print } from '../terminal/print.js';
import { newBalancer } from './balancer.js';
import { EXIT_UNABLE, SEE_HELP } from './exits.js';
import { HELP } from './help.js';
import { type MapOptions, mapOptions, parseMapArguments, withConfig } from './options.js';

/** The command `leastwork map`. Gives the exit code. */
export async function mapCommand(args: readonly string[]): Promise<number> {
  let options: MapOptions;
  let balancer: Balancer | undefined;
  try {
    const given = parseMapArguments(args);
    if (given.values.help) {
      await print(HELP);
      return 0;
    }
    options = mapOptions(withConfig(given));
    if (options.cluster === undefined && !options.dryRun) balancer = newBalancer(options);
  } catch (error) {
    process.stderr.write(`leastwork: ${(error as Error).message}\n`);
    if (error instanceof UsageError) process.stderr.write(SEE_HELP);
    return EXIT_UNABLE;
  }
  const { runMap } = await import('./run.js');
  return await runMap(options, balancer);
}
