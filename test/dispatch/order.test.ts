import { setImmediate as turn } from 'node:timers/promises';
import { Balancer, type BalancerOptions } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { Gate, wait } from '../support/gate.js';
import { range } from '../support/range.js';
import { until } from '../support/until.js';

/** A shared list to which tasks add their number when they start. */
class Log {
  readonly shared = new SharedArrayBuffer(4 * 4096);
  get entries(): number[] {
    const words = new Int32Array(this.shared);
    return [...words.subarray(1, 1 + Atomics.load(words, 0))];
  }
}

const note = (shared: SharedArrayBuffer, entry: number) => {
  const words = new Int32Array(shared);
  words[1 + Atomics.add(words, 0, 1)] = entry;
};

/** Some ms later: longer than what makes a worker count as stuck. */
const aWhile = () => {
  const end = performance.now() + 6;
  return until(() => performance.now() > end);
};

/** A Balancer whose only worker is blocked until `open`. */
const blocked = async (options: BalancerOptions) => {
  const balancer = new Balancer({ workers: 1, ...options });
  const gate = new Gate();
  const first = balancer.submit(wait, [gate.shared]);
  await gate.reached(1);
  return { balancer, gate, first };
};

describe('order', () => {
  const windows: BalancerOptions['window'][] = [1, 2, 7, 1024, 'auto'];

  it.each(windows)('window %s: requests of one priority start in the order of submission', async (window) => {
    const { balancer, gate, first } = await blocked({ window });
    const log = new Log();
    const all = range(0, 1_000).map((i) => balancer.submit(note, [log.shared, i]));
    gate.open();
    await Promise.all([first, ...all]);
    expect(log.entries).toEqual(range(0, 1_000));
    await balancer.close();
  });

  it.each(windows)('window %s: also when they come while others run', async (window) => {
    const balancer = new Balancer({ workers: 1, window });
    const log = new Log();
    let next = 0;
    const chain = async (): Promise<void> => {
      while (next < 1_000) await balancer.submit(note, [log.shared, next++]);
    };
    await Promise.all(range(0, 10).map(chain));
    expect(log.entries).toEqual(range(0, 1_000));
    await balancer.close();
  });

  it('higher priorities first, each in the order of submission', async () => {
    const { balancer, gate, first } = await blocked({ window: 1 });
    const log = new Log();
    const priorities = [0, 5, -1, 5, -0, 0.5, Number.MAX_VALUE, -1e9, undefined, 0.25];
    const all = range(0, 200).map((i) => {
      const priority = priorities[i % priorities.length];
      return balancer.submit(note, [log.shared, i], priority === undefined ? {} : { priority });
    });
    gate.open();
    await Promise.all([first, ...all]);
    const of = (i: number) => priorities[i % priorities.length] ?? 0;
    expect(log.entries).toEqual(range(0, 200).sort((a, b) => of(b) - of(a) || a - b));
    await balancer.close();
  });

  it('a high priority overtakes all that has not started, with windows of any size', async () => {
    const { balancer, gate, first } = await blocked({ window: 8 });
    const log = new Log();
    const plain = range(0, 100).map((i) => balancer.submit(note, [log.shared, i]));
    await until(() => balancer.stats().waiting === 93);
    const urgent = balancer.submit(note, [log.shared, 1_000], { priority: 1 });
    // The pass of this turn is over then.
    await turn();
    gate.open();
    await Promise.all([first, ...plain, urgent]);
    expect(log.entries).toEqual([1_000, ...range(0, 100)]);
    await balancer.close();
  });

  it('what is aborted in the middle of a window leaves the others as they were, in order', async () => {
    const { balancer, gate, first } = await blocked({ window: 32 });
    const log = new Log();
    const aborted = [3, 4, 9, 16, 21];
    const control = new AbortController();
    // Every third goes by message.
    const all = range(0, 22).map((i) =>
      balancer.submit(
        (shared, entry, extra) => {
          const words = new Int32Array(shared);
          words[1 + Atomics.add(words, 0, 1)] = entry;
          return [entry, extra];
        },
        [log.shared, i, i % 3 === 0 ? { list: [i] } : i] as const,
        aborted.includes(i) ? { signal: control.signal } : {},
      ),
    );
    const plain = range(100, 110).map((i) => balancer.submit((n) => n, [i]));
    await until(() => balancer.stats().waiting === 1);
    control.abort('aborted');
    gate.open();
    const left = range(0, 22).filter((i) => !aborted.includes(i));
    const outcomes = await Promise.allSettled(all);
    for (const i of range(0, 22)) {
      if (aborted.includes(i)) expect(outcomes[i]).toEqual({ status: 'rejected', reason: 'aborted' });
      else expect(outcomes[i]).toEqual({ status: 'fulfilled', value: [i, i % 3 === 0 ? { list: [i] } : i] });
    }
    expect(await Promise.all(plain)).toEqual(range(100, 110));
    expect(log.entries).toEqual(left);
    await first;
    await balancer.close();
  });

  it('what is rescued from behind a long task comes before the younger ones', async () => {
    const balancer = new Balancer({ workers: 2, window: 4 });
    const [long, short] = [new Gate(), new Gate()];
    const stuck = balancer.submit(wait, [long.shared]);
    const other = balancer.submit(wait, [short.shared]);
    await Promise.all([long.reached(1), short.reached(1)]);
    const log = new Log();
    const all = range(0, 20).map((i) => balancer.submit(note, [log.shared, i]));
    await until(() => balancer.stats().waiting === 14);
    await aWhile();
    short.open();
    await Promise.all([other, ...all]);
    const own = log.entries.slice(0, 3);
    const rest = range(0, 20).filter((i) => !own.includes(i));
    expect(Math.max(...own)).toBeLessThan(6);
    expect(log.entries).toEqual([...own.sort((a, b) => a - b), ...rest]);
    long.open();
    await stuck;
    await balancer.close();
  });
});

