/** A Balancer that is closed while loops over `map` and `mapSettled` are open. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Balancer } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { collect } from '../support/collect.js';
import { scratch } from '../support/scratch.js';
import { until } from '../support/until.js';

const folder = scratch('map-closed-');
const CLOSED = { code: 'ERR_BALANCER_CLOSED' };

/** Of a number, an outcome, or a result. */
const indexOf = (given: unknown): number => (given as { index?: number }).index ?? (given as number);

describe.each(['map', 'mapSettled'] as const)('%s', (method) => {
  it.each([
    [true, 1],
    [true, 4],
    [false, 1],
    [false, 4],
  ])(
    'gives the outcomes of accepted items, then the error (ordered: %s, batch: %i)',
    async (ordered, batch) => {
      const balancer = new Balancer({ workers: 2 });
      const gate = join(folder, `${method}-${ordered}-${batch}`);
      const given: number[] = [];
      const loop = (async () => {
        const items = Array.from({ length: 1_000 }, (_, index) => ({ index, gate }));
        for await (const one of balancer[method](items, waits, { ordered, batch })) given.push(indexOf(one));
      })();
      await until(() => balancer.stats().running === 2);
      const accepted = balancer.stats().submitted;
      const closed = balancer.close();
      // Refused ones come back before accepted ones have run.
      await pause(20);
      writeFileSync(gate, '');
      await expect(loop).rejects.toMatchObject(CLOSED);
      await closed;
      expect(given.sort((a, b) => a - b)).toEqual(Array.from({ length: accepted }, (_, index) => index));
    },
  );

  it.each([
    ['dies', 1, {}],
    ['dies', 3, {}],
    ['takes too long', 3, { timeout: 1_500 }],
  ] as const)('accepted items run although the one before them %s (batch: %i)', async (_, batch, submit) => {
    const balancer = new Balancer({ workers: 1, grace: 20 });
    const gate = join(folder, `${method}-${batch}-${Object.keys(submit)}`);
    const items = [0, 1, 2].map((index) => ({ index, gate, hangs: 'timeout' in submit }));
    const given: number[] = [];
    const loop = (async () => {
      for await (const one of balancer[method](items, endsFirst, { ordered: false, batch, submit }))
        given.push(indexOf(one));
    })();
    loop.catch(() => {});
    await until(() => balancer.stats().running === 1);
    const closed = balancer.close();
    writeFileSync(gate, '');
    if (method === 'map') await expect(loop).rejects.not.toMatchObject(CLOSED);
    else {
      await loop;
      expect(given.sort()).toEqual([0, 1, 2]);
    }
    await closed;
  });

  it.each([true, false])('an item that waits to run again has failed (ordered: %s)', async (ordered) => {
    const balancer = new Balancer({ workers: 1 });
    const retry = { attempts: 2, delay: 3_600_000, maxDelay: 3_600_000 };
    const results = balancer[method]([0, 1, 2], failing, { retry, ordered });
    const loop = collect<unknown>(results);
    loop.catch(() => {});
    await until(() => balancer.stats().completed === 3);
    await balancer.close();
    if (method === 'map') await expect(loop).rejects.toMatchObject({ message: 'zero', index: 0 });
    else {
      const outcomes = (await loop) as { index: number; status: string; reason?: unknown }[];
      outcomes.sort((a, b) => a.index - b.index);
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
      expect(outcomes[0]?.reason).toMatchObject({ message: 'zero' });
    }
  });

  it('the items behind one that waits to run again are refused', async () => {
    const balancer = new Balancer({ workers: 1, maxQueue: 1 });
    const retry = { attempts: 2, delay: 3_600_000, maxDelay: 3_600_000 };
    const endless = function* () {
      for (let n = 0; ; n++) yield n;
    };
    const results = balancer[method](endless(), failing, { retry, ordered: false });
    for (let n = 0; n < 10; n++) await results.next();
    await balancer.close();
    await expect(collect<unknown>(results)).rejects.toMatchObject(
      method === 'map' ? { message: 'zero' } : CLOSED,
    );
  });

  it('a source that gives nothing more is not waited for', async () => {
    const balancer = new Balancer({ workers: 1 });
    const source = async function* () {
      yield 1;
      yield 2;
      await new Promise(() => setTimeout(() => {}, 60_000).unref());
    };
    const given: number[] = [];
    const loop = (async () => {
      for await (const one of balancer[method](source(), (n: number) => n)) given.push(indexOf(one));
    })();
    loop.catch(() => {});
    await until(() => given.length === 2);
    await balancer.close();
    await expect(loop).rejects.toMatchObject(CLOSED);
  });

  it('nor is one that is asked after that', async () => {
    const balancer = new Balancer({ workers: 1 });
    let asked = 0;
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: () =>
          ++asked > 1
            ? new Promise<never>(() => setTimeout(() => {}, 60_000).unref())
            : Promise.resolve({ done: false, value: 1 }),
      }),
    };
    const results = balancer[method](source, (n: number) => n);
    await results.next();
    await balancer.close();
    await expect(results.next()).rejects.toMatchObject(CLOSED);
  });

  it('a source that ends after that ends the loop in peace', async () => {
    const balancer = new Balancer({ workers: 1 });
    let isClosed = false;
    const source = async function* () {
      yield 1;
      await until(() => isClosed);
    };
    const loop = collect<unknown>(balancer[method](source(), (n: number) => n));
    await until(() => balancer.stats().completed === 1);
    await balancer.close();
    isClosed = true;
    expect((await loop).length).toBe(1);
  });
});

/** A gate that is plain data, so that such items travel together. */
async function waits({ index, gate }: { index: number; gate: string }): Promise<number> {
  const { existsSync } = await import('node:fs');
  const { setTimeout: pause } = await import('node:timers/promises');
  while (!existsSync(gate)) await pause(1);
  return index;
}

function failing(n: number): number {
  if (n === 0) throw new Error('zero');
  return n;
}

/** The first one ends its thread, or does not end, once there is the gate. */
async function endsFirst({ index, gate, hangs }: { index: number; gate: string; hangs: boolean }) {
  if (index > 0) return index;
  const { existsSync } = await import('node:fs');
  const { setTimeout: pause } = await import('node:timers/promises');
  while (!existsSync(gate)) await pause(1);
  while (hangs);
  process.exit(1);
}
