/** Which options a config file has given: what is said of them names the file. */
import { UsageError } from './arguments.js';

interface Origin {
  /** The file and its section. */
  readonly where: string;
  readonly names: readonly string[];
}

/** The parts of the command are bundled one by one, and share no variables. */
const ORIGIN = Symbol.for('leastwork.configOrigin');

/** Keeps with values, or with options that were made of them, which of them a config file has given. */
export function withOrigin<T extends object>(values: T, origin: Origin | undefined): T {
  return Object.defineProperty(values, ORIGIN, { value: origin });
}

function originOf(values: object): Origin | undefined {
  return (values as { [ORIGIN]?: Origin })[ORIGIN];
}

/**
 * Runs a check of configured values. Where it refuses what the config file says, its `UsageError` names the file
 * and the key.
 */
export function checkConfigured<T extends object>(values: object, check: () => T): T {
  try {
    return withOrigin(check(), originOf(values));
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(inTermsOf(values, error.message)) : error;
  }
}

/** A message about options: with the file and the key, where the config file has given them. */
export function inTermsOf(options: object, message: string): string {
  const { where, names = [] } = originOf(options) ?? {};
  const [start, refused] = /^--([a-z-]+): /.exec(message) ?? [];
  if (start !== undefined && names.includes(refused as string))
    return `${where}.${refused}: ${message.slice(start.length)}`;
  // Behind the colon is advice.
  const said = [...(message.split(': ')[0] as string).matchAll(/--([a-z-]+)/g)].map(
    ([, name]) => name as string,
  );
  const here = said.filter((name) => names.includes(name));
  if (here.length === 0) return message;
  return `${message} (${here.map((name) => `--${name} is ${where}.${name}`).join(', ')})`;
}
