/** Errors of tasks that cannot be sent as they are. */
import { tasks } from 'leastwork';
import { expect, test } from 'vitest';
import { onEachEngine } from '../support/cluster.js';
import { errorOf } from '../support/error-of.js';

const url = new URL('../fixtures/cluster/throwing.mjs', import.meta.url);
const throwing = tasks<{ circular(): never; long(bytes: number): never }>(url);

onEachEngine((site) => {
  test('one that refers to itself has its cause and its own properties', async () => {
    await site.machine({}, [url]);
    const cluster = site.cluster();
    const expected = {
      code: 'E',
      info: { a: 1 },
      cause: { name: 'RangeError', message: 'inner', owner: '[Circular]' },
    };
    await expect(cluster.submit(throwing.circular)).rejects.toMatchObject(expected);
    for await (const outcome of cluster.mapSettled([1], throwing.circular))
      expect(outcome).toMatchObject({ status: 'rejected', reason: expected });
  });

  test('one that is longer than maxPayload goes without what is too long', async () => {
    const options = { maxPayload: 10_000 };
    await site.machine(options, [url]);
    const cluster = site.cluster(options);
    const body = expect.stringMatching(/^<Buffer 00 .*more bytes/);
    const expected = { message: 'long', code: 'E_LONG', body };
    expect(await errorOf(() => cluster.submit(throwing.long, [50_000]))).toMatchObject(expected);
    for await (const outcome of cluster.mapSettled([50_000], throwing.long))
      expect(outcome).toMatchObject({ status: 'rejected', reason: expected });
  });
});
