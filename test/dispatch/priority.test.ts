import { setImmediate as turn } from 'node:timers/promises';
import { Balancer } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { Gate, wait } from '../support/gate.js';
import { until } from '../support/until.js';

/** A shared list to which tasks add their number when they start. */
class Log {
  readonly shared = new SharedArrayBuffer(4 * 64);
  get entries(): number[] {
    const words = new Int32Array(this.shared);
    return [...words.subarray(1, 1 + Atomics.load(words, 0))];
  }
}

/** Notes its number, and runs for 2 ms, longer than a window is meant to last, or as long as is said. */
const note = (shared: SharedArrayBuffer, entry: number, ms = 2) => {
  const words = new Int32Array(shared);
  words[1 + Atomics.add(words, 0, 1)] = entry;
  const end = performance.now() + ms;
  while (performance.now() < end);
};

interface Ahead {
  readonly isKnown: boolean;
  readonly window?: number;
  /** Run time of the requests sent ahead. */
  readonly ms?: number;
  readonly priority?: number;
}

/** A Balancer whose only worker is blocked, with some requests sent ahead of the queue. */
async function blocked({ isKnown, window, ms = 2, priority }: Ahead) {
  const balancer = new Balancer({ workers: 1, window });
  const log = new Log();
  if (isKnown) {
    const open = new Gate();
    open.open();
    // The first run of each takes long.
    for (let i = 0; i < 40; i++) await balancer.submit(wait, [open.shared]);
    for (let i = 0; i < 40; i++) await balancer.submit(note, [new Log().shared, i, ms]);
  }
  const gate = new Gate();
  const first = balancer.submit(wait, [gate.shared]);
  await gate.reached(1);
  const plain = [1, 2, 3, 4, 5].map((i) => balancer.submit(note, [log.shared, i, ms], { priority }));
  await until(() => balancer.stats().waiting < 5);
  const finish = async (all: Promise<unknown>[]) => {
    // The pass of this turn is over then.
    await turn();
    gate.open();
    await Promise.all([first, ...plain, ...all]);
    await balancer.close();
    return log.entries;
  };
  return { balancer, log, gate, finish };
}

describe('a request with a high priority', () => {
  it.each<[string, Ahead]>([
    ['of a task that has never run', { isKnown: false }],
    ['that are known to take long', { isKnown: true }],
    ['that leave room in the window', { isKnown: true, ms: 0.07 }],
    ['that fill a window of fixed depth', { isKnown: true, window: 3 }],
    ['that leave room in a window of fixed depth', { isKnown: true, window: 64 }],
  ])('runs next, also if requests %s have been sent ahead', async (_, ahead) => {
    const { balancer, log, finish } = await blocked(ahead);
    const urgent = balancer.submit(note, [log.shared, 100], { priority: 10 });
    expect(await finish([urgent])).toEqual([100, 1, 2, 3, 4, 5]);
  });

  it('is 0 without the option, and runs before those with less', async () => {
    const { balancer, log, finish } = await blocked({ isKnown: true, ms: 0.07, priority: -1 });
    const usual = balancer.submit(note, [log.shared, 100]);
    expect(await finish([usual])).toEqual([100, 1, 2, 3, 4, 5]);
  });

  it('several run by priority, those of one priority in the order of submission', async () => {
    const { balancer, log, finish } = await blocked({ isKnown: false });
    const urgent = [10, -1, 10, 20].map((priority, i) =>
      balancer.submit(note, [log.shared, 100 + i], { priority }),
    );
    expect(await finish(urgent)).toEqual([103, 100, 102, 1, 2, 3, 4, 5, 101]);
  });

  it('does not overtake a session, whose requests keep their order', async () => {
    const balancer = new Balancer({ workers: 1 });
    const log = new Log();
    using session = balancer.session();
    const gate = new Gate();
    const first = session.submit(wait, [gate.shared]);
    await gate.reached(1);
    const plain = [1, 2].map((i) => session.submit(note, [log.shared, i]));
    await until(() => balancer.stats().waiting === 0);
    const urgent = session.submit(note, [log.shared, 100], { priority: 10 });
    await turn();
    gate.open();
    await Promise.all([first, ...plain, urgent]);
    expect(log.entries).toEqual([1, 2, 100]);
    session.close();
    await balancer.close();
  });

  it.each([
    ['pinned by their key', 'the same key', { isSession: false, urgentKey: 'same' }],
    ['pinned by their key', 'no key', { isSession: false, urgentKey: undefined }],
    ['of a session', 'a key', { isSession: true, urgentKey: 'same' }],
    ['of a session', 'no key', { isSession: true, urgentKey: undefined }],
  ])('overtakes those %s, with %s itself', async (_, __, { isSession, urgentKey }) => {
    const balancer = new Balancer({ workers: 1, policy: isSession ? 'least-pending' : 'hash' });
    const log = new Log();
    const gate = new Gate();
    using session = balancer.session();
    const submitter = isSession ? session : balancer;
    const key = 'same';
    const first = submitter.submit(wait, [gate.shared], { key });
    await gate.reached(1);
    const plain = Array.from({ length: 20 }, (_, i) => submitter.submit(note, [log.shared, i], { key }));
    await until(() => balancer.stats().waiting < 20);
    const urgent = balancer.submit(note, [log.shared, 100], { priority: 10, key: urgentKey });
    await turn();
    gate.open();
    await Promise.all([first, ...plain, urgent]);
    session.close();
    await balancer.close();
    expect(log.entries).toEqual([100, ...plain.map((_, i) => i)]);
  });

  it('overtakes one that has been sent ahead alone, of a task that has never run', async () => {
    const balancer = new Balancer({ workers: 1 });
    const log = new Log();
    const gate = new Gate();
    const first = balancer.submit(wait, [gate.shared]);
    await gate.reached(1);
    const plain = balancer.submit(note, [log.shared, 1]);
    await until(() => balancer.stats().waiting === 0);
    const urgent = balancer.submit(note, [log.shared, 100], { priority: 10 });
    await turn();
    gate.open();
    await Promise.all([first, plain, urgent]);
    await balancer.close();
    expect(log.entries).toEqual([100, 1]);
  });

  it('a session of mixed priorities keeps its order where one from outside overtakes it', async () => {
    const balancer = new Balancer({ workers: 1 });
    const log = new Log();
    using session = balancer.session();
    const gate = new Gate();
    const first = session.submit(wait, [gate.shared]);
    await gate.reached(1);
    const own = Array.from({ length: 12 }, (_, i) =>
      session.submit(note, [log.shared, i], { priority: [0, 10, 20][i % 3] as number }),
    );
    await until(() => balancer.stats().waiting < 12);
    const urgent = balancer.submit(note, [log.shared, 100], { priority: 5 });
    await turn();
    gate.open();
    await Promise.all([first, ...own, urgent]);
    expect(log.entries).toEqual([100, ...own.map((_, i) => i)]);
    session.close();
    await balancer.close();
  });
});
