import { queryObjects } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { Balancer } from '../../dist/src/balancer.js';
import { MapIterator } from '../../dist/src/calls/map.js';
import { MapJob } from '../../dist/src/calls/map-job.js';
import { OutcomeReader } from '../../dist/src/values/outcomes.js';
import { gc } from '../support/garbage.js';
import { range } from '../support/range.js';

/** Since Node 20.13; it collects all garbage first. */
const count = (kind: typeof MapIterator | typeof MapJob | typeof OutcomeReader) =>
  queryObjects(kind as never, { format: 'count' }) as unknown as number;

async function drain(balancer: Balancer, items: unknown[]) {
  for await (const _ of balancer.map(items, (item) => item));
}

describe('objects of a map that has ended', () => {
  it('are kept, one of a kind, so that V8 keeps the code of their methods', async () => {
    await using balancer = new Balancer({ workers: 1 });
    for (let n = 0; n < 5; n++) await drain(balancer, range(0, 200));
    await gc();
    for (const kind of [MapIterator, MapJob, OutcomeReader]) expect(count(kind)).toBeGreaterThan(0);
  });

  it('hold nothing of the program’s', async () => {
    await using balancer = new Balancer({ workers: 1 });
    const use = async () => {
      const source = range(0, 200).map((n) => ({ n }));
      await drain(balancer, source);
      return [new WeakRef<object>(source), new WeakRef<object>(source[100] as object)];
    };
    const refs = await use();
    await expect
      .poll(async () => {
        await gc();
        return refs.map((ref) => ref.deref());
      })
      .toEqual([undefined, undefined]);
  });
});
