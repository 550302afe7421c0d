/** A length of time: ms as a number, or seconds as in protobuf's JSON (`'10s'`, `'0.05s'`). */
export type Duration = number | `${number}s`;

/** In ms; NaN if it is no duration. */
export function toMs(duration: Duration): number {
  if (typeof duration === 'number') return duration;
  return /^(\d+\.?\d*|\.\d+)s$/.test(duration) ? Number(duration.slice(0, -1)) * 1000 : Number.NaN;
}
