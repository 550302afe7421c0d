import type { PolicyOption } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { policyNames } from '../../dist/src/policies/index.js';
import { withBalancer } from '../support/balancer.js';
import { several } from '../support/events.js';
import { Gate, wait } from '../support/gate.js';
import { range } from '../support/range.js';
import { allReady } from '../support/readiness.js';
import { until } from '../support/until.js';

const thread = (): number => require('node:worker_threads').threadId as number;

describe.each(policyNames)('%s', (policy) => {
  it.each([1, 'auto'] as const)('runs 2,000 requests on 3 workers, window %s', (window) =>
    withBalancer({ workers: 3, policy, window }, async (balancer) => {
      await allReady(balancer);
      const results = range(0, 2000).map((n) =>
        balancer.submit((value: number) => value * 2, [n], { key: `key ${n % 50}` }),
      );
      expect(await Promise.all(results)).toEqual(range(0, 2000).map((n) => n * 2));
      const { workers, ...stats } = balancer.stats();
      expect(stats).toMatchObject({ submitted: 2000, completed: 2000, failed: 0, queued: 0, pending: 0 });
      expect(workers.reduce((sum, { completed }) => sum + completed, 0)).toBe(2000);
    }),
  );

  it('leaves nobody idle while requests wait', () =>
    withBalancer({ workers: 3, policy, window: 8 }, async (balancer) => {
      await allReady(balancer);
      const gate = new Gate();
      const results = range(0, 3).map((n) => balancer.submit(wait, [gate.shared, n]));
      // Each blocks its thread: so three at the gate are three threads.
      await gate.reached(3);
      gate.open();
      expect(await Promise.all(results)).toEqual([0, 1, 2]);
    }));

  it('goes on over a crash and a new worker', () =>
    withBalancer({ workers: 2, policy }, async (balancer) => {
      await allReady(balancer);
      const restarted = several(balancer, 'workerStart', 2);
      const crash = balancer.submit(() => process.exit(1), [], { key: 'a' }).catch(() => 'crashed');
      const results = range(0, 200).map((n) => balancer.submit((v: number) => v, [n], { key: `key ${n}` }));
      await balancer.add();
      expect(await crash).toBe('crashed');
      expect(await Promise.all(results)).toEqual(range(0, 200));
      await restarted;
      expect(await balancer.submit(() => 'well')).toBe('well');
    }));
});

describe.each(['hash', 'rendezvous'] as const)('%s pins', (policy) => {
  it('all requests of a key to one worker, although others idle', () =>
    withBalancer({ workers: 4, policy, window: 2 }, async (balancer) => {
      await allReady(balancer);
      const gate = new Gate();
      const blocker = balancer.submit(wait, [gate.shared], { key: 'one' });
      const results = range(0, 50).map(() => balancer.submit(thread, [], { key: 'one' }));
      await gate.reached(1);
      // The other workers have had their turn, and have run dry.
      await Promise.all(
        range(0, 100).map((n) => balancer.submit(thread, [], { key: n % 2 ? undefined : 'two' })),
      );
      expect(balancer.stats().pending).toBeGreaterThanOrEqual(51);
      gate.open();
      await blocker;
      expect(new Set(await Promise.all(results)).size).toBe(1);
    }));

  it('keys to a place: those of a worker that crashed come back to the one in its place, and no other moves', () =>
    withBalancer({ workers: 4, policy }, async (balancer) => {
      await allReady(balancer);
      const places = async (): Promise<Map<string, string>> => {
        const labels = new Map<number, string>();
        const found = new Map<string, string>();
        for (const key of range(0, 40).map((n) => `key ${n}`)) {
          const before = new Map(balancer.stats().workers.map(({ id, completed }) => [id, completed]));
          await balancer.submit(() => 0, [], { key });
          for (const { id, label, completed } of balancer.stats().workers) {
            labels.set(id, label);
            if (completed !== before.get(id)) found.set(key, label);
          }
        }
        return found;
      };
      const before = await places();
      expect(new Set(before.values()).size).toBe(4);
      const restarted = several(balancer, 'workerStart', 1);
      await balancer.submit(() => process.exit(1), [], { key: 'key 0' }).catch(() => {});
      await restarted;
      expect(await places()).toEqual(before);
      await balancer.reload();
      await until(() => balancer.stats().workers.length === 4);
      expect(await places()).toEqual(before);
    }));

  it('keys elsewhere as long as their worker is away', () =>
    withBalancer({ workers: 2, policy, window: 2 }, async (balancer) => {
      await allReady(balancer);
      const gate = new Gate();
      const blocker = balancer.submit(wait, [gate.shared], { key: 'one' });
      const results = range(0, 20).map((n) => balancer.submit((v: number) => v, [n], { key: 'one' }));
      await gate.reached(1);
      const busy = balancer.stats().workers.find(({ pending }) => pending > 0);
      const removing = balancer.remove(busy?.id as number);
      expect(await Promise.all(results)).toEqual(range(0, 20));
      gate.open();
      await blocker;
      expect(await removing).toBe(true);
    }));
});

describe('a JSON config', () => {
  it.each<[string, PolicyOption]>([
    ['with fields', [{ 'least-request': { choiceCount: 3 } }]],
    ['whose first known name wins', [{ of_tomorrow: { x: 1 } }, { round_robin: {} }, { random: {} }]],
    ['as text from a file', JSON.parse('[{"peak-ewma": {"decayTime": "5s"}}]') as PolicyOption],
  ])('%s', (_, policy) =>
    withBalancer({ workers: 2, policy }, async (balancer) => {
      const results = range(0, 100).map((n) => balancer.submit((v: number) => v, [n]));
      expect(await Promise.all(results)).toEqual(range(0, 100));
    }),
  );

  it('that is wrong is rejected at once, and no thread is started', async () => {
    const { Balancer } = await import('leastwork');
    const wrong: unknown[] = [
      'no-such',
      [],
      [{ 'least-request': { choices: 3 } }],
      {},
      [{ a: {}, b: {} }],
      1,
    ];
    for (const policy of wrong) {
      expect(() => new Balancer({ policy: policy as PolicyOption })).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
      );
    }
  });
});
