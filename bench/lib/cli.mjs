import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/**
 * @typedef {object} BenchOptions
 * @property {boolean} quick fewer rounds, shorter measurements: to see that it runs, not to quote
 * @property {(names: string[]) => string[]} rivals the given names, or those of them that `--rivals` asks for
 * @property {(full: number, quick: number) => number} rounds how many rounds: `--rounds`, or one of these two
 * @property {(standard: number[]) => number[]} workers which worker counts: `--workers`, or the standard ones
 * @property {boolean} isPart whether `--cases` asks for some cases alone, whose results are a file of their own
 * @property {<T>(all: T[], labelOf: (one: T) => string) => T[]} cases those whose label has one of the texts
 *   that `--cases` gives, or all
 * @property {<T>(name: string, measured: T[], labels: string[], labelOf: (one: T) => string) => T[]} withKept
 *   with `--keep`, and the cases that the benchmark's results have already and that were not measured now
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
      cases: { type: 'string' },
      keep: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      rivals: { type: 'string' },
      rounds: { type: 'string' },
      workers: { type: 'string' },
    },
  });
  const only = values.rivals?.split(',');
  const texts = values.cases?.split(';');
  return {
    isPart: texts !== undefined && !values.keep,
    cases: (all, labelOf) =>
      texts ? all.filter((one) => texts.some((text) => labelOf(one).includes(text))) : all,
    quick: values.quick,
    withKept(name, measured, labels, labelOf) {
      if (!values.keep) return measured;
      const file = new URL(`../results/${name}.json`, import.meta.url);
      const { data } = JSON.parse(readFileSync(file, 'utf8'));
      const all = new Map([...(data.results ?? data), ...measured].map((one) => [labelOf(one), one]));
      return labels.filter((label) => all.has(label)).map((label) => all.get(label));
    },
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
