import { Balancer, closeOnSignal } from 'leastwork';
import { describe, expect, it, onTestFinished } from 'vitest';
import { collect } from '../support/collect.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { range } from '../support/range.js';

/** Node's warnings of too many listeners from now on. They come in a later turn. */
function watchWarnings(): () => Promise<string[]> {
  const seen: string[] = [];
  const note = (warning: Error): void => {
    if (warning.name === 'MaxListenersExceededWarning') seen.push(warning.message);
  };
  process.on('warning', note);
  onTestFinished(() => void process.off('warning', note));
  return async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return seen;
  };
}

describe('no warning of too many listeners', () => {
  it('from many maps with one signal', async () => {
    await using balancer = new Balancer({ workers: 1 });
    const warnings = watchWarnings();
    const { signal } = new AbortController();
    const maps = range(0, 30).map(() =>
      collect(balancer.map([1, 2], faults.echo as (n: number) => number, { signal })),
    );
    expect(await Promise.all(maps)).toEqual(maps.map(() => [1, 2]));
    expect(await warnings()).toEqual([]);
  });

  it('from many Balancers, streams and requests with one signal, which ends them all', async () => {
    const warnings = watchWarnings();
    const abort = new AbortController();
    const { signal } = abort;
    const balancers = range(0, 12).map(() => new Balancer({ workers: 1 }));
    const gate = new Gate();
    const requests = balancers.flatMap((balancer) => [
      balancer.submit(faults.blocked, [gate.words], { signal }),
      balancer.stream(function* () {}, [], { signal }).next(),
      balancer.map([gate.words], faults.blocked, { signal }).next(),
    ]);
    const ends = Promise.allSettled(requests);
    abort.abort(new Error('enough'));
    for (const end of await ends)
      expect(end).toMatchObject({ status: 'rejected', reason: { message: 'enough' } });
    gate.open();
    await Promise.all(balancers.map((balancer) => balancer.close()));
    expect(await warnings()).toEqual([]);
  });

  it('from many Balancers that close on a signal', async () => {
    const warnings = watchWarnings();
    const before = process.listenerCount('SIGUSR2');
    const handles = range(0, 30).map(() =>
      closeOnSignal({ close: async () => {} }, { signals: ['SIGUSR2'] }),
    );
    expect(process.listenerCount('SIGUSR2')).toBe(before + 1);
    for (const handle of handles) handle[Symbol.dispose]();
    expect(process.listenerCount('SIGUSR2')).toBe(before);
    expect(await warnings()).toEqual([]);
  });
});
