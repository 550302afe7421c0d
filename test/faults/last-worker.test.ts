import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { ready } from '../support/readiness.js';

// What a worker that leaves gives back when it dies goes to the queue: and there nobody would come for it.
describe('the last worker has been removed, and dies in what it still runs', () => {
  const gone = 'ERR_NO_WORKER';

  it.each([
    ['requests of a session, where all is being closed', {}],
    ['requests of a session, where an empty set fails', { whenEmpty: 'fail' }],
  ] as const)('%s', (_, options) =>
    withSmallBalancer(options, async (balancer) => {
      await ready(balancer, 1);
      const gate = new Gate();
      const session = balancer.session();
      const victim = session.submit(faults.crash, ['exit', gate.words]);
      const behind = [1, 2].map((i) => session.submit(faults.echo, [i]));
      await gate.reached();
      const removed = balancer.remove(1);
      const closed = 'whenEmpty' in options ? undefined : balancer.close();
      gate.open();
      expect(await fates([victim, ...behind])).toEqual(['ERR_WORKER_CRASHED', gone, gone]);
      session.close();
      expect(await removed).toBe(true);
      await closed;
    }),
  );

  it('the running request, which was to run again', () =>
    withSmallBalancer({}, async (balancer) => {
      await ready(balancer, 1);
      const gate = new Gate();
      const victim = balancer.submit(faults.crash, ['exit', gate.words], { retries: 1 });
      await gate.reached();
      const removed = balancer.remove(1);
      const closed = balancer.close();
      gate.open();
      expect(await fates([victim])).toEqual([gone]);
      await Promise.all([removed, closed]);
    }));

  it('where one is added after all, what has come back runs there', () =>
    withSmallBalancer({}, async (balancer) => {
      await ready(balancer, 1);
      const gate = new Gate();
      const session = balancer.session();
      const victim = session.submit(faults.crash, ['exit', gate.words]);
      const behind = session.submit(faults.echo, [1]);
      await gate.reached();
      const removed = balancer.remove(1);
      gate.open();
      expect(await fates([victim])).toEqual(['ERR_WORKER_CRASHED']);
      await removed;
      await balancer.add();
      expect(await behind).toBe(1);
      session.close();
    }));
});
