import type { Balancer, Outcome, Policy, RequestView, WorkerView } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';
import { Gate, wait } from '../support/gate.js';
import { range } from '../support/range.js';
import { allReady } from '../support/readiness.js';
import { until } from '../support/until.js';

const echo = (n: number): number => n;

/** In turn among those that have room; tests override what they test. */
class Own implements Policy {
  readonly name: string = 'own';
  readonly pins: boolean = false;
  readonly workers: WorkerView[] = [];
  #turn = 0;

  add(worker: WorkerView): void {
    this.workers.push(worker);
  }
  remove(worker: WorkerView): void {
    const at = this.workers.indexOf(worker);
    if (at >= 0) this.workers.splice(at, 1);
  }
  select(_request: RequestView): WorkerView | undefined {
    for (let i = 0; i < this.workers.length; i++) {
      const worker = this.workers[this.#turn++ % this.workers.length] as WorkerView;
      if (worker.available) return worker;
    }
    return undefined;
  }
  update(_worker: WorkerView): void {}
}

describe('an own policy', () => {
  it('is asked', () =>
    withBalancer({ workers: 3, policy: new Own() }, async (balancer) => {
      expect(await Promise.all(range(0, 500).map((n) => balancer.submit(echo, [n])))).toEqual(range(0, 500));
    }));

  it('sees each worker come and go, the numbers of each change, and what came of each run', async () => {
    const log: string[] = [];
    const outcomes: Outcome[] = [];
    class Seeing extends Own {
      override add(worker: WorkerView): void {
        super.add(worker);
        log.push(`+${worker.id} label ${worker.label} weight ${worker.weight}`);
      }
      override remove(worker: WorkerView): void {
        super.remove(worker);
        log.push(`-${worker.id}`);
      }
      observe(_worker: WorkerView, outcome: Outcome): void {
        outcomes.push(outcome);
      }
    }
    await withBalancer({ workers: 1, policy: new Seeing() }, async (balancer) => {
      await balancer.submit(echo, [1]);
      const id = await balancer.add({ weight: 2 });
      await balancer.remove(1);
      await balancer
        .submit(() => {
          throw new Error('no');
        })
        .catch(() => {});
      expect(id).toBe(2);
    });
    expect(log).toEqual(['+1 label 1 weight 1', '+2 label 2 weight 2', '-1', '-2']);
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, false]);
    for (const { runTime } of outcomes) expect(runTime).toBeGreaterThanOrEqual(0);
  });

  it("that answers 'nobody now' makes requests wait until it is asked again", async () => {
    class Gated extends Own {
      isOpen = false;
      override select(request: RequestView): WorkerView | undefined {
        return this.isOpen ? super.select(request) : undefined;
      }
    }
    const policy = new Gated();
    await withBalancer({ workers: 2, policy }, async (balancer) => {
      await allReady(balancer);
      const results = range(0, 100).map((n) => balancer.submit(echo, [n]));
      await until(() => balancer.stats().queued === 100);
      policy.isOpen = true;
      // A change of its own, which nobody can know of: it says so.
      balancer.offer();
      expect(await Promise.all(results)).toEqual(range(0, 100));
      policy.isOpen = false;
      const more = range(0, 10).map((n) => balancer.submit(echo, [n]));
      policy.isOpen = true;
      // Any submit asks again, too.
      await balancer.submit(echo, [1]);
      expect(await Promise.all(more)).toEqual(range(0, 10));
      policy.isOpen = false;
      const waiting = balancer.submit(echo, [5]);
      policy.isOpen = true;
      await balancer.add();
      expect(await waiting).toBe(5);
    });
  });

  it('that asks for few at a time gets its way', async () => {
    let most = 0;
    class Few extends Own {
      override select(): WorkerView | undefined {
        const pending = this.workers.reduce((sum, worker) => sum + worker.pending, 0);
        most = Math.max(most, pending);
        return pending < 2 ? this.workers.find((worker) => worker.pending === 0) : undefined;
      }
    }
    await withBalancer({ workers: 4, policy: new Few() }, async (balancer) => {
      await allReady(balancer);
      expect(await Promise.all(range(0, 300).map((n) => balancer.submit(echo, [n])))).toEqual(range(0, 300));
    });
    expect(most).toBe(2);
  });

  it('that selects a full worker without pinning is taken as nobody now', async () => {
    class Stubborn extends Own {
      override select(): WorkerView | undefined {
        return this.workers[0];
      }
    }
    await withBalancer({ workers: 2, window: 1, policy: new Stubborn() }, async (balancer) => {
      await allReady(balancer);
      const gate = new Gate();
      const results = range(0, 4).map((n) => balancer.submit(wait, [gate.shared, n]));
      await gate.reached(1);
      expect(balancer.stats().queued).toBe(3);
      gate.open();
      expect(await Promise.all(results)).toEqual(range(0, 4));
    });
  });

  it('that pins keeps a key where it put it', async () => {
    class First extends Own {
      override readonly pins = true;
      override select({ key }: RequestView): WorkerView | undefined {
        return this.workers.find(({ id }) => id === (key === 'first' ? 1 : 2));
      }
    }
    await withBalancer({ workers: 2, policy: new First(), window: 4 }, async (balancer) => {
      await allReady(balancer);
      await Promise.all(range(0, 100).map((n) => balancer.submit(echo, [n], { key: 'first' })));
      expect(balancer.stats().workers.map(({ completed }) => completed)).toEqual([100, 0]);
    });
  });
});

