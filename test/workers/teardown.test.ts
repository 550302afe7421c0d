import { readFileSync } from 'node:fs';
import { Balancer, tasks } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { next } from '../support/events.js';
import { scratch } from '../support/scratch.js';

const folder = scratch('teardown-');
let files = 0;

/** A module whose teardown behaves so, its task, and the notes that it leaves. */
function moduleThat(how: string) {
  const file = `${folder}/${++files}`;
  const url = new URL(`../fixtures/workers/teardown.mjs?how=${how}&file=${file}`, import.meta.url);
  const { run } = tasks<{ run: (value: number) => number }>(url);
  const notes = () => {
    try {
      return readFileSync(file, 'utf8').trim().split('\n');
    } catch {
      return [];
    }
  };
  return { url, run, notes };
}

describe('the teardown of a module', () => {
  it('is awaited when the Balancer is closed, the last module first', async () => {
    const one = moduleThat('one');
    const balancer = new Balancer({ workers: 1, preload: [one.url] });
    const two = moduleThat('two');
    await balancer.submit(two.run, [1]);
    await balancer.close();
    expect(one.notes()).toEqual(['begin one', 'end one']);
    expect(two.notes()).toEqual(['begin two', 'end two']);
  });

  it('runs once in each thread that ends in peace: by reload, resize, remove, and recycling', async () => {
    const module = moduleThat('ends');
    const balancer = new Balancer({ workers: 2, preload: [module.url], maxRequestsPerWorker: 2 });
    await balancer.workersReady();
    await balancer.reload();
    expect(module.notes()).toHaveLength(4);
    await balancer.resize(1);
    expect(module.notes()).toHaveLength(6);
    const recycled = next(balancer, 'workerEnd');
    await Promise.all([1, 2].map((n) => balancer.submit(module.run, [n])));
    expect(await recycled).toMatchObject({ expected: true, exitCode: 0, cause: undefined });
    expect(module.notes()).toHaveLength(8);
    await balancer.workersReady();
    await balancer.close();
    expect(module.notes().filter((note) => note === 'end ends')).toHaveLength(5);
  });

  it('is of each module once, however many tasks of it ran', async () => {
    const module = moduleThat('once');
    const balancer = new Balancer({ workers: 1 });
    for (let i = 0; i < 3; i++) await balancer.submit(module.run, [i]);
    await balancer.close();
    expect(module.notes()).toEqual(['begin once', 'end once']);
  });

  it('that fails is the cause of the end, which is expected all the same; the others run', async () => {
    const good = moduleThat('good');
    const bad = moduleThat('throws');
    const balancer = new Balancer({ workers: 1 });
    await balancer.submit(good.run, [1]);
    await balancer.submit(bad.run, [1]);
    const ended = next(balancer, 'workerEnd');
    await balancer.close();
    expect(await ended).toMatchObject({
      expected: true,
      cause: { name: 'RangeError', message: 'does not close' },
    });
    expect(good.notes()).toEqual(['begin good', 'end good']);
  });

  it('that fails is the cause also if the end is seen before the message that says so', async () => {
    const module = moduleThat('throws');
    for (let i = 0; i < 10; i++) {
      const balancer = new Balancer({ workers: 1 });
      await balancer.submit(module.run, [1]);
      const ended = next(balancer, 'workerEnd');
      const closed = balancer.close();
      await new Promise((resolve) => setImmediate(resolve));
      // Both arrive while nobody looks.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
      await closed;
      expect((await ended).cause).toMatchObject({ name: 'RangeError' });
    }
  });

  it.each(['hangs', 'blocks'])('that %s is given up', async (how) => {
    const module = moduleThat(how);
    const balancer = new Balancer({ workers: 1, teardownTimeout: 30 });
    await balancer.submit(module.run, [1]);
    const ended = next(balancer, 'workerEnd');
    await balancer.close();
    expect(module.notes()).toEqual([`begin ${how}`]);
    const { expected, cause } = await ended;
    expect(expected).toBe(true);
    // A thread that is blocked cannot say why.
    if (how === 'hangs') expect(cause).toMatchObject({ message: 'teardown did not end within 30 ms' });
  });

  it('is cut by the timeout of close', async () => {
    const module = moduleThat('hangs');
    const balancer = new Balancer({ workers: 1, teardownTimeout: Number.POSITIVE_INFINITY });
    await balancer.submit(module.run, [1]);
    await balancer.close({ timeout: 50 });
    expect(module.notes().length).toBeLessThanOrEqual(1);
  });

  it('does not run in a thread that dies', async () => {
    const module = moduleThat('dies');
    await using balancer = new Balancer({ workers: 1, preload: [module.url] });
    await expect(balancer.submit(() => process.exit(1))).rejects.toThrow();
    expect(module.notes()).toEqual([]);
  });
});
