import type { InvalidOptionError } from '../index.js';
import { inTermsOf } from './config-origin.js';

/**
 * What is said of an option that the library refuses: by its name on the command line, in the config file or in
 * the environment, wherever it stands.
 * @param options as they were checked; undefined: they were not
 * @param engineVariable the variable of the environment that names the engine, if one does
 */
export function optionError(
  { message }: InvalidOptionError,
  options: object | undefined,
  engineVariable: string | undefined,
): string {
  const named = message.replace(
    /^(?:serve|Cluster|Balancer) options\.(\w+)/,
    (_, name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
  );
  if (engineVariable !== undefined && /^--(?:redis|postgres): /.test(named))
    return named.replace(/^--\w+/, engineVariable);
  return options === undefined ? named : inTermsOf(options, named);
}
