import { Balancer } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { Suspects, type SuspectsSetup } from '../../dist/src/dispatch/suspects.js';
import type { Request } from '../../dist/src/requests/request.js';
import { fates } from '../support/fates.js';

/** Suspects with a clock that is set by hand, where others have just been served. */
function suspects(given: Partial<SuspectsSetup> = {}) {
  const outcomes = { fulfilled: 1 };
  const state = { now: 0, isShort: false, head: undefined as Request | undefined };
  const all = new Suspects({
    queue: { peek: () => state.head },
    isShort: () => state.isShort,
    offerAgain: () => {},
    now: () => state.now,
    ...given,
  });
  const request = (extras: object = {}) =>
    ({ task: { ledger: { outcomes } }, extras, isSettled: false }) as unknown as Request & {
      isSettled: boolean;
    };
  return { all, state, outcomes, request };
}

describe('suspects', () => {
  it('are let go one at a time', () => {
    const { all, request } = suspects();
    const [first, second] = [request(), request()];
    expect(all.holds(first)).toBe(false);
    expect(all.holds(second)).toBe(true);
    expect(all.holds(first)).toBe(false);
    Object.assign(first, { isSettled: true });
    expect(all.holds(second)).toBe(false);
  });

  it('are let go one at a time, also while the thread of one that has timed out still lives', () => {
    const { all, request } = suspects();
    let runs = true;
    const [first, second] = [request({ worker: { isRunning: () => runs } }), request()];
    expect(all.holds(first)).toBe(false);
    Object.assign(first, { isSettled: true });
    expect(all.holds(second)).toBe(true);
    runs = false;
    expect(all.holds(second)).toBe(false);
  });

  it('wait while a worker is being started, and behind what is queued', () => {
    const { all, state, request } = suspects();
    const one = request();
    state.isShort = true;
    expect(all.holds(one)).toBe(true);
    state.isShort = false;
    state.head = one;
    expect(all.holds(one)).toBe(true);
    state.head = undefined;
    expect(all.holds(one)).toBe(false);
  });

  it('do not wait for longer than a second', () => {
    const { all, state, outcomes, request } = suspects();
    state.isShort = true;
    const one = request();
    for (state.now = 0; state.now < 1_000; state.now += 100) {
      outcomes.fulfilled++;
      expect(all.holds(one)).toBe(true);
    }
    expect(all.holds(one)).toBe(false);
    expect(all.holds(request())).toBe(true);
  });

  it('do not wait where nobody else is served', () => {
    const { all, state, request } = suspects();
    state.isShort = true;
    expect(all.holds(request())).toBe(true);
    state.now = 1_001;
    expect(all.holds(request())).toBe(false);
  });

  it('let what is behind them go first, also where nobody has been served yet', () => {
    const { all, state, request } = suspects();
    state.now = 1_001;
    expect(all.holds(request())).toBe(false);
    state.now = 2_002;
    const [one, behind] = [request(), request()];
    state.head = one;
    expect(all.holds(one)).toBe(true);
    state.head = behind;
    expect(all.holds(one)).toBe(false);
  });

  it('of sessions do not wait', () => {
    const { all, state, request } = suspects();
    state.isShort = true;
    expect(all.holds(request({ session: {} }))).toBe(false);
  });
});

describe('a client that crashes', () => {
  it('leaves a worker to the others while one is being replaced', async () => {
    await using balancer = new Balancer({ workers: 2 });
    await balancer.workersReady();
    const crash = () => balancer.submit(() => process.exit(1));
    for (let i = 0; i < 2; i++) {
      await expect(crash()).rejects.toMatchObject({ code: 'ERR_WORKER_CRASHED' });
      expect(await balancer.submit((n) => n + 1, [i])).toBe(i + 1);
      if (i === 0) await balancer.workersReady();
    }
    const coming = balancer.stats().workers.find(({ state }) => state === 'starting')?.id;
    const isComing = () =>
      balancer.stats().workers.some(({ id, state }) => id === coming && state === 'starting');
    let isOver = false;
    const third = crash().catch(() => {
      isOver = true;
    });
    // The one that is left serves the others meanwhile.
    expect(await balancer.submit((n) => n, [7])).toBe(7);
    if (isComing()) expect(isOver).toBe(false);
    await third;
    await balancer.workersReady();
  });

  it('does not hold up the first request of another one', async () => {
    await using balancer = new Balancer({ workers: 2 });
    await balancer.workersReady();
    let crashed = 0;
    const crashes = Array.from({ length: 20 }, () =>
      balancer.submit(() => process.exit(1)).catch(() => crashed++),
    );
    expect(await balancer.submit((n) => n + 1, [1])).toBe(2);
    expect(crashed).toBeLessThan(10);
    await Promise.all(crashes);
  });

  it('alone has all workers', async () => {
    await using balancer = new Balancer({ workers: 2 });
    const crashes = Array.from({ length: 6 }, () => balancer.submit(() => process.exit(1)));
    expect(await fates(crashes)).toEqual(Array(6).fill('ERR_WORKER_CRASHED'));
  });
});

describe('a client whose requests go on beyond their timeout', () => {
  it('does not hold up the first request of another one', async () => {
    await using balancer = new Balancer({ workers: 2, grace: 1 });
    await balancer.workersReady();
    let timedOut = 0;
    const late = Array.from({ length: 20 }, () => {
      const run = () => {
        for (;;);
      };
      return balancer.submit(run, [], { timeout: 5 }).catch(() => timedOut++);
    });
    expect(await balancer.submit((n) => n + 1, [1])).toBe(2);
    expect(timedOut).toBeLessThan(10);
    await Promise.all(late);
  });
});
