import { Balancer, tasks } from 'leastwork';
import { context } from 'leastwork/task';
import { describe, expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';
import { several } from '../support/events.js';
import { Gate, wait } from '../support/gate.js';

const { identity, data } = tasks<typeof import('../fixtures/workers/tasks.mjs')>(
  new URL('../fixtures/workers/tasks.mjs', import.meta.url),
);

/** The slots of the workers that are ready, in order. */
const slots = (balancer: Balancer): number[] =>
  balancer
    .stats()
    .workers.filter(({ state }) => state === 'ready')
    .map(({ slot }) => slot)
    .sort();

describe('context.worker', () => {
  it('says which worker a thread is, while a module loads and while a task runs', () =>
    withBalancer({ workers: 2 }, async (balancer) => {
      await balancer.workersReady();
      const outcomes = await balancer.broadcast(identity);
      const workers = balancer.stats().workers;
      for (const [i, outcome] of outcomes.entries()) {
        const { id, slot } = workers[i]!;
        expect(outcome).toMatchObject({ worker: id, slot, status: 'fulfilled' });
        expect(outcome).toMatchObject({ value: { atLoad: { id, slot }, now: { id, slot } } });
      }
      expect(workers.map(({ slot }) => slot).sort()).toEqual([0, 1]);
    }));

  it('is not there outside of a worker', () => {
    expect(() => context.worker).toThrow(/no thread of a Balancer/);
  });
});

describe('the slot of a worker', () => {
  it('is that of the one whose place it takes', () =>
    withBalancer({ workers: 3 }, async (balancer) => {
      await balancer.workersReady();
      await balancer.reload();
      expect(slots(balancer)).toEqual([0, 1, 2]);
      const back = several(balancer, 'workerStart', 1);
      await expect(balancer.submit(() => process.exit(1))).rejects.toThrow();
      await back;
      expect(slots(balancer)).toEqual([0, 1, 2]);
    }));

  it('is below the largest number of workers, also while others still leave', () =>
    withBalancer({ workers: 4 }, async (balancer) => {
      await balancer.workersReady();
      const gate = new Gate();
      const held = [1, 2, 3, 4].map(() => balancer.submit(wait, [gate.shared]));
      await gate.reached(4);
      const smaller = balancer.resize(1);
      const larger = balancer.resize(4);
      await larger;
      expect(slots(balancer)).toEqual([0, 1, 2, 3]);
      gate.open();
      await Promise.all([smaller, ...held]);
      const added = await balancer.add();
      expect(balancer.stats().workers.find(({ id }) => id === added)?.slot).toBe(4);
    }));

  it('is a free one rather than that of a worker that leaves', () =>
    withBalancer({ workers: 3 }, async (balancer) => {
      await balancer.workersReady();
      const [first] = balancer.stats().workers;
      const gate = new Gate();
      const held = [1, 2, 3].map(() => balancer.submit(wait, [gate.shared]));
      await gate.reached(3);
      // Its slot is free only when it has ended, and there is none below 2 beside it.
      const removed = balancer.remove(first!.id);
      const added = await balancer.add();
      expect(balancer.stats().workers.find(({ id }) => id === added)?.slot).toBe(first!.slot);
      gate.open();
      await Promise.all([removed, ...held]);
    }));
});

const MAJOR = Number.parseInt(process.versions.node, 10);

describe('workerData', () => {
  it('is what threads find under that name, as it was when the Balancer was made', async () => {
    const given = { name: 'db', nested: new Map([['port', 80]]), bytes: new Uint8Array([1, 2]) };
    const expected = structuredClone(given);
    await using balancer = new Balancer({ workers: 1, workerData: given });
    given.name = 'changed';
    expect(await balancer.submit(data)).toEqual(expected);
    await balancer.reload();
    expect(await balancer.submit(data)).toEqual(expected);
  });

  it('is refused at once if it cannot be cloned', () => {
    expect(() => new Balancer({ workers: 1, workerData: { log: () => {} } })).toThrow(
      expect.objectContaining({ code: 'ERR_NOT_CLONEABLE', path: 'workerData.log' }),
    );
    expect(() => new Balancer({ workers: 1, workerData: [new AbortController().signal] })).toThrow(
      expect.objectContaining({ code: 'ERR_NOT_CLONEABLE', path: 'workerData[0]' }),
    );
  });

  it.each([
    ['its own cause', 'workerData', (error: Error) => error],
    ['the cause of its cause', 'workerData.cause', (error: Error) => new Error('inner', { cause: error })],
    ['in what its cause has', 'workerData', (error: Error) => ({ list: [new Map([[1, error]])] })],
  ])('says so where this version of Node cannot send it: an error that is %s', async (_how, path, around) => {
    const error: Error = new Error('outer');
    error.cause = around(error);
    if (MAJOR > 20) {
      await using balancer = new Balancer({ workers: 1, workerData: error });
      expect(await balancer.submit(data)).toMatchObject({ message: 'outer', cause: expect.anything() });
      return;
    }
    const what = 'an error whose cause leads back to it: a circle that this version of Node cannot read';
    expect(() => new Balancer({ workers: 1, workerData: error })).toThrow(
      expect.objectContaining({ code: 'ERR_NOT_CLONEABLE', path, message: expect.stringContaining(what) }),
    );
  });
});
