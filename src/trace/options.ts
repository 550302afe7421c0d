/** Options of `balancer.trace`. */
import { beside, invalid, numberIn, ownValue, resolve, validateNames } from '../options/validate.js';

export interface TraceOptions {
  /** The file: a path, or a `file:` URL. It is created, or emptied. */
  file: string | URL;
  /**
   * Most arrows a second from where a request was submitted to where it runs, a number ≥ 0; `Infinity`: one
   * for each request. Of requests that are submitted at once a tenth of that get one, and at least 100. How
   * long a request has waited stands in each run, with an arrow or without. Default
   * 1,000.
   */
  arrows?: number;
}

const NONE = Number.POSITIVE_INFINITY;
const ARROWS = beside('Infinity', numberIn(0, NONE));
const DEFAULT_ARROWS = 1_000;
const FILE = 'the path of a file, a file: URL, or an object of options with one, as { file }';

/** @throws InvalidOptionError */
export function traceOptions(given: string | URL | TraceOptions): Required<TraceOptions> {
  if (isFile(given)) return { file: given, arrows: DEFAULT_ARROWS };
  if (typeof given !== 'object' || given === null || given instanceof URL) {
    throw invalid('trace(file)', given, FILE);
  }
  validateNames('trace options', given, ['file', 'arrows']);
  const file = ownValue(given, 'file');
  if (!isFile(file)) throw invalid('trace options.file', file, 'the path of a file, or a file: URL');
  const arrows = ownValue(given, 'arrows');
  if (arrows === NONE) return { file, arrows };
  return { file, arrows: resolve('trace options.arrows', arrows, ARROWS, DEFAULT_ARROWS) };
}

function isFile(value: unknown): value is string | URL {
  if (typeof value === 'string') return value !== '' && !value.includes('\0');
  return value instanceof URL && value.protocol === 'file:';
}
