/** Values of options that several commands read alike. */
import { UsageError } from './arguments.js';

/** Throws `UsageError`. */
export function wholeOf(
  name: string,
  given: string | undefined,
  from: number,
  to: number,
): number | undefined {
  if (given === undefined) return undefined;
  const value = Number(given);
  if (/^\d+$/.test(given) && value >= from && value <= to) return value;
  throw new UsageError(`--${name}: got '${given}', expected a whole number from ${from} to ${to}`);
}

/** Throws `UsageError`. */
export function numberOf(
  name: string,
  given: string | undefined,
  from: number,
  to: number,
): number | undefined {
  if (given === undefined) return undefined;
  const value = Number(given);
  if (given.trim() !== '' && value >= from && value <= to) return value;
  throw new UsageError(`--${name}: got '${given}', expected a number from ${from} to ${to}`);
}

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** In ms; a number without a unit counts seconds. Throws `UsageError`. */
export function durationOf(name: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(given) ?? [];
  const value = Number(number) * UNITS[unit]!;
  if (value > 0 && value < 2 ** 31) return value;
  throw new UsageError(`--${name}: got '${given}', expected a time as in 30, 500ms, 30s, 5m or 1h`);
}

/** Throws `UsageError`. */
export function environmentOf(given: readonly string[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const each of given) {
    const equals = each.indexOf('=');
    if (equals < 1) throw new UsageError(`--env: got '${each}', expected NAME=VALUE`);
    env[each.slice(0, equals)] = each.slice(equals + 1);
  }
  return env;
}
