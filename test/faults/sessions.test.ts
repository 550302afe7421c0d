import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';

describe('sessions', () => {
  it('move when their worker dies; what was submitted runs in order', () =>
    withSmallBalancer({ workers: 2, window: 4 }, async (balancer) => {
      const session = balancer.session();
      const moves: unknown[] = [];
      session.on('moved', (event) => moves.push(event));
      const gate = new Gate();
      const order: number[] = [];
      const victim = session.submit(faults.crash, ['exit', gate.words]);
      const behind = Array.from({ length: 20 }, (_, i) =>
        session.submit(faults.echo, [i]).then((value) => order.push(value)),
      );
      await gate.reached();
      const from = session.workerId;
      gate.open();
      expect(await fates([victim])).toEqual(['ERR_WORKER_CRASHED']);
      await Promise.all(behind);
      expect(order).toEqual(order.map((_, i) => i));
      expect(moves).toEqual([{ from, to: session.workerId }]);
    }));

  it('move when their worker dies while its successor is starting', () =>
    withSmallBalancer({}, async (balancer) => {
      const session = balancer.session();
      const gate = new Gate();
      const victim = session.submit(faults.crash, ['exit', gate.words]);
      victim.catch(() => {});
      await gate.reached();
      const reloaded = balancer.reload();
      gate.open();
      expect(await fates([victim])).toEqual(['ERR_WORKER_CRASHED']);
      await reloaded;
      expect(await fates([session.submit(faults.echo, [1]), session.submit(faults.echo, [2])])).toEqual([
        1, 2,
      ]);
    }));

  it('move when their worker has to be ended', () =>
    withSmallBalancer({ grace: 0, window: 2 }, async (balancer) => {
      const session = balancer.session();
      const requests = [
        session.submit(faults.endless, [], { timeout: 20 }),
        ...[1, 2, 3, 4].map((i) => session.submit(faults.echo, [i])),
      ];
      expect(await fates(requests)).toEqual(['ERR_TASK_TIMEOUT', 1, 2, 3, 4]);
    }));

  it('send the next request when the one before it is aborted in the window of a thread that is busy otherwise', () =>
    withSmallBalancer({ window: 1 }, async (balancer) => {
      const gate = new Gate();
      const abort = new AbortController();
      const session = balancer.session();
      await session.submit(faults.blockLater, [gate.words]);
      await gate.reached();
      const sent = session.submit(faults.echo, [1], { signal: abort.signal });
      const waiting = [session.submit(faults.echo, [2]), session.submit(faults.echo, [3])];
      await new Promise((resolve) => setImmediate(resolve));
      abort.abort(new Error('enough'));
      expect(await fates([sent])).toEqual(['Error: enough']);
      gate.open();
      expect(await fates(waiting)).toEqual([2, 3]);
    }));

  it('on a worker that leaves are finished there', () =>
    withSmallBalancer({ workers: 2, window: 1 }, async (balancer) => {
      const gate = new Gate();
      const session = balancer.session();
      const running = session.submit(faults.blocked, [gate.words]);
      const waiting = [1, 2, 3].map((i) => session.submit(faults.echo, [i]));
      await gate.reached();
      const id = session.workerId as number;
      const removed = balancer.remove(id);
      gate.open();
      expect(await fates([running, ...waiting])).toEqual([undefined, 1, 2, 3]);
      expect(session.workerId).toBe(id);
      session.close();
      expect(await removed).toBe(true);
    }));
});
