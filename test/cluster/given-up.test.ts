/** Requests that nobody waits for any more, when their machine is lost. */
import { expect, test } from 'vitest';
import { onEachEngine, work } from '../support/cluster.js';
import { collect } from '../support/collect.js';
import { freshFiles, linesOf } from '../support/written-lines.js';

const few = { lockDuration: 500 };
const fresh = freshFiles('given-up-');

onEachEngine((site) => {
  test('one that was given up after its machine was lost runs on no other one', async () => {
    const first = await site.process(few);
    const cluster = site.cluster(few);
    const [file, gate] = [fresh(), fresh()];
    const controller = new AbortController();
    const result = cluster.submit(work.noteAndWait, [file, 'line', gate], { signal: controller.signal });
    result.catch(() => {});
    await expect.poll(() => linesOf(file)).toEqual(['line']);
    first.kill('SIGKILL');
    await first.ended;
    controller.abort(new Error('no more'));
    await expect(result).rejects.toThrow('no more');
    const second = await site.machine(few);
    await expect.poll(() => second.stats().jobs.cancelled).toBe(1);
    expect(linesOf(file)).toEqual(['line']);
  });

  test('nor do the items of a map', async () => {
    const first = await site.process(few);
    const cluster = site.cluster(few);
    const [file, gate] = [fresh(), fresh()];
    const controller = new AbortController();
    const items = [1, 2].map((n) => ({ file, line: String(n), gate }));
    const settings = { batch: 2, signal: controller.signal };
    const results = collect(cluster.map(items, work.waitItem, settings));
    results.catch(() => {});
    await expect.poll(() => linesOf(file).length).toBeGreaterThan(0);
    first.kill('SIGKILL');
    await first.ended;
    const begun = linesOf(file);
    controller.abort(new Error('no more'));
    await expect(results).rejects.toThrow('no more');
    const second = await site.machine(few);
    await expect.poll(() => second.stats().jobs.cancelled).toBe(1);
    expect(linesOf(file)).toEqual(begun);
  });
});
