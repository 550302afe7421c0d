import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

/** From Node 24 on V8 allows young buffers as much as it allows all of them. */
const hasEffect = Number(process.versions.node.split('.')[0]) < 24;

/** A process of its own, whose heap is small. Prints the full collections of a thread to which 800 MiB are transferred. */
const program = `
  import { Balancer } from '${new URL('../../dist/src/index.js', import.meta.url)}';
  const balancer = new Balancer({ workers: 1 });
  await balancer.submit(() => {
    const { constants, PerformanceObserver } = process.getBuiltinModule('node:perf_hooks');
    const isFull = (entry) => entry.detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
    globalThis.collections = 0;
    new PerformanceObserver((list) => {
      globalThis.collections += list.getEntries().filter(isFull).length;
    }).observe({ entryTypes: ['gc'] });
  });
  for (let i = 0; i < 800; i++) {
    const bytes = new Uint8Array(2 ** 20);
    await balancer.submit((bytes) => bytes[0], [bytes], { transfer: [bytes.buffer] });
  }
  const collections = await balancer.submit(async () => {
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    return globalThis.collections;
  });
  await balancer.close();
  console.log(collections);
`;

it.runIf(hasEffect)(
  'bytes that are transferred to a thread start hardly any full collection of its heap',
  () => {
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    });
    expect(Number(output)).toBeLessThan(4);
  },
);
