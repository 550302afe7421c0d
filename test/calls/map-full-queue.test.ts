import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';

describe('a map whose queue gets full while it waits for its source', () => {
  /** The source gives an item, and is asked for the next one, while others fill the queue. */
  const whileFull = (
    source: () => AsyncGenerator<number>,
    test: (loop: AsyncIterator<number>) => Promise<void>,
  ) =>
    withSmallBalancer({ window: 1, maxQueue: 2 }, async (balancer) => {
      const gate = new Gate();
      const blocked = balancer.submit(faults.blocked, [gate.words]);
      await gate.reached();
      const loop = balancer.map(source(), (item: number) => item, { batch: 4 });
      const first = loop.next();
      const others = [balancer.submit(faults.echo, [0]), balancer.submit(faults.echo, [0])];
      // A turn, in which the item comes.
      await new Promise(setImmediate);
      await new Promise(setImmediate);
      gate.open();
      await Promise.all([blocked, ...others]);
      expect(await first).toEqual({ done: false, value: 1 });
      await test(loop);
    });

  it('gives its items, and then the error of the source', () =>
    whileFull(
      async function* () {
        yield 1;
        throw new Error('on purpose');
      },
      async (loop) => {
        await expect(loop.next()).rejects.toThrow('on purpose');
      },
    ));

  it('gives its items, though the source takes its time', () => {
    let goOn = (): void => {};
    const next = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    return whileFull(
      async function* () {
        yield 1;
        await next;
        yield 2;
      },
      async (loop) => {
        goOn();
        expect(await loop.next()).toEqual({ done: false, value: 2 });
        expect(await loop.next()).toEqual({ done: true, value: undefined });
      },
    );
  });
});
