import { fileURLToPath } from 'node:url';
import { Balancer, type Policy, type WorkerView } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { Gate, wait } from '../support/gate.js';
import { outputOfNode } from '../support/program.js';
import { until } from '../support/until.js';

/** Runs a program of its own, where nothing else uses the heap or the processor; gives what it prints. */
const run = async (program: string, ...args: string[]): Promise<unknown> => {
  const file = fileURLToPath(new URL(`./programs/${program}.mjs`, import.meta.url));
  // Counting what code is covered takes memory of its own.
  const { NODE_V8_COVERAGE: _, ...env } = process.env;
  return JSON.parse(await outputOfNode(['--expose-gc', file, ...args], { env }));
};

/** The first worker with room; counts its work. */
class Counting implements Policy {
  readonly name = 'counting';
  readonly pins = false;
  selects = 0;
  updates = 0;
  readonly #workers: WorkerView[] = [];
  add(worker: WorkerView): void {
    this.#workers.push(worker);
  }
  remove(worker: WorkerView): void {
    this.#workers.splice(this.#workers.indexOf(worker), 1);
  }
  select(): WorkerView | undefined {
    this.selects++;
    return this.#workers.find(({ available }) => available);
  }
  update(): void {
    this.updates++;
  }
}

describe('what it costs', () => {
  it('an idle Balancer uses no processor time', async () => {
    // Measured 0.02 %; the bound is far above the noise of a busy machine.
    expect(await run('idle')).toBeLessThan(2);
  });

  it('a queued request takes at most 250 bytes, and none when it has run', async () => {
    const { queued, left, completed } = (await run('queued', '200000')) as Record<string, number>;
    expect(queued).toBeLessThanOrEqual(250);
    expect(queued).toBeGreaterThan(100);
    expect(left! / 200_000).toBeLessThan(10);
    expect(completed).toBe(202_002);
  });

  it('deadlines as priorities: each of its own costs some hundred bytes, not thousands', async () => {
    const { queued, left } = (await run('queued', '30000', 'deadlines')) as Record<string, number>;
    expect(queued).toBeLessThanOrEqual(1_200);
    expect(left! / 30_000).toBeLessThan(100);
  });

  it.each(['ordered', 'unordered'])('300,000 items, %s: the heap does not grow', async (order) => {
    const { seen, sum, grown } = (await run('many-items', order)) as Record<string, number>;
    expect(seen).toBe(300_000);
    expect(sum).toBe((300_000 * 300_001) / 2);
    expect(grown).toBeLessThan(1_500_000);
  });

  it.each([1_000, 100_000])('%s queued requests: the policy is asked about once for each', async (count) => {
    const policy = new Counting();
    const balancer = new Balancer({ workers: 2, window: 32, policy });
    const gate = new Gate();
    const blocked = [0, 1].map(() => balancer.submit(wait, [gate.shared]));
    await gate.reached(2);
    const before = policy.selects;
    const all = Array.from({ length: count }, (_, i) => balancer.submit((n) => n, [i]));
    await until(() => balancer.stats().waiting === count - 62);
    // While nobody has room it is asked once a burst, however long the queue.
    expect(policy.selects - before).toBeLessThan(62 + count / 32 + 100);
    gate.open();
    await Promise.all([...blocked, ...all]);
    // Once more where a look finds no room, which is not for each request.
    expect(policy.selects - before).toBeLessThan(2.5 * count + 200);
    await balancer.close();
  });

  it('results that came by message are garbage for the collector of the young generation, too', async () => {
    // Measured 260 to 500 bytes, of results of 3 KB; 3,400 to 4,600 where all are kept.
    expect(await run('young')).toBeLessThan(1_500);
  });

  it('a thread keeps nothing of requests that have run, or were taken back', async () => {
    const balancer = new Balancer({ workers: 1, window: 64, windowBytes: 1e9 });
    const heapUsed = () => {
      require('node:v8').setFlagsFromString('--expose-gc');
      require('node:vm').runInNewContext('gc')();
      return process.memoryUsage().heapUsed;
    };
    /** About 2 MB in the heap of the thread. */
    const list = Array.from({ length: 50_000 }, (_, i) => ({ i, half: i / 2 }));
    const before = await balancer.submit(heapUsed);
    for (let i = 0; i < 10; i++) expect(await balancer.submit((v) => v.length, [list])).toBe(50_000);
    const gate = new Gate();
    const blocked = balancer.submit(wait, [gate.shared]);
    await gate.reached(1);
    const control = new AbortController();
    const aborted = Array.from({ length: 10 }, () =>
      balancer.submit((v) => v.length, [list], { signal: control.signal }),
    );
    await until(() => balancer.stats().workers[0]!.pending === 11);
    control.abort('aborted');
    await Promise.allSettled(aborted);
    gate.open();
    await blocked;
    // So that the thread has received all that came by message.
    for (let i = 0; i < 3; i++) await balancer.submit(() => new Promise((resolve) => setImmediate(resolve)));
    expect((await balancer.submit(heapUsed)) - before).toBeLessThan(2_000_000);
    await balancer.close();
  });

  it('250,000 requests at once: all run', async () => {
    const balancer = new Balancer({ workers: 2 });
    let sum = 0;
    const add = (n: number) => {
      sum += n;
    };
    let last: Promise<void> | undefined;
    for (let i = 0; i < 250_000; i++) last = balancer.submit((n) => n, [1]).then(add);
    await last;
    await until(() => balancer.stats().pending === 0 && balancer.stats().queued === 0);
    await until(() => sum === 250_000);
    expect(balancer.stats()).toMatchObject({ submitted: 250_000, completed: 250_000, failed: 0 });
    await balancer.close();
  });
});
