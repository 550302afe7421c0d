/**
 * In a process of its own: one measurement of one build of this library. Arguments: the folder with the
 * build, the number of workers, what is measured. Prints JSON: requests per ms, or ms for the first result.
 */
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, workers, what] = [process.argv[2], Number(process.argv[3]), process.argv[4]];
const begun = performance.now();
const { Balancer } = await import(pathToFileURL(path.join(folder, 'dist/node/index.js')).href);
const balancer = new Balancer({ workers });
const noop = () => undefined;
const spin = (/** @type {number} */ us) => {
  const end = performance.now() + us / 1_000;
  while (performance.now() < end);
};

/** @param {() => Promise<unknown>} submit @param {number} count */
const burst = (submit, count) => Promise.all(Array.from({ length: count }, submit));

/** @param {number} width @param {number} count */
async function closedLoop(width, count) {
  let left = count;
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (left-- > 0) await balancer.submit(noop);
    }),
  );
}

/** @type {Record<string, { count: number, run: (count: number) => Promise<unknown> }>} */
const LOOPS = {
  burst: { count: 200_000, run: (count) => burst(() => balancer.submit(noop), count) },
  'closed loop of 64': { count: 500_000, run: (count) => closedLoop(64, count) },
  'one at a time': { count: 20_000, run: (count) => closedLoop(1, count) },
  'tasks of 1 µs': { count: 100_000, run: (count) => burst(() => balancer.submit(spin, [1]), count) },
  'tasks of 5 µs': { count: 60_000, run: (count) => burst(() => balancer.submit(spin, [5]), count) },
  'tasks of 20 µs': { count: 20_000, run: (count) => burst(() => balancer.submit(spin, [20]), count) },
};

let result;
const loop = LOOPS[what];
if (loop === undefined) {
  await balancer.submit(noop);
  result = performance.now() - begun;
} else {
  const { count, run } = loop;
  await run(count / 4);
  await run(count / 4);
  const start = performance.now();
  await run(count);
  result = count / (performance.now() - start);
}
await balancer.close();
process.stdout.write(JSON.stringify({ result }));
