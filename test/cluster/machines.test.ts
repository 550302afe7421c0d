import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { tasks } from 'leastwork';
import { expect, test, vi } from 'vitest';
import { onEachEngine, type Site, work, workUrl } from '../support/cluster.js';
import { collect } from '../support/collect.js';
import { range } from '../support/range.js';
import { freshFiles, linesOf } from '../support/written-lines.js';

/** Locks that run out soon, and a process that is not late by as much. */
const lockDuration = 1_000;
const few = { lockDuration };

const fresh = freshFiles('cluster');

/** Resolves when the condition holds, which another process makes true. */
async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

const machines = (site: Site, count: number) => Promise.all(range(0, count).map(() => site.process(few)));

const version = (name: string): URL => new URL(`../fixtures/cluster/${name}/version.mjs`, import.meta.url);
const { before, added } = tasks<{ before(): string; added(n: number): number }>(version('old'));

onEachEngine(
  (site) => {
    test('a machine is stopped beyond its lock: another one runs it, and the late result is refused', async () => {
      const first = await site.process(few);
      const cluster = site.cluster(few);
      const [file, gate] = [fresh(), fresh()];
      const result = cluster.submit(work.waitHere, [file, gate]);
      await eventually(() => linesOf(file).length === 1);
      first.kill('SIGSTOP');
      const second = await site.process(few);
      await eventually(() => linesOf(file).length === 2);
      first.kill('SIGCONT');
      writeFileSync(`${gate}.${first.pid}`, '');
      await eventually(() => first.lines.length > 1);
      expect(first.lines[1]).toMatch(/^job \S+ left$/);
      writeFileSync(`${gate}.${second.pid}`, '');
      expect(await result).toBe(String(second.pid));
      expect(cluster.stats()).toMatchObject({ completed: 1, failed: 0 });
    });

    test('a task that takes longer than the lock runs once', async () => {
      const long = { lockDuration: 2_000 };
      await Promise.all([site.process(long), site.process(long)]);
      const cluster = site.cluster(long);
      const file = fresh();
      // One after the other in the only thread: the second one waits with its lock.
      const both = [1, 2].map(() => cluster.submit(work.rest, [2_400], { retries: 0 }));
      expect(await Promise.all([...both, cluster.submit(work.note, [file, 'x'])])).toEqual([
        2_400,
        2_400,
        'x',
      ]);
    });

    test('shares follow strength, and --share scales them', async () => {
      const [file, gate] = [fresh(), fresh()];
      const strong = await Promise.all([1, 2, 3].map((workers) => site.machine({ balancer: { workers } })));
      const half = await site.machine({ balancer: { workers: 5 }, share: 0.5 });
      const cluster = site.cluster();
      const results = range(0, 40).map((n) => cluster.submit(work.noteAndWait, [file, String(n), gate]));
      // As many as threads begin, or as are the share of them; one more waits at each machine.
      const running = (): number[] => [...strong, half].map((machine) => machine.stats().running);
      await expect.poll(running).toEqual([2, 3, 4, 4]);
      await eventually(() => linesOf(file).length === 1 + 2 + 3 + 3);
      expect(half.balancer.stats().pending).toBe(3);
      writeFileSync(gate, '');
      expect(await Promise.all(results)).toEqual(range(0, 40).map(String));
    });

    test('a machine that takes a part of what it could does so with the items of a map', async () => {
      const [file, gate] = [fresh(), fresh()];
      const machine = await site.machine({ balancer: { workers: 4 }, share: 0.4 });
      const cluster = site.cluster();
      const items = range(0, 40).map((n) => ({ file, line: String(n), gate }));
      const results = collect(cluster.map(items, work.waitItem, { batch: 5, submit: { retries: 0 } }));
      // Two run, and one is ahead.
      await expect.poll(() => machine.stats().running).toBe(3);
      await eventually(() => linesOf(file).length === 2);
      expect(machine.balancer.stats().pending).toBe(2);
      writeFileSync(gate, '');
      expect(await results).toEqual(range(0, 40).map(String));
    });

    test('an abort goes to the machine', async () => {
      await machines(site, 1);
      const cluster = site.cluster(few);
      const file = fresh();
      const controller = new AbortController();
      const result = cluster.submit(work.untilAborted, [file, 'task'], { signal: controller.signal });
      await eventually(() => linesOf(file).length === 1);
      controller.abort(new Error('no more'));
      await expect(result).rejects.toThrow('no more');
      await eventually(() => linesOf(file)[1] === 'task aborted');
    });

    test('an upgrade: the new machine comes, the old one goes, and no request fails or runs twice', async () => {
      const old = await site.process();
      const cluster = site.cluster();
      const file = fresh();
      const submitted: Promise<string>[] = [];
      const some = (): void => {
        for (let i = 0; i < 20; i++)
          submitted.push(cluster.submit(work.note, [file, String(submitted.length)], { retries: 0 }));
      };
      some();
      await site.process();
      some();
      old.kill('SIGTERM');
      some();
      expect(await old.ended).toBe(0);
      some();
      expect(await Promise.all(submitted)).toEqual(range(0, 80).map(String));
      expect(new Set(linesOf(file)).size).toBe(linesOf(file).length);
    });

    test('a machine that is closed with a time limit leaves what runs to another one', async () => {
      const first = await site.machine(few);
      const cluster = site.cluster(few);
      const [file, gate] = [fresh(), fresh()];
      const result = cluster.submit(work.noteAndWait, [file, 'line', gate]);
      await eventually(() => linesOf(file).length === 1);
      const [second] = await Promise.all([site.machine(few), first.close({ timeout: 10 })]);
      await eventually(() => linesOf(file).length === 2);
      writeFileSync(gate, '');
      expect(await result).toBe('line');
      // It may have come back at once, since it was on its way already.
      expect(first.stats().jobs.left).toBeGreaterThan(0);
      expect(second.stats().jobs.left).toBe(0);
    });

    test('what must not run twice is lost with its machine where it had begun, and left where it had not', async () => {
      const first = await site.machine(few);
      const cluster = site.cluster(few);
      const [file, gate] = [fresh(), fresh()];
      const submit = (line: string): Promise<string> => {
        const result = cluster.submit(work.noteAndWait, [file, line, gate], { retries: 0 });
        result.catch(() => {});
        return result;
      };
      const begun = submit('begun');
      await eventually(() => linesOf(file).length === 1);
      const ahead = submit('ahead');
      await expect.poll(() => first.stats().running).toBe(2);
      await first.close({ timeout: 10 });
      await expect(begun).rejects.toMatchObject({ code: 'ERR_MACHINE_LOST', losses: 1 });
      writeFileSync(gate, '');
      await site.machine(few);
      expect(await ahead).toBe('ahead');
      expect(linesOf(file)).toEqual(['begun', 'ahead']);
    });

    test('items that must not run twice do not, where their machine is closed with a time limit', async () => {
      const first = await site.machine(few);
      const cluster = site.cluster(few);
      const [file, gate] = [fresh(), fresh()];
      const items = ['a', 'b'].map((line) => ({ file, line, gate }));
      const outcomes = collect(
        cluster.mapSettled(items, work.waitItem, { batch: 2, submit: { retries: 0 } }),
      );
      await eventually(() => linesOf(file).length === 1);
      await Promise.all([site.machine(few), first.close({ timeout: 10 })]);
      writeFileSync(gate, '');
      const lost = { status: 'rejected', reason: { code: 'ERR_MACHINE_LOST' } };
      expect(await outcomes).toMatchObject([lost, lost]);
      expect(linesOf(file)).toHaveLength(1);
    });

    test('what a machine leaves is with others at once, though its clock is an hour ahead', async () => {
      const first = await site.machine(few, [version('old'), workUrl]);
      const cluster = site.cluster(few);
      const [file, gate] = [fresh(), fresh()];
      const running = cluster.submit(work.noteAndWait, [file, 'line', gate]);
      await eventually(() => linesOf(file).length === 1);
      const unserved = cluster.submit(added, [7]);
      const right = Date.now;
      const clock = vi.spyOn(Date, 'now').mockImplementation(() => right() + 3_600_000);
      try {
        await expect.poll(() => first.stats().jobs.left).toBeGreaterThan(0);
        await first.close({ timeout: 10 });
      } finally {
        clock.mockRestore();
      }
      await site.machine(few, [version('new'), workUrl]);
      writeFileSync(gate, '');
      expect(await Promise.all([running, unserved])).toEqual(['line', 7]);
    });

    test('a machine leaves tasks to others that it does not serve', async () => {
      await site.machine(few, [version('old'), workUrl]);
      const cluster = site.cluster(few);
      expect(await cluster.submit(before)).toBe('old');
      const waiting = Promise.all(range(0, 4).map((n) => cluster.submit(added, [n])));
      await site.machine(few, [version('new')]);
      expect(await waiting).toEqual(range(0, 4));
    });
  },
  ['redis'],
);

onEachEngine((site) => {
  test("a machine's clock is an hour off: it works, or is refused where locks go by it", async () => {
    const right = Date.now;
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => right() + 3_600_000);
    try {
      const opened = site.machine(few);
      if (site.server.kind === 'postgres')
        await expect(opened).rejects.toMatchObject({
          code: 'ERR_ENGINE',
          // Less by the time that its question has taken.
          message: /the clock of this host is 3(?:600|59\d)\.\d s ahead of that of PostgreSQL/,
        });
      else await opened;
    } finally {
      clock.mockRestore();
    }
    await site.process(few);
    expect(await Promise.all([1, 2, 3].map((n) => site.cluster(few).submit(work.double, [n])))).toEqual([
      2, 4, 6,
    ]);
  });
});
