import { parseArgs } from 'node:util';

/**
 * @typedef {object} BenchOptions
 * @property {boolean} quick fewer rounds, shorter measurements: to see that it runs, not to quote
 * @property {(names: string[]) => string[]} rivals the given names, or those of them that `--rivals` asks for
 * @property {(full: number, quick: number) => number} rounds how many rounds: `--rounds`, or one of these two
 * @property {(standard: number[]) => number[]} workers which worker counts: `--workers`, or the standard ones
 */

/**
 * Parses the options that all benchmarks share.
 * @param {string[]} [args]
 * @returns {BenchOptions}
 */
export function benchOptions(args = process.argv.slice(2)) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      rivals: { type: 'string' },
      rounds: { type: 'string' },
      workers: { type: 'string' },
    },
  });
  const only = values.rivals?.split(',');
  return {
    quick: values.quick,
    rivals: (names) => (only ? names.filter((name) => only.includes(name)) : names),
    rounds: (full, quick) => (values.rounds ? Number(values.rounds) : values.quick ? quick : full),
    workers: (standard) => values.workers?.split(',').map(Number) ?? standard,
  };
}

/**
 * Says what is being done, on stderr, so that stdout holds results alone.
 * @param {string} line
 */
export function progress(line) {
  process.stderr.write(`${line}\n`);
}
