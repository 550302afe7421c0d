import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Balancer } from 'leastwork';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Gate, wait } from '../support/gate.js';
import { outputOfNode } from '../support/program.js';
import { taskEntry } from '../support/task-entry.js';

/** An argument that runs the caller's code while it is sent. */
const when = (act: () => unknown) => ({
  get five() {
    act();
    return 5;
  },
});

describe("the caller's code that runs in the middle of ours", () => {
  let balancer: Balancer;
  beforeEach(() => {
    balancer = new Balancer({ workers: 1 });
  });
  afterEach(async () => {
    // Nothing is lost or counted twice, and it goes on.
    expect(await balancer.submit(() => 'goes on').catch(({ code }) => code)).toMatch(
      /goes on|ERR_BALANCER_CLOSED/,
    );
    expect(balancer.stats()).toMatchObject({ queued: 0, pending: 0 });
    await balancer.close();
  });

  const five = (v: { five: number }) => v.five;

  it('a getter that submits to another Balancer, which sends at once', async () => {
    await using other = new Balancer({ workers: 1, maxQueue: 1 });
    const id = (...values: unknown[]) => values;
    await Promise.all([other.submit(id), balancer.submit(id)]);
    const theirs: Promise<unknown>[] = [];
    const act = () => {
      // Its queue is full at once, and that has it send what it has.
      for (let i = 0; i < 3; i++) theirs.push(other.submit(id, [i, { i }]).catch(({ code }) => code));
    };
    for (const before of [0, 1, 2]) {
      const ones = Array.from({ length: before }, () => 'one');
      await balancer.submit(id, [...ones, { user: 'alice', five: 0 }, 2]);
      expect(await balancer.submit(id, [...ones, when(act), 2])).toEqual([...ones, { five: 5 }, 2]);
    }
    const sent = (await Promise.all(theirs)).filter((values) => values !== 'ERR_QUEUE_FULL');
    for (const values of sent) expect(values).toEqual([expect.any(Number), { i: expect.any(Number) }]);
    expect(sent.length).toBeGreaterThan(0);
  });

  it('a getter that submits', async () => {
    const more: Promise<number>[] = [];
    const act = () => {
      for (let i = 0; i < 200; i++) more.push(balancer.submit((n) => n, [i]));
    };
    expect(await balancer.submit(five, [when(act)])).toBe(5);
    expect(await Promise.all(more.slice(0, 200))).toEqual([...Array(200).keys()]);
    await Promise.all(more);
  });

  it.each([
    ['small', 1],
    ['by message', 'x'.repeat(1_000)],
  ])('a getter that aborts its own request: that is not run (%s)', async (_, padding) => {
    const control = new AbortController();
    // Counts in its thread, whatever arguments it has.
    const count = (..._: unknown[]) => {
      const seen = globalThis as { runs?: number };
      seen.runs = (seen.runs ?? 0) + 1;
      return seen.runs;
    };
    const { signal } = control;
    const own = balancer.submit(count, [when(() => control.abort('enough')), padding], { signal });
    await expect(own).rejects.toBe('enough');
    expect(await balancer.submit(count, [])).toBe(1);
  });

  it('a getter that aborts its own request, or another one', async () => {
    const control = new AbortController();
    const { signal } = control;
    const own = balancer.submit(five, [when(() => control.abort('enough'))], { signal });
    await expect(own).rejects.toBe('enough');
    const other = new AbortController();
    const before = balancer.submit(() => 1, [], { signal: other.signal });
    const aborting = balancer.submit(five, [when(() => other.abort('other'))]);
    const after = balancer.submit(() => 2, [], { signal: other.signal });
    expect(await Promise.allSettled([before, aborting, after])).toMatchObject([
      { reason: 'other' },
      { value: 5 },
      { reason: 'other' },
    ]);
  });

  it('a getter that closes, whether or not it throws then', async () => {
    let closing: Promise<void> | undefined;
    const request = balancer.submit(five, [
      when(() => {
        closing ??= balancer.close();
      }),
    ]);
    expect(await request).toBe(5);
    await closing;
    const failing = new Balancer({ workers: 1 });
    const refused = failing.submit(five, [
      when(() => {
        closing = failing.close();
        throw new Error('no');
      }),
    ]);
    await expect(refused).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
    await closing;
  });

  it('a getter that submits and closes, of a request that has waited for its worker alone', async () => {
    const own = new Balancer({ workers: 1, window: 2 });
    const session = own.session();
    const gate = new Gate();
    const before = [session.submit(wait, [gate.shared, 0]), session.submit((n: number) => n, [1])];
    await gate.reached(1);
    const more: Promise<number>[] = [];
    let closing: Promise<void> | undefined;
    const act = () => {
      if (closing !== undefined) return;
      for (let i = 0; i < 3; i++) more.push(session.submit((n) => n, [i]));
      closing = own.close();
    };
    const waiting = [session.submit(five, [when(act)]), session.submit((n: number) => n, [6])];
    // They wait in the backlog, and so are sent when results are taken.
    await turn();
    gate.open();
    expect(await Promise.all(before)).toEqual([0, 1]);
    expect(await Promise.all(waiting)).toEqual([5, 6]);
    expect(await Promise.all(more)).toEqual([0, 1, 2]);
    await closing;
  });

  it('a getter that changes the set', async () => {
    for (const change of [() => balancer.resize(2), () => balancer.remove(1), () => balancer.reload()]) {
      let changed: Promise<unknown> | undefined;
      const act = () => {
        changed ??= change();
      };
      expect(await balancer.submit(five, [when(act)])).toBe(5);
      await changed;
    }
  });

  it('onProgress that submits bursts while results are taken', async () => {
    const more: Promise<{ n: number }>[] = [];
    const report = async (url: string) => {
      const { context } = await import(url);
      for (let i = 0; i < 20; i++) context.progress(i);
      return 'reported';
    };
    const onProgress = () => {
      for (let i = 0; i < 150; i++) more.push(balancer.submit((n) => ({ n }), [i]));
    };
    expect(await balancer.submit(report, [taskEntry], { onProgress })).toBe('reported');
    expect(more.length).toBe(20 * 150);
    const results = await Promise.all(more);
    expect(results.every(({ n }, i) => n === i % 150)).toBe(true);
  });

  it('callbacks that throw: uncaught, as with any callback, and nothing is lost', async () => {
    const program = fileURLToPath(new URL('../balancer/programs/throwing-callbacks.mjs', import.meta.url));
    const stdout = await outputOfNode([program, taskEntry]);
    expect(JSON.parse(stdout)).toEqual({
      results: ['reported', 'goes on'],
      uncaught: ['drain', 'progress a', 'progress b', 'workerEnd', 'workerStart'],
    });
  });
});