describe('no worker idles while a request is unstarted', () => {
  const windows: BalancerOptions['window'][] = [1, 2, 64, 16_384, 'auto'];

  it.each(windows)('window %s: what was sent behind a long task runs on the other worker', async (window) => {
    const balancer = new Balancer({ workers: 2, window });
    await balancer.submit(() => {});
    const gate = new Gate();
    // In the middle of a burst: so there is something before and behind it in its window.
    const before = range(0, 500).map((i) => balancer.submit((n) => n, [i]));
    const long = balancer.submit(wait, [gate.shared]);
    const after = range(500, 1_000).map((i) => balancer.submit((n) => n, [i]));
    expect(await Promise.all([...before, ...after])).toEqual(range(0, 1_000));
    gate.open();
    await long;
    await balancer.close();
  });

  it('with arguments by message, and streams of requests from elsewhere', async () => {
    const balancer = new Balancer({ workers: 2, window: 32 });
    const gate = new Gate();
    const long = balancer.submit(wait, [gate.shared]);
    const all = range(0, 300).map((i) => balancer.submit((v) => v.list[0], [{ list: [i] }]));
    expect(await Promise.all(all)).toEqual(range(0, 300));
    gate.open();
    await long;
    await balancer.close();
  });

  it('three of four workers blocked, one after the other: the fourth runs everything else', async () => {
    const balancer = new Balancer({ workers: 4, window: 16 });
    const gate = new Gate();
    const long: Promise<unknown>[] = [];
    const short: Promise<unknown>[] = [];
    for (let i = 0; i < 400; i++) {
      if (i % 100 === 50) long.push(balancer.submit(wait, [gate.shared]));
      else short.push(balancer.submit((n) => n, [i]));
      if (long.length === 3) long.length = 3;
    }
    // Four long ones came; the fourth blocks the last worker, so let it pass.
    await gate.reached(4);
    gate.open();
    await Promise.all([...long, ...short]);
    const again = new Gate();
    const three = range(0, 3).map(() => balancer.submit(wait, [again.shared]));
    const rest = range(0, 400).map((i) => balancer.submit((n) => n, [i]));
    expect(await Promise.all(rest)).toEqual(range(0, 400));
    again.open();
    await Promise.all(three);
    await balancer.close();
  });

  it.each(windows)(
    'window %s: all but one of the workers are blocked while short tasks come, many or one at a time',
    async (window) => {
      for (const workers of [3, 5]) {
        const balancer = new Balancer({ workers, window });
        await Promise.all(range(0, 200).map((i) => balancer.submit((n) => n, [i])));
        const gate = new Gate();
        const long: Promise<unknown>[] = [];
        const short = range(0, 300).map((i) => {
          if (i % 9 === 0 && long.length < workers - 1) long.push(balancer.submit(wait, [gate.shared]));
          return balancer.submit((n) => n, [i]);
        });
        expect(await Promise.all(short)).toEqual(range(0, 300));
        for (let i = 0; i < 100; i++) expect(await balancer.submit((n) => n, [i])).toBe(i);
        gate.open();
        await Promise.all(long);
        await balancer.close();
      }
    },
  );

  it.each(windows)(
    'window %s: a task that has always been short blocks all but one of the workers',
    async (window) => {
      const balancer = new Balancer({ workers: 4, window });
      const gate = new Gate();
      const maybe = (shared: SharedArrayBuffer | undefined): void => {
        if (shared !== undefined) Atomics.wait(new Int32Array(shared), 1, 0);
      };
      for (let round = 0; round < 20; round++)
        await Promise.all(range(0, 200).map(() => balancer.submit(maybe, [undefined])));
      const blocked: Promise<void>[] = [];
      const short = range(0, 300).map((i) => {
        if (i % 20 === 0 && blocked.length < 3) blocked.push(balancer.submit(maybe, [gate.shared]));
        return balancer.submit(maybe, [undefined]);
      });
      expect(await Promise.all(short)).toHaveLength(300);
      gate.open();
      await Promise.all(blocked);
      await balancer.close();
    },
  );

  it('transferred arguments behind a long task', async () => {
    const balancer = new Balancer({ workers: 2, window: 16 });
    const gate = new Gate();
    const long = balancer.submit(wait, [gate.shared]);
    await gate.reached(1);
    const all = range(0, 60).map((i) => {
      // Some can be moved to another worker, some cannot.
      const bytes = new Uint8Array(i % 3 === 1 ? 1_000 : 200_000).fill(i);
      return i % 3 === 0
        ? balancer.submit((b) => b[999], [bytes])
        : balancer.submit((b) => b[999], [bytes], { transfer: [bytes.buffer] });
    });
    expect(await Promise.all(all)).toEqual(range(0, 60));
    gate.open();
    await long;
    await balancer.close();
  });
});

