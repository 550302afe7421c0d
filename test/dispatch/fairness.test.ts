import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { Balancer } from 'leastwork';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gate, wait } from '../support/gate.js';
import { taskEntry } from '../support/task-entry.js';
import { until } from '../support/until.js';

/**
 * With a core to spare the main thread looks for results by itself, else it is woken: both must leave room
 * for others.
 */
describe.each([1, 2])("the caller's event loop, %s workers", (workers) => {
  let balancer: Balancer;
  beforeAll(() => {
    balancer = new Balancer({ workers });
  });
  afterAll(() => balancer.close());

  /** A closed loop of no-ops that goes on until `stop`. Gives how many have run. */
  const closedLoop = (chains: number) => {
    let running = true;
    let done = 0;
    const chain = async (): Promise<void> => {
      while (running) {
        await balancer.submit((n) => n, [1]);
        done++;
      }
    };
    const all = Promise.all(Array.from({ length: chains }, chain));
    return {
      get done() {
        return done;
      },
      stop: async () => {
        running = false;
        await all;
      },
    };
  };

  it.each([1, 64, 3_000])(
    '%s no-ops in a closed loop: timers and immediates run meanwhile',
    async (chains) => {
      const loop = closedLoop(chains);
      let timers = 0;
      let immediates = 0;
      const timer = setInterval(() => timers++, 1);
      // Either of them would never come again if one turn of the loop did not end.
      for (; timers < 20 || immediates < 20; immediates++) await turn();
      await until(() => loop.done > 1_000);
      clearInterval(timer);
      await loop.stop();
      expect(loop.done).toBeGreaterThan(1_000);
    },
  );

  it('each turn of the event loop takes a bounded number of completions, however many are due', async () => {
    const deep = new Balancer({ workers, window: 16_384 });
    for (let i = 0; i < 200_000; i++) void deep.submit(() => {});
    let before = deep.stats().completed;
    let most = 0;
    while (before < 200_000) {
      await turn();
      const { completed } = deep.stats();
      most = Math.max(most, completed - before);
      before = completed;
    }
    // 1,024 of each worker in one look; a turn may see one from `setImmediate` and a few that workers asked
    // for.
    expect(most).toBeLessThanOrEqual(4 * workers * 1_024);
    await deep.close();
  });

  it('a result does not wait for what the next task goes on to tell', async () => {
    const own = new Balancer({ workers: 1 });
    const opened = new Int32Array(new SharedArrayBuffer(4));
    const tell = async (url: string, times: number, opened: Int32Array) => {
      const { context } = await import(url);
      let told = 0;
      while (told < times && Atomics.load(opened, 0) === 0) context.progress(told++);
      return told;
    };
    // Each takes longer to hear than to tell.
    const onProgress = () => {
      const end = performance.now() + 0.01;
      while (performance.now() < end);
    };
    await own.submit(tell, [taskEntry, 1, opened], { onProgress });
    const first = own.submit(tell, [taskEntry, 1, opened], { onProgress });
    const second = own.submit(tell, [taskEntry, 100_000, opened], { onProgress });
    expect(await first).toBe(1);
    Atomics.store(opened, 0, 1);
    expect(await second).toBeLessThan(100_000);
    await own.close();
  });

  it('a server answers while a closed loop runs', async () => {
    const server = createServer((_, response) => response.end('here'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const loop = closedLoop(64);
    for (let i = 0; i < 20; i++) {
      const status = await new Promise((resolve, reject) => {
        get({ port, host: '127.0.0.1', agent: false }, (response) => {
          response.resume().on('end', () => resolve(response.statusCode));
        }).on('error', reject);
      });
      expect(status).toBe(200);
    }
    await loop.stop();
    server.close();
  });

  it('a loop of `then(submit)` never starves it', async () => {
    let running = true;
    let done = 0;
    const next = (): Promise<unknown> =>
      balancer
        .submit(() => 1)
        .then(() => {
          done++;
          return running ? next() : undefined;
        });
    const loops = Array.from({ length: 100 }, next);
    for (let i = 0; i < 100; i++) await turn();
    await until(() => done > 10_000);
    running = false;
    await Promise.all(loops);
  });

  it('a then callback that submits a burst each time never starves it', async () => {
    let running = true;
    let done = 0;
    const burst = (): unknown => {
      done++;
      if (!running) return undefined;
      for (let i = 0; i < 100; i++) void balancer.submit(() => 2);
      return balancer.submit(() => 3).then(burst);
    };
    const loop = burst();
    for (let i = 0; i < 50; i++) await turn();
    await until(() => done > 50);
    running = false;
    await loop;
    await until(() => balancer.stats().pending === 0);
  });

  it('windows stay full while the main thread computes', async () => {
    // Within one long turn, submitting is enough to hand out what there is and to take what is done.
    const gate = new Gate();
    const before = balancer.stats().completed;
    let submitted = 0;
    const end = performance.now() + 5_000;
    while (balancer.stats().completed - before < 2_000 && performance.now() < end) {
      void balancer.submit((n) => n, [submitted++]);
    }
    expect(balancer.stats().completed - before).toBeGreaterThanOrEqual(2_000);
    gate.open();
    await until(() => balancer.stats().pending === 0);
  });
});

describe("the caller's context", () => {
  it('an AsyncLocalStorage holds through submit, its rejections, map and progress', async () => {
    const balancer = new Balancer({ workers: 1 });
    const storage = new AsyncLocalStorage<number>();
    const one = (n: number) =>
      storage.run(n, async () => {
        const seen: unknown[] = [];
        await balancer.submit((v) => v, [n]);
        seen.push(storage.getStore());
        await balancer
          .submit(() => Promise.reject(new Error('no')))
          .catch(() => seen.push(storage.getStore()));
        await balancer.submit((v) => v, [n]).then(() => seen.push(storage.getStore()));
        for await (const _ of balancer.map([1, 2], (v) => v)) seen.push(storage.getStore());
        const report = async (url: string) => (await import(url)).context.progress(1);
        const onProgress = () => seen.push(storage.getStore());
        await balancer.submit(report, [taskEntry], { onProgress });
        return seen;
      });
    const all = await Promise.all([1, 2, 3].map(one));
    expect(all).toEqual([1, 2, 3].map((n) => Array(6).fill(n)));
    await balancer.close();
  });
});

describe("the worker's event loop", () => {
  /** A shared counter that tasks raise from their own timers. */
  const counter = () => new Int32Array(new SharedArrayBuffer(4));

  it.each(['idle', 'busy'])(
    'timers that a task has left behind fire while its worker is %s',
    async (state) => {
      const balancer = new Balancer({ workers: 1 });
      const ticks = counter();
      await balancer.submit(
        (shared) => {
          const words = new Int32Array(shared);
          let left = 50;
          const timer = setInterval(() => {
            Atomics.add(words, 0, 1);
            if (--left === 0) clearInterval(timer);
          }, 1);
        },
        [ticks.buffer as SharedArrayBuffer],
      );
      let running = state === 'busy';
      const chain = async (): Promise<void> => {
        while (running) await balancer.submit(() => {});
      };
      const chains = Promise.all(Array.from({ length: 50 }, chain));
      await until(() => Atomics.load(ticks, 0) === 50);
      running = false;
      await chains;
      await balancer.close();
    },
  );

  it('an asynchronous task lets the timers of its thread fire, and runs alone', async () => {
    const balancer = new Balancer({ workers: 1 });
    const order = await Promise.all([
      balancer.submit(async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        Reflect.set(globalThis, 'slowIsDone', true);
        return 'slow';
      }),
      balancer.submit(() => Reflect.get(globalThis, 'slowIsDone') as boolean),
    ]);
    expect(order).toEqual(['slow', true]);
    await balancer.close();
  });

  it('microtasks and ticks that a task has left behind run before long, though the next task is there already', async () => {
    const balancer = new Balancer({ workers: 1, window: 64 });
    const gate = new Gate();
    const blocked = balancer.submit(wait, [gate.shared]);
    await gate.reached(1);
    const ticks = counter();
    const left = balancer.submit(
      (shared) => {
        void Promise.resolve().then(() => Atomics.add(new Int32Array(shared), 0, 1));
        process.nextTick(() => Atomics.add(new Int32Array(shared), 0, 1));
        setImmediate(() => Atomics.add(new Int32Array(shared), 0, 1));
      },
      [ticks.buffer as SharedArrayBuffer],
    );
    const spin = () => {
      const end = performance.now() + 1;
      while (performance.now() < end);
    };
    const more = Array.from({ length: 60 }, () => balancer.submit(spin));
    gate.open();
    const seen: number[] = [];
    for (const request of more) {
      await request;
      seen.push(Atomics.load(ticks, 0));
    }
    await Promise.all([blocked, left]);
    // Long before the 60 are through: the thread's event loop turns every 10 ms.
    expect(seen.indexOf(3)).toBeGreaterThanOrEqual(0);
    expect(seen.indexOf(3)).toBeLessThan(59);
    await balancer.close();
  });
});
