import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
const isGlibc = process.platform === 'linux' && report?.header?.glibcVersionRuntime !== undefined;

/**
 * A process of its own: where large memory has been freed, as by a test runner, glibc gives nothing back. Many
 * small requests first, so that the threads' young generations grow. Prints pages that the threads made for each
 * request, by round.
 */
const program = `
  import { readdirSync, readFileSync } from 'node:fs';
  import { Balancer } from '${new URL('../../dist/src/index.js', import.meta.url)}';
  const balancer = new Balancer({ workers: 2 });
  const hash = (bytes) => process.getBuiltinModule('node:crypto').createHash('sha256').update(bytes).digest('hex');
  const run = async (requests, bytes) => {
    let left = requests;
    const caller = async () => {
      while (left-- > 0) await balancer.submit(hash, [bytes]);
    };
    await Promise.all(Array.from({ length: 128 }, caller));
  };
  const made = () => {
    let sum = 0;
    for (const id of readdirSync('/proc/self/task')) {
      const text = readFileSync('/proc/self/task/' + id + '/stat', 'utf8');
      const fields = text.slice(text.lastIndexOf(')')).split(' ');
      if (text.includes('leastwork')) sum += Number(fields[8]);
    }
    return sum;
  };
  await run(120_000, new Uint8Array(1_024));
  const pages = [];
  for (let round = 0; round < 12; round++) {
    const before = made();
    await run(1_500, new Uint8Array(64 * 1_024));
    pages.push((made() - before) / 1_500);
  }
  await balancer.close();
  console.log(JSON.stringify(pages));
`;

it.runIf(isGlibc)('a thread whose young generation has grown makes no new pages for copies', () => {
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  // In the first rounds the memory is used for the first time.
  const pages = (JSON.parse(output) as number[]).slice(3).sort((a, b) => a - b);
  expect(pages[4]).toBeLessThan(2);
});
