/** Numbers as the page shows them. */

const whole = new Intl.NumberFormat('en-US');

export function count(value: number): string {
  return whole.format(Math.round(value));
}

/** Three digits, as in `0.42`, `3.1`, `812`, `12.4k`, `1.2M`. */
export function short(value: number): string {
  if (value >= 1e9) return `${digits(value / 1e9)}G`;
  if (value >= 1e6) return `${digits(value / 1e6)}M`;
  if (value >= 1e4) return `${digits(value / 1e3)}k`;
  if (value >= 1e3) return whole.format(Math.round(value));
  return digits(value);
}

/** How many a second. */
export function rate(value: number): string {
  return `${short(value)}/s`;
}

/** A time, given in ms: `12 µs`, `3.4 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–';
  if (ms < 1) return `${digits(ms * 1000)} µs`;
  if (ms < 1000) return `${digits(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${digits(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

/** A power of ten of ms, as an axis shows it. */
export function decade(ms: number): string {
  return ms < 1e5 ? duration(ms) : `${whole.format(ms / 1000)} s`;
}

export function bytes(value: number | null): string {
  if (value === null) return '–';
  if (value >= 2 ** 30) return `${digits(value / 2 ** 30)} GiB`;
  if (value >= 2 ** 20) return `${digits(value / 2 ** 20)} MiB`;
  if (value >= 2 ** 10) return `${digits(value / 2 ** 10)} KiB`;
  return `${value} B`;
}

export function percent(share: number): string {
  const value = share * 100;
  return `${value > 0 && value < 1 ? '<1' : Math.round(value)} %`;
}

function digits(value: number): string {
  if (value === 0) return '0';
  if (value >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(2 + Number(value >= 10))));
}
