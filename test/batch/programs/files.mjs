// Batches whose files need care. Argument: what to do, and a folder of its own.
import { readdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { Balancer } from 'leastwork';
import { runBatch } from 'leastwork/batch';

const [name, folder] = process.argv.slice(2);
const path = (file) => `${folder}/${file}`;
const balancer = new Balancer({ workers: 1 });
const run = (options) => runBatch(balancer, { input: path('in'), task: (line) => line, ...options });
const descriptors = () => readdirSync('/proc/self/fd').length;
writeFileSync(path('in'), 'a\nb\n');

const programs = {
  /** The reader of the output comes from this process's own main thread. */
  async 'a reader that comes later'() {
    const report = run({ output: path('fifo') });
    // Far later than the batch opens its output.
    const read = setTimeout(200).then(() => readFile(path('fifo'), 'utf8'));
    console.log((await report).outcome, JSON.stringify(await read));
  },
  async 'no reader'() {
    const report = await run({ output: path('fifo'), signal: AbortSignal.timeout(100) });
    console.log(report.outcome, report.items);
  },
  async 'many files'() {
    await run({ output: path('out') });
    const before = descriptors();
    for (let i = 0; i < 3; i++) {
      await run({ output: path('out'), errors: path('errors') });
      await run({ output: path('out.gz') });
      await run({ output: '/dev/null' });
      await run({ output: path(`out${i}`), errors: path(`errors${i}`), journal: path(`journal${i}`) });
      await run({ output: path('out'), signal: AbortSignal.abort() });
      const fails = { output: path('out'), errors: path('missing/errors') };
      await run(fails).catch(({ code }) => console.log(code));
    }
    while (descriptors() > before) await setImmediate();
    console.log(readdirSync(folder).filter((file) => file.endsWith('.tmp')).length);
  },
};

await programs[name]();
await balancer.close();
