import { createHook } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { ready } from '../support/readiness.js';

const reason = new Error('no longer wanted');

describe('abort', () => {
  it('before submit: nothing is sent', () =>
    withSmallBalancer({}, async (balancer) => {
      await expect(balancer.submit(faults.echo, [1], { signal: AbortSignal.abort(reason) })).rejects.toBe(
        reason,
      );
      expect(balancer.stats()).toMatchObject({ submitted: 1, completed: 0, outcomes: { aborted: 1 } });
    }));

  it('of queued and of sent requests: gone at once, nothing else is touched', () =>
    withSmallBalancer({ window: 4 }, async (balancer) => {
      const gate = new Gate();
      const abort = new AbortController();
      await ready(balancer, 1);
      const running = balancer.submit(faults.blocked, [gate.words, 'ran']);
      const order: number[] = [];
      const requests = Array.from({ length: 40 }, (_, i) => {
        // Some by slot, some by message.
        const args = [i % 2 === 0 ? i : { i }];
        const aborted = i % 3 === 0;
        const request = balancer.submit(faults.echo, args, aborted ? { signal: abort.signal } : undefined);
        request.then(
          () => order.push(i),
          () => {},
        );
        return request;
      });
      await gate.reached();
      abort.abort(reason);
      const aborted = requests.filter((_, i) => i % 3 === 0);
      for (const request of aborted) await expect(request).rejects.toBe(reason);
      // The rejections did not wait for the one that runs.
      expect(balancer.stats()).toMatchObject({ completed: 0 });
      gate.open();
      expect(await running).toBe('ran');
      expect(await fates(requests.filter((_, i) => i % 3 !== 0))).toHaveLength(26);
      expect(order).toEqual(order.toSorted((a, b) => a - b));
      expect(balancer.stats().workers).toMatchObject([{ id: 1, completed: 27 }]);
    }));

  it.each([
    ['waits for', faults.heeding],
    ['computes and looks at', faults.polling],
  ])('of a running task that %s its signal: it ends by itself, and its thread lives', (_, task) =>
    withSmallBalancer({ grace: 60_000 }, async (balancer) => {
      const gate = new Gate();
      const abort = new AbortController();
      const request = balancer.submit(task, [gate.words], { signal: abort.signal });
      await gate.reached();
      abort.abort(reason);
      await expect(request).rejects.toBe(reason);
      await gate.counted();
      expect(await balancer.submit(faults.echo, [1])).toBe(1);
      expect(balancer.stats().workers).toMatchObject([{ id: 1 }]);
    }),
  );

  it.each(['endless', 'never'])(
    'of a running task that ignores it (%s): its thread is ended, its neighbours run',
    (name) =>
      withSmallBalancer({ grace: 5 }, async (balancer) => {
        const gate = new Gate();
        const abort = new AbortController();
        const ended: unknown[] = [];
        balancer.on('workerEnd', (event) => ended.push(event));
        const before = balancer.submit(faults.echo, ['before']);
        const request = balancer.submit(faults[name]!, [gate.words], { signal: abort.signal });
        const behind = Array.from({ length: 20 }, (_, i) =>
          balancer.submit(faults.echo, [i % 2 === 0 ? i : { i }]),
        );
        await gate.reached();
        abort.abort(reason);
        await expect(request).rejects.toBe(reason);
        expect(await before).toBe('before');
        expect(await fates(behind)).toEqual(behind.map((_, i) => (i % 2 === 0 ? i : { i })));
        expect(ended).toMatchObject([{ id: 1, expected: true }]);
        expect(balancer.stats()).toMatchObject({ retried: 0, workers: [{ id: 2 }] });
      }),
  );

  it('of one that hangs behind completions which nobody has read yet', () =>
    withSmallBalancer({ grace: 5 }, async (balancer) => {
      const gate = new Gate();
      const abort = new AbortController();
      await ready(balancer, 1);
      const before = [balancer.submit(faults.echo, [1]), balancer.submit(faults.echo, [2])];
      const request = balancer.submit(faults.endless, [gate.words], { signal: abort.signal });
      const behind = balancer.submit(faults.echo, [3]);
      await Promise.resolve();
      expect(Atomics.wait(gate.words, 0, 0, 20_000)).not.toBe('timed-out');
      // This thread was busy, so it knows of nothing.
      abort.abort(reason);
      await expect(request).rejects.toBe(reason);
      expect(await fates([...before, behind])).toEqual([1, 2, 3]);
    }));

  it('of a task that ends just when its time to do so is over: nobody else is hit', () =>
    withSmallBalancer({ grace: 1, window: 64 }, async (balancer) => {
      await ready(balancer, 1);
      let aborted = 0;
      for (let round = 0; round < 60; round++) {
        const abort = new AbortController();
        const request = balancer.submit(faults.busy, [1.2], { signal: abort.signal });
        const behind = Array.from({ length: 10 }, (_, i) => balancer.submit(faults.busy, [0.2, i]));
        abort.signal.addEventListener('abort', () => {});
        setImmediate(() => abort.abort(reason));
        const [fate, ...others] = await fates([request, ...behind]);
        // Where this process had to wait for its core, the task may be over before it is aborted.
        expect([String(reason), undefined]).toContain(fate);
        if (fate !== undefined) aborted++;
        expect(others).toEqual(behind.map((_, i) => i));
      }
      expect(aborted).toBeGreaterThan(0);
    }));

  it('while the thread crashes: the reason wins, once', () =>
    withSmallBalancer({ grace: 0 }, async (balancer) => {
      for (let round = 0; round < 10; round++) {
        const gate = new Gate();
        const abort = new AbortController();
        const request = balancer.submit(faults.crash, ['exit', gate.words], {
          signal: abort.signal,
          retries: 2,
        });
        const behind = balancer.submit(faults.echo, [round]);
        await gate.reached();
        gate.open();
        abort.abort(reason);
        await expect(request).rejects.toBe(reason);
        expect(await behind).toBe(round);
      }
    }));

  it('for a reason at which one cannot even look', () =>
    withSmallBalancer({}, async (balancer) => {
      const no = () => {
        throw new Error('do not look');
      };
      const strange = new Proxy({}, { get: no, has: no, getPrototypeOf: no, ownKeys: no });
      const gate = new Gate();
      const abort = new AbortController();
      const options = { signal: abort.signal };
      const requests = [
        balancer.submit(faults.heeding, [gate.words], options),
        balancer.submit(faults.echo, [1], options),
      ];
      const rejected = requests.map((request) =>
        request.then(
          () => false,
          (reason) => reason === strange,
        ),
      );
      await gate.reached();
      abort.abort(strange);
      expect(await Promise.all(rejected)).toEqual([true, true]);
      expect(await balancer.submit(faults.echo, [2])).toBe(2);
    }));

  it('a long grace keeps no more than one timer for each worker', () =>
    withSmallBalancer({ grace: 3_600_000 }, async (balancer) => {
      const graces: { readonly _destroyed?: boolean }[] = [];
      const hook = createHook({
        init: (_id, type, _trigger, resource: { readonly _idleTimeout?: number }) => {
          // Less the time that a thread takes to come up.
          if (type === 'Timeout' && Number(resource._idleTimeout) > 3_000_000)
            graces.push(resource as object);
        },
      }).enable();
      for (let i = 0; i < 5; i++) {
        const gate = new Gate();
        const abort = new AbortController();
        const request = balancer.submit(faults.heeding, [gate.words], { signal: abort.signal });
        await gate.reached();
        abort.abort(reason);
        await expect(request).rejects.toBe(reason);
        await gate.counted();
        expect(await balancer.submit(faults.echo, [i])).toBe(i);
      }
      hook.disable();
      expect(graces).toHaveLength(5);
      // What Node says of one that has been cleared.
      const left = graces.filter(({ _destroyed }) => !_destroyed);
      expect(left).toHaveLength(1);
    }));

  it('a signal that 30,000 requests use has one listener at most, and none in the end', () =>
    withSmallBalancer({ workers: 2, window: 'auto' }, async (balancer) => {
      const { signal } = new AbortController();
      let most = 0;
      const requests: Promise<unknown>[] = [];
      for (let i = 0; i < 30_000; i++) {
        requests.push(balancer.submit(faults.echo, [i], { signal }));
        if (i % 1000 === 0) most = Math.max(most, getEventListeners(signal, 'abort').length);
      }
      for (const [i, request] of requests.entries()) if ((await request) !== i) expect.unreachable();
      expect(most).toBe(1);
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    }));

  it.each(['auto', 16_384] as const)('aborts 30,000 requests at once, a window of %s', (window) =>
    withSmallBalancer({ workers: 1, window }, async (balancer) => {
      const abort = new AbortController();
      const gate = new Gate();
      const running = balancer.submit(faults.blocked, [gate.words, 'ran']);
      const requests = Array.from({ length: 30_000 }, () =>
        balancer.submit(faults.echo, [1], { signal: abort.signal }),
      );
      await gate.reached();
      abort.abort(reason);
      expect(new Set(await fates(requests))).toEqual(new Set([String(reason)]));
      expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0);
      gate.open();
      expect(await running).toBe('ran');
    }),
  );
});
