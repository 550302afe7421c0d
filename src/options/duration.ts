/** Lengths of time in policies' configs, as protobuf's JSON has them. */
import type { Rule } from './validate.js';

/** A length of time: ms as a number, or seconds as in protobuf's JSON (`'10s'`, `'0.05s'`). */
export type Duration = number | `${number}s`;

/** In ms; NaN if it is no duration. */
export function toMs(duration: Duration): number {
  if (typeof duration === 'number') return duration;
  return /^(\d+\.?\d*|\.\d+)s$/.test(duration) ? Number(duration.slice(0, -1)) * 1000 : Number.NaN;
}

/** A finite duration; zero may be allowed. */
function durationRule(range: string, accepts: (ms: number) => boolean): Rule {
  return {
    allowed: `${range}, in ms, or in seconds as in '1.5s'`,
    accepts: (value) => {
      if (typeof value !== 'number' && typeof value !== 'string') return false;
      const ms = toMs(value as Duration);
      return Number.isFinite(ms) && accepts(ms);
    },
  };
}

export const DURATION = durationRule('0 or more', (ms) => ms >= 0);
export const POSITIVE_DURATION = durationRule('more than 0', (ms) => ms > 0);
