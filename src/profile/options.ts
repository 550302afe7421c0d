/** Options of `balancer.profile`. */
import {
  invalid,
  numberIn,
  ownValue,
  type Rule,
  resolve,
  SIGNAL,
  validate,
  validateNames,
} from '../options/validate.js';

/** How long a profile takes: `seconds`, or until the signal, or whichever is over first. */
export type ProfileDuration =
  | {
      /** How long, in s: a number from 0.01 to 86,400. May be left out where there is a `signal`. */
      seconds: number;
      /** Ends the profile early: what is there by then is the result. May be left out beside `seconds`. */
      signal?: AbortSignal;
    }
  | { seconds?: number; signal: AbortSignal };

export type ProfileOptions = ProfileDuration & {
  /**
   * A folder for the files, a path or a `file:` URL, which is created where it does not exist: each worker's
   * profile goes into `<name>.worker-<id>.cpuprofile`. Default: no files.
   */
  directory?: string | URL;
  /** Time between two samples, in ms: a number from 0.05 to 1,000. Default 1. */
  interval?: number;
};

export interface ProfileSettings {
  /** In ms; `undefined`: until the signal. */
  readonly ms: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly directory: string | URL | undefined;
  /** In µs. */
  readonly interval: number;
}

const SECONDS = numberIn(0.01, 86_400);
const INTERVAL = numberIn(0.05, 1_000);
const DIRECTORY: Rule = {
  allowed: 'the path of a folder, or a file: URL',
  accepts: (value) =>
    (typeof value === 'string' && value !== '') || (value instanceof URL && value.protocol === 'file:'),
};

/** @throws InvalidOptionError */
export function profileSettings(given: ProfileOptions): ProfileSettings {
  validateNames('profile options', given, ['seconds', 'signal', 'directory', 'interval']);
  const own = <Name extends keyof ProfileOptions>(name: Name): ProfileOptions[Name] => ownValue(given, name);
  const [seconds, signal, directory] = [own('seconds'), own('signal'), own('directory')];
  if (seconds !== undefined) validate('profile options.seconds', seconds, SECONDS);
  if (signal !== undefined) validate('profile options.signal', signal, SIGNAL);
  if (directory !== undefined) validate('profile options.directory', directory, DIRECTORY);
  if (seconds === undefined && signal === undefined) {
    throw invalid('profile options.seconds', seconds, `${SECONDS.allowed}, or a signal`);
  }
  const interval = resolve('profile options.interval', own('interval'), INTERVAL, 1);
  const ms = seconds === undefined ? undefined : seconds * 1000;
  return { ms, signal, directory, interval: Math.round(interval * 1000) };
}
