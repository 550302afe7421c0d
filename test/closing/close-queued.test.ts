import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { loadingAt } from '../support/loading.js';
import { range } from '../support/range.js';
import { ready } from '../support/readiness.js';
import { until } from '../support/until.js';

const CLOSED = 'ERR_BALANCER_CLOSED';

/** Waits at the gate; gives back what is none. */
function blockFirst(item: Int32Array | number): unknown {
  if (typeof item === 'number') return item;
  Atomics.add(item, 0, 1);
  Atomics.notify(item, 0);
  Atomics.wait(item, 1, 0);
  return 'first';
}

describe("close({ queued: 'reject' })", () => {
  it('finishes what runs and rejects the rest at once, in the queue, in windows and in backlogs', () =>
    withSmallBalancer({ workers: 2, window: 4 }, async (balancer) => {
      await ready(balancer, 2);
      const gate = new Gate();
      const session = balancer.session();
      const bytes = new Uint8Array(10);
      const running = [
        session.submit(faults.blocked, [gate.words, 'a']),
        balancer.submit(faults.blocked, [gate.words, 'b']),
      ];
      await gate.reached(2);
      const rest = [
        ...range(0, 10).map((i) => session.submit(faults.echo, [i])),
        session.submit(faults.describeBytes, [bytes], { transfer: [bytes.buffer] }),
        ...range(0, 10).map((i) => balancer.submit(faults.echo, [i])),
      ];
      // Those of the session are in its worker's window and backlog by now.
      await Promise.resolve();
      const closed = balancer.close({ queued: 'reject' });
      expect(await fates(rest)).toEqual(rest.map(() => CLOSED));
      expect(balancer.stats()).toMatchObject({ queued: 0, pending: 2 });
      gate.open();
      expect(await fates(running)).toEqual(['a', 'b']);
      await closed;
    }));

  it('before any thread is up: nothing runs', () =>
    withSmallBalancer({ workers: 2 }, async (balancer) => {
      const gate = new Gate();
      const requests = range(0, 20).map(() => balancer.submit(faults.count, [gate.words]));
      const closed = balancer.close({ queued: 'reject' });
      expect(await fates(requests)).toEqual(requests.map(() => CLOSED));
      await closed;
      expect(gate.count).toBe(0);
    }));

  it('also when a close is under way that would have finished all', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const running = balancer.submit(faults.blocked, [gate.words, 'ran']);
      const waiting = balancer.submit(faults.echo, [1]);
      await gate.reached();
      const closed = balancer.close();
      const closedAgain = balancer.close({ queued: 'reject' });
      expect(await fates([waiting])).toEqual([CLOSED]);
      gate.open();
      expect(await running).toBe('ran');
      await Promise.all([closed, closedAgain]);
    }));

  it('with a timeout: what still runs then is rejected', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const requests = [balancer.submit(faults.endless, [gate.words]), balancer.submit(faults.echo, [1])];
      await gate.reached();
      const ends = fates(requests);
      await balancer.close({ queued: 'reject', timeout: 20 });
      expect(await ends).toEqual([CLOSED, CLOSED]);
    }));

  it.each([true, false])('a map (ordered: %s) gives the results of what ran, and then says so', (ordered) =>
    withSmallBalancer({ window: 4 }, async (balancer) => {
      const gate = new Gate();
      const seen: unknown[] = [];
      const loop = (async () => {
        for await (const value of balancer.map([gate.words, 1, 2, 3, 4, 5], blockFirst, { ordered })) {
          seen.push(value);
        }
      })();
      const end = fates([loop]);
      await gate.reached();
      const closed = balancer.close({ queued: 'reject' });
      await until(() => balancer.stats().queued === 0);
      gate.open();
      expect(await end).toEqual([CLOSED]);
      expect(seen).toEqual(['first']);
      await closed;
    }),
  );

  it('a stream that runs goes on to its end; one that has not begun is refused', () =>
    withSmallBalancer({}, async (balancer) => {
      const values = balancer.stream(function* () {
        for (let i = 0; i < 100; i++) yield i;
      });
      expect((await values.next()).value).toBe(0);
      const late = balancer.stream(function* () {
        yield 1;
      });
      const waiting = late.next();
      const end = fates([waiting]);
      const closed = balancer.close({ queued: 'reject' });
      expect(await end).toEqual([CLOSED]);
      const rest: number[] = [];
      for await (const value of values) rest.push(value);
      expect(rest).toEqual(range(1, 100));
      await closed;
    }));

  it.each(['blocking', 'awaiting'] as const)(
    'a request whose module is still loading (%s) has not started',
    (how) =>
      withSmallBalancer({ grace: 0 }, async (balancer) => {
        const gate = new Gate();
        const [loading] = await loadingAt(gate, balancer, how);
        await balancer.close({ queued: 'reject' });
        expect(await fates([loading])).toEqual([CLOSED]);
        expect(gate.count).toBe(0);
      }),
  );

  it('a run that is started anew by its retries is still the same request', () =>
    withSmallBalancer({ retries: 1 }, async (balancer) => {
      const counted = new Gate();
      const running = balancer.submit(faults.crashTimes, [1, 'exit', counted.words]);
      await counted.counted();
      await balancer.close({ queued: 'reject' });
      expect(await running).toBe('at last');
    }));
});