describe('an own policy that is broken', () => {
  it('and throws in select fails that request alone, with the cause', async () => {
    const cause = new TypeError('no such key');
    class Picky extends Own {
      override select(request: RequestView): WorkerView | undefined {
        if (request.key === 'bad') throw cause;
        return super.select(request);
      }
    }
    await withBalancer({ workers: 2, policy: new Picky() }, async (balancer) => {
      const good = range(0, 50).map((n) => balancer.submit(echo, [n], { key: 'good' }));
      const bad = balancer.submit(echo, [1], { key: 'bad' });
      const more = range(0, 50).map((n) => balancer.submit(echo, [n]));
      await expect(bad).rejects.toMatchObject({
        code: 'ERR_NO_WORKER',
        message: "policy 'own' failed in select: no such key",
        cause,
      });
      expect(await Promise.all([...good, ...more])).toHaveLength(100);
      expect(balancer.stats()).toMatchObject({
        queued: 0,
        pending: 0,
        failed: 0,
        outcomes: { fulfilled: 100, failed: 0, refused: 1 },
        refusals: { 'no-worker': 1 },
      });
    });
  });

  it('and throws what resists being looked at: it is refused all the same', async () => {
    class Odd extends Own {
      #times = 0;
      override update(): void {
        if (++this.#times === 3) throw Object.create(null);
      }
    }
    await withBalancer({ workers: 2, policy: new Odd() }, async (balancer) => {
      await allReady(balancer);
      const settled = await Promise.allSettled(range(0, 5).map((n) => balancer.submit(echo, [n])));
      expect(settled.at(-1)).toMatchObject({
        reason: { message: "policy 'own' failed in update: [Object: null prototype] {}" },
      });
    });
  });

  it('that submits something more urgent while it selects: nothing is lost, nothing runs twice', async () => {
    const urgent: Promise<number>[] = [];
    let balancerOf: Balancer | undefined;
    class Eager extends Own {
      override select(request: RequestView): WorkerView | undefined {
        const isPlain = request.key === undefined && urgent.length < 20;
        if (isPlain && balancerOf !== undefined) {
          urgent.push(balancerOf.submit(echo, [-1], { priority: 1, key: 'urgent' }));
          if (urgent.length % 5 === 0) throw new Error('not now');
        }
        return super.select(request);
      }
    }
    await withBalancer({ workers: 2, policy: new Eager() }, async (balancer) => {
      balancerOf = balancer;
      const runs = new Int32Array(new SharedArrayBuffer(4 * 50));
      const count = (words: Int32Array, n: number): number => Atomics.add(words, n, 1);
      const results = range(0, 50).map((n) => balancer.submit(count, [runs, n]));
      await Promise.allSettled(results);
      expect(await Promise.all(urgent)).toEqual(urgent.map(() => -1));
      expect(Math.max(...runs)).toBe(1);
      expect(balancer.stats()).toMatchObject({ queued: 0, pending: 0, submitted: 50 + urgent.length });
    });
  });

  it.each([
    ['a stranger', () => ({ id: 1, label: '1', weight: 1, pending: 0, work: 0, available: true })],
    ['a number', () => 1],
    ['an id', () => '1'],
  ])('and selects %s fails the request', async (_, stranger) => {
    class Foreign extends Own {
      override select(): WorkerView | undefined {
        return stranger() as WorkerView;
      }
    }
    await withBalancer({ workers: 1, policy: new Foreign() }, async (balancer) => {
      await expect(balancer.submit(echo, [1])).rejects.toMatchObject({
        code: 'ERR_NO_WORKER',
        message: expect.stringMatching("policy 'own' selected something that is not a worker of the set"),
      });
    });
  });

  it('and selects a worker that has been removed fails the request', async () => {
    class Nostalgic extends Own {
      readonly first: WorkerView[] = [];
      override add(worker: WorkerView): void {
        this.first.push(worker);
      }
      override select(): WorkerView | undefined {
        return this.first[0];
      }
    }
    await withBalancer({ workers: 2, policy: new Nostalgic() }, async (balancer) => {
      await allReady(balancer);
      expect(await balancer.submit(echo, [1])).toBe(1);
      const used = balancer.stats().workers.find(({ completed }) => completed > 0);
      await balancer.remove(used?.id as number);
      await expect(balancer.submit(echo, [1])).rejects.toMatchObject({ code: 'ERR_NO_WORKER' });
    });
  });

  it.each(['add', 'remove', 'update', 'observe'] as const)(
    'and throws in %s fails all further requests, and nothing hangs',
    async (method) => {
      class Broken extends Own {
        isBroken = false;
        override add(worker: WorkerView): void {
          super.add(worker);
          this.#throwIn('add');
        }
        override remove(worker: WorkerView): void {
          super.remove(worker);
          this.#throwIn('remove');
        }
        override update(): void {
          this.#throwIn('update');
        }
        observe(): void {
          this.#throwIn('observe');
        }
        #throwIn(where: string): void {
          if (this.isBroken && where === method) throw new Error(`broken ${where}`);
        }
      }
      const policy = new Broken();
      await withBalancer({ workers: 2, policy }, async (balancer) => {
        await allReady(balancer);
        expect(await balancer.submit(echo, [1])).toBe(1);
        policy.isBroken = true;
        await balancer.submit(echo, [1]).catch(() => {});
        await balancer.add();
        await balancer.remove(1);
        await expect(balancer.submit(echo, [1])).rejects.toMatchObject({
          code: 'ERR_NO_WORKER',
          message: `policy 'own' failed in ${method}: broken ${method}`,
        });
      });
    },
  );
});
