import { describe, expect, it, vi } from 'vitest';
// Not the package's own entry, which is bundled: its windows could not be watched.
import { Balancer } from '../../dist/src/index.js';
import { Window } from '../../dist/src/protocol/window.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { until } from '../support/until.js';

describe('a signal that aborts all that waits in a window', () => {
  it.each([{ policy: 'least-pending' }, { policy: 'hash' }] as const)(
    'moves nothing that is aborted as well, and tells the callers in order ($policy)',
    async ({ policy }) => {
      const balancer = new Balancer({ workers: 1, window: 512, policy });
      const gate = new Gate();
      const running = balancer.submit(faults.blocked, [gate.words, 1], { key: 'key' });
      await gate.reached();
      const abort = new AbortController();
      const order: number[] = [];
      const all = Array.from({ length: 2_000 }, (_, i) =>
        balancer.submit(faults.echo, [i], { key: 'key', signal: abort.signal }).catch(() => order.push(i)),
      );
      const kept = balancer.submit(faults.echo, ['kept'], { key: 'key' });
      await until(() => balancer.stats().workers[0]!.pending >= 512);
      const copied = vi.spyOn(Window.prototype, 'copyRequest');
      abort.abort(new Error('enough'));
      expect(copied).not.toHaveBeenCalled();
      copied.mockRestore();
      await Promise.all(all);
      expect(order).toEqual(all.map((_, i) => i));
      await until(() => balancer.stats().pending === 2 && balancer.stats().waiting === 0);
      gate.open();
      expect(await Promise.all([running, kept])).toEqual([1, 'kept']);
      await balancer.close();
    },
  );
});
