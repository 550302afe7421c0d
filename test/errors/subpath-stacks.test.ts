import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Balancer, BalancerError, tasks } from 'leastwork';
import { BatchError, runBatch } from 'leastwork/batch';
import { Cluster, serve } from 'leastwork/cluster';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf } from '../support/error-of.js';

const HERE = fileURLToPath(import.meta.url);
const outside = 1;
const wrong = (value: unknown) => value as never;
/** Nobody listens there: what these calls are refused for is found out before the engine is needed. */
const engine = { redis: 'redis://127.0.0.1:1' };
const { f } = tasks('/tasks.js') as Record<string, (value?: unknown) => unknown>;
const line = (text: string) => text;
const missing = path.join(tmpdir(), 'leastwork-is-not-there.txt');

const balancer = new Balancer({ workers: 1 });
const cluster = new Cluster(engine);
const full = new Cluster({ ...engine, maxQueue: 1 });
const closed = new Cluster(engine);
for (const each of [cluster, full, closed]) each.on('engineError', () => {});

beforeAll(async () => {
  full.submit(wrong(f)).catch(() => {});
  await closed.close({ timeout: 0 });
});

afterAll(async () => {
  await Promise.all([balancer, cluster, full].map((each) => each.close({ timeout: 0 })));
});

async function taken(values: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of values);
}

/** Each call must fail, at once or by its promise. */
const CALLS: Record<string, () => unknown> = {
  'new Cluster': () => new Cluster(wrong({})),
  'new Cluster: an option': () => new Cluster({ ...engine, maxQueue: -1 }),
  'submit: no task': () => cluster.submit(wrong(5)),
  'submit: an inline function': () => cluster.submit(() => 1),
  'submit: an option': () => cluster.submit(wrong(f), [], { timeout: -1 }),
  'submit: no arguments': () => cluster.submit(wrong(f), wrong(5)),
  'submit: not cloneable': () => cluster.submit(wrong(f), wrong([() => 1])),
  'submit: closed': () => closed.submit(wrong(f)),
  'submit: full': () => full.submit(wrong(f)),
  'map: an option': () => cluster.map([1], wrong(f), wrong({ batch: -1 })),
  'map: an inline function': () => cluster.map([1], (item) => item),
  'map: closed': () => taken(closed.map([1], wrong(f))),
  mapSettled: () => cluster.mapSettled([1], wrong(f), wrong({ batch: -1 })),
  stream: () => cluster.stream(wrong(f)),
  session: () => cluster.session(),
  close: () => cluster.close({ timeout: -1 }),
  'serve: no modules': () => serve(wrong(5), engine),
  'serve: an option': () => serve(['/tasks.js'], wrong({ ...engine, concurency: 1 })),
  'serve: no engine': () => serve(['/tasks.js'], wrong({})),
  'serve: no such module': () => serve(['/is/not/there.js'], engine),
  'runBatch: no runner': () => runBatch(wrong({}), { input: HERE, task: line }),
  'runBatch: an option': () => runBatch(balancer, wrong({ input: 5 })),
  'runBatch: a captured variable': () => runBatch(balancer, { input: HERE, task: () => outside }),
  'runBatch: an inline function for a Cluster': () => runBatch(cluster, { input: HERE, task: line }),
  'runBatch: no such file': () => runBatch(balancer, { input: missing, task: line }),
};

describe('the stack of an error of a Cluster or a batch begins with the call, after one frame at most', () => {
  it.each(Object.entries(CALLS))('%s', async (_, call) => {
    const error = await errorOf(call);
    expect(error instanceof BalancerError || error instanceof BatchError).toBe(true);
    const frames = String((error as Error).stack)
      .split('\n')
      .filter((text) => text.startsWith('    at '));
    const place = frames.findIndex((frame) => frame.includes(HERE));
    expect(place, frames.join('\n')).toBeGreaterThanOrEqual(0);
    expect(place, frames.join('\n')).toBeLessThanOrEqual(1);
  });
});