describe('how much is sent ahead', () => {
  it.each([1, 2, 5, 100])(
    'window %s: that many requests at most, and that many if there are',
    async (window) => {
      const { balancer, gate, first } = await blocked({ window });
      const all = range(0, 300).map((i) => balancer.submit((n) => n, [i]));
      await until(() => balancer.stats().waiting === 300 - (window - 1));
      expect(balancer.stats().workers[0]!.pending).toBe(window);
      gate.open();
      await Promise.all([first, ...all]);
      await balancer.close();
    },
  );

  it("'auto': few of a task that was never run, one of a long one, many of a short one", async () => {
    const spin = () => {
      const end = performance.now() + 3;
      while (performance.now() < end);
    };
    const short = () => 'short';
    let blocks = 0;
    const sentAhead = async (balancer: Balancer, task: () => unknown): Promise<number> => {
      const gate = new Gate();
      // A task of its own each time: by now `wait` would be known as a long one, with nothing sent behind it.
      const block = new Function('shared', `${blocks++}; (${wait})(shared)`) as (
        shared: SharedArrayBuffer,
      ) => void;
      const first = balancer.submit(block, [gate.shared]);
      await gate.reached(1);
      const all = range(0, 100).map(() => balancer.submit(task));
      await until(() => balancer.stats().waiting + balancer.stats().workers[0]!.pending === 101);
      const ahead = balancer.stats().workers[0]!.pending - 1;
      gate.open();
      await Promise.all([first, ...all]);
      return ahead;
    };
    // New ones, since a Balancer sends more ahead for a while after its main thread came late.
    await using unknown = new Balancer({ workers: 1 });
    expect(await sentAhead(unknown, () => 'never run')).toBe(3);
    await using balancer = new Balancer({ workers: 1 });
    await balancer.submit(spin);
    expect(await sentAhead(balancer, spin)).toBe(1);
    await Promise.all(range(0, 5_000).map(() => balancer.submit(short)));
    // Whoever takes the processor away from a short run makes it a long one, for a while.
    let most = 0;
    for (let i = 0; i < 20 && most <= 20; i++) {
      most = Math.max(most, await sentAhead(balancer, short));
      await Promise.all(range(0, 1_000).map(() => balancer.submit(short)));
    }
    expect(most).toBeGreaterThan(20);
  });

  it('what is transferred: more behind a short task where workers have run dry, nothing ever behind one that was never run', async () => {
    await using balancer = new Balancer({ workers: 1 });
    const size = (bytes: Uint8Array) => bytes.length;
    await balancer.submit(size, [new Uint8Array(1)]);
    let blocks = 0;
    const sentBehind = async (knows: boolean): Promise<number> => {
      const gate = new Gate();
      const block = new Function('shared', `${blocks++}; (${wait})(shared)`) as (
        shared: SharedArrayBuffer,
      ) => void;
      const opened = new Gate();
      opened.open();
      if (knows) for (let i = 0; i < 10; i++) await balancer.submit(block, [opened.shared]);
      const first = balancer.submit(block, [gate.shared]);
      await gate.reached(1);
      const given = range(0, 5).map(() => new Uint8Array(200_000));
      const all = given.map((bytes) => balancer.submit(size, [bytes], { transfer: [bytes.buffer] }));
      await until(() => balancer.stats().waiting + balancer.stats().workers[0]!.pending === 6);
      // All of these have left the queue, and this thread.
      const sent = given.filter((bytes) => bytes.length === 0).length;
      gate.open();
      await Promise.all([first, ...all]);
      return sent;
    };
    expect(await sentBehind(false)).toBe(0);
    const small = new Uint8Array(1);
    const keepBusy = async () => {
      const all = range(0, 3_000).map(() => balancer.submit(size, [small]));
      // The worker takes less time for what it has been sent.
      await new Promise((resolve) => setImmediate(resolve));
      const end = performance.now() + 20;
      while (performance.now() < end);
      await Promise.all(all);
    };
    let most = 0;
    for (let i = 0; i < 20 && most < 5; i++) {
      await keepBusy();
      most = Math.max(most, await sentBehind(true));
      // It may run for ever.
      expect(await sentBehind(false)).toBe(0);
    }
    expect(most).toBe(5);
  });

  it('windowBytes: large arguments are not all copied ahead, one always may', async () => {
    const { balancer, gate, first } = await blocked({ window: 64, windowBytes: 1_000_000 });
    const data = new Uint8Array(400_000);
    const all = range(0, 10).map(() => balancer.submit((bytes) => bytes.length, [data]));
    await until(() => balancer.stats().waiting < 10);
    // The third passes the bound; the running one has no bytes to speak of.
    expect(balancer.stats()).toMatchObject({ waiting: 7, workers: [{ pending: 4 }] });
    gate.open();
    await first;
    expect(await Promise.all(all)).toEqual(Array(10).fill(400_000));
    const huge = new Uint8Array(5_000_000);
    expect(await Promise.all(range(0, 4).map(() => balancer.submit((b) => b.length, [huge])))).toEqual(
      Array(4).fill(5_000_000),
    );
    await balancer.close();
  });
});
