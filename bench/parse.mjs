import { runInThisContext } from 'node:vm';
import { Bench } from 'tinybench';
import { TaskRegistry } from '../dist/src/tasks/registry.js';
import { analyzeFunction } from '../dist/src/tasks/source/analyze.js';
import { benchOptions } from './lib/cli.mjs';
import { figure } from './lib/format.mjs';
import { medianNanoseconds } from './lib/micro.mjs';
import { write } from './lib/report.mjs';

/**
 * What it costs to understand an inline function before it is sent: once per source, and at every `submit`
 * after that.
 */

/** More than the sources that are remembered (1,000), so that going round them never meets a known one. */
const UNKNOWN = 1_100;
/** What is too short for the clock is called so many times in one run. */
const REPEATS = 1_000;
const options = benchOptions();

/**
 * A function of about `length` characters; `salt` makes its source new.
 * @param {number} length
 * @param {number} salt
 * @returns {(a: number, b: number) => number}
 */
function functionOf(length, salt) {
  const statement =
    '  if (a > b) { const t = Math.max(a, b) * 3; a = t - b; b = [a, t].map((x) => x + 1)[0]; }\n';
  const body = statement.repeat(Math.max(0, Math.round((length - 30) / statement.length)));
  const source =
    body === '' ? `(a, b) => a + b + ${salt}` : `(a, b) => {\n${body}  return a + b + ${salt};\n}`;
  return runInThisContext(source);
}

/**
 * @template T
 * @param {T[]} items
 */
function inTurn(items) {
  let turn = 0;
  return () => items[turn++ % items.length];
}

const lengths = [20, 200, 1_000, 5_000, 20_000];
const time = options.quick ? 50 : 300;
const bench = new Bench({ time, warmupTime: time / 4 });

for (const length of lengths) {
  const unknown = inTurn(Array.from({ length: UNKNOWN }, (_, salt) => functionOf(length, salt)));
  const known = functionOf(length, 0);
  bench.add(`parse ${length}`, () => {
    analyzeFunction(unknown());
  });
  bench.add(`known ${length}`, () => {
    for (let i = 0; i < REPEATS; i++) analyzeFunction(known);
  });
}

const registry = new TaskRegistry({ inline: true });
const same = functionOf(20, -1);
const several = inTurn([functionOf(20, -2), functionOf(20, -3), functionOf(20, -4)]);
bench.add('same', () => {
  for (let i = 0; i < REPEATS; i++) registry.resolve(same);
});
bench.add('several', () => {
  for (let i = 0; i < REPEATS; i++) registry.resolve(several());
});
bench.add('anew', () => {
  for (let i = 0; i < REPEATS; i++)
    registry.resolve((/** @type {number} */ a, /** @type {number} */ b) => a + b);
});
await bench.run();

const rows = lengths.map((length) => ({
  characters: functionOf(length, 1_000).toString().length,
  firstMicroseconds: medianNanoseconds(bench, `parse ${length}`) / 1e3,
  knownNanoseconds: medianNanoseconds(bench, `known ${length}`, REPEATS),
}));
const submits = {
  'the same function as the last time': medianNanoseconds(bench, 'same', REPEATS),
  'one of three': medianNanoseconds(bench, 'several', REPEATS),
  'an arrow made anew': medianNanoseconds(bench, 'anew', REPEATS),
};

write({
  name: 'parse',
  title: 'Inline functions: what it costs to understand one',
  method:
    'First: the source is parsed, its free names are found and judged, in a warm process. Known: a source that was seen before. Below, what every submit pays to find its task. ' +
    'Medians, by tinybench.',
  quick: options.quick,
  rounds: 1,
  rivals: [],
  packages: ['leastwork', 'tinybench'],
  tables: [
    {
      title: 'By length of the source',
      head: ['characters', 'first, µs', 'known, ns'],
      rows: rows.map((row) => [row.characters, figure(row.firstMicroseconds), figure(row.knownNanoseconds)]),
    },
    {
      title: 'At every submit, ns',
      head: ['', 'ns'],
      rows: Object.entries(submits).map(([what, ns]) => [what, figure(ns)]),
    },
  ],
  data: { rows, submits },
});
