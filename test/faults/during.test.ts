import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { CRASHES, faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { ready } from '../support/readiness.js';
import { until } from '../support/until.js';

describe.each(CRASHES)('a crash ($how) during', ({ how }) => {
  it('close: what was accepted runs to its end', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const victim = balancer.submit(faults.crash, [how, gate.words]);
      const behind = Array.from({ length: 20 }, (_, i) => balancer.submit(faults.echo, [i]));
      await gate.reached();
      const closed = Promise.all([balancer.close(), balancer.close()]);
      const refused = balancer.submit(faults.echo, [1]);
      gate.open();
      expect(await fates([victim, refused, ...behind])).toEqual([
        'ERR_WORKER_CRASHED',
        'ERR_BALANCER_CLOSED',
        ...behind.map((_, i) => i),
      ]);
      await closed;
    }));

  it('reload: only the victim fails, and every thread is fresh', () =>
    withSmallBalancer({ workers: 2 }, async (balancer) => {
      await ready(balancer, 2);
      const gate = new Gate();
      const victim = balancer.submit(faults.crash, [how, gate.words]);
      const behind = Array.from({ length: 20 }, (_, i) => balancer.submit(faults.echo, [i]));
      await gate.reached();
      const reloaded = balancer.reload();
      gate.open();
      expect(await fates([victim, ...behind])).toEqual(['ERR_WORKER_CRASHED', ...behind.map((_, i) => i)]);
      await reloaded;
      await ready(balancer, 2);
      for (const { id } of balancer.stats().workers) expect(id).toBeGreaterThan(2);
      expect(await balancer.submit(faults.echo, ['next'])).toBe('next');
    }));

  it('resize: only the victim fails, and there are as many as wanted', () =>
    withSmallBalancer({ workers: 3 }, async (balancer) => {
      await ready(balancer, 3);
      const gates = [new Gate(), new Gate(), new Gate()];
      const victims = gates.map((gate) => balancer.submit(faults.crash, [how, gate.words]));
      for (const victim of victims) victim.catch(() => {});
      const behind = Array.from({ length: 30 }, (_, i) => balancer.submit(faults.echo, [i]));
      await Promise.all(gates.map((gate) => gate.reached()));
      const resized = balancer.resize(1);
      for (const gate of gates) gate.open();
      expect(await fates([...victims, ...behind])).toEqual([
        ...victims.map(() => 'ERR_WORKER_CRASHED'),
        ...behind.map((_, i) => i),
      ]);
      await resized;
      await ready(balancer, 1);
      await balancer.resize(2);
      await ready(balancer, 2);
      expect(balancer.stats().workers).toHaveLength(2);
      expect(await balancer.submit(faults.echo, ['next'])).toBe('next');
    }));

  it('reclaim: an idle worker takes what waits behind it', () =>
    withSmallBalancer({ workers: 2, window: 32 }, async (balancer) => {
      await ready(balancer, 2);
      const gates = [new Gate(), new Gate()];
      const victim = balancer.submit(faults.crash, [how, gates[0]!.words]);
      const blocker = balancer.submit(faults.blocked, [gates[1]!.words]);
      const behind = Array.from({ length: 20 }, (_, i) =>
        balancer.submit(faults.echo, [i % 2 === 0 ? i : { i }]),
      );
      await Promise.all(gates.map((gate) => gate.reached()));
      // One becomes idle just when the other dies.
      gates[0]!.open();
      gates[1]!.open();
      expect(await fates([victim, blocker, ...behind])).toEqual([
        'ERR_WORKER_CRASHED',
        undefined,
        ...behind.map((_, i) => (i % 2 === 0 ? i : { i })),
      ]);
      expect(await balancer.submit(faults.echo, ['next'])).toBe('next');
      expect(balancer.stats()).toMatchObject({ submitted: 23, completed: 23, failed: 1, retried: 0 });
    }));

  it('the time in which an aborted task may end by itself', () =>
    withSmallBalancer({ grace: 60_000 }, async (balancer) => {
      const gate = new Gate();
      const abort = new AbortController();
      const victim = balancer.submit(faults.crash, [how, gate.words], { signal: abort.signal });
      const behind = Array.from({ length: 20 }, (_, i) => balancer.submit(faults.echo, [i]));
      await gate.reached();
      abort.abort(new Error('enough'));
      expect(await fates([victim])).toEqual(['Error: enough']);
      gate.open();
      expect(await fates(behind)).toEqual(behind.map((_, i) => i));
      expect(await balancer.submit(faults.echo, ['next'])).toBe('next');
    }));
});

it('a worker that is retired dies while it runs its last request', () =>
  withSmallBalancer({ workers: 2 }, async (balancer) => {
    await ready(balancer, 2);
    const gate = new Gate();
    const victim = balancer.submit(faults.crash, ['exit', gate.words]);
    victim.catch(() => {});
    await gate.reached();
    const { id } = balancer.stats().workers.find(({ pending }) => pending > 0)!;
    const removed = balancer.remove(id);
    await until(() => balancer.stats().workers.some(({ state }) => state === 'draining'));
    gate.open();
    expect(await fates([victim, removed])).toEqual(['ERR_WORKER_CRASHED', true]);
    expect(balancer.stats().workers).toHaveLength(1);
  }));
