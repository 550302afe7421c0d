import { describe, expect, it } from 'vitest';
import { ActiveSet, type Usage } from '../../dist/src/dispatch/active-set.js';
import { LeastPending } from '../../dist/src/policies/least-pending.js';
import type { Policy } from '../../dist/src/policies/policy.js';
import { RoundRobin } from '../../dist/src/policies/round-robin.js';
import type { Request } from '../../dist/src/requests/request.js';
import type { Worker } from '../../dist/src/worker/worker.js';

/** What an `ActiveSet` looks at of a worker, and sets. */
class FakeWorker {
  readonly view;
  readonly status = {
    state: 'ready',
    isPaused: false,
    isUnresponsive: false,
    allowance: Number.POSITIVE_INFINITY,
    isParked: false,
    park: (isParked: boolean): void => {
      this.status.isParked = isParked;
      this.view.available = !isParked;
    },
  };

  readonly completions = { lastProgress: 0, areThere: false };

  constructor(id: number, weight = 1) {
    this.view = { id, label: String(id), weight, pending: 0, work: 0, available: true };
  }
}

const tiny = { task: { mean: 0.0001 }, extras: undefined } as unknown as Request;
const short = { task: { mean: 0.001 }, extras: undefined } as unknown as Request;
const long = { task: { mean: 2 }, extras: undefined } as unknown as Request;
const unknown = { task: { mean: Number.NaN }, extras: undefined } as unknown as Request;
const ofSession = { task: { mean: 0.001 }, extras: { session: {} } } as unknown as Request;

function setOf(workers: FakeWorker[], policy: Policy = new LeastPending(), usage?: Usage): ActiveSet {
  for (const { view } of workers) policy.add(view);
  return new ActiveSet(policy, workers as unknown as Worker[], 2, usage);
}
const eight = (): FakeWorker[] => [...Array(8).keys()].map((id) => new FakeWorker(id));
const active = (workers: FakeWorker[]): number[] =>
  workers.filter(({ view }) => view.available).map(({ view }) => view.id);

it('with as many workers as cores, tasks that take no time go to one', () => {
  const two = [new FakeWorker(0), new FakeWorker(1)];
  const set = setOf(two);
  set.begin(short);
  expect(set.isOn).toBe(false);
  expect(active(two)).toEqual([0, 1]);
  set.begin(tiny);
  expect(active(two)).toEqual([0]);
  set.meet(short);
  expect(active(two)).toEqual([0, 1]);
  expect(set.isOn).toBe(false);
});

it('more of them are used where tasks that took no time block now, and all stay in use', () => {
  const workers = [...Array(3).keys()].map((id) => new FakeWorker(id));
  let now = 100;
  const set = setOf(workers, new LeastPending(), { now: () => now, cpu: () => 0.3 * now });
  for (const expected of [1, 1, 2, 3, 3, 3]) {
    set.begin(tiny);
    expect(active(workers)).toHaveLength(expected);
    set.finish(true);
    now += 5;
  }
});

describe('with more workers than cores', () => {
  it('short tasks go to as many workers as there are cores, always the same ones', () => {
    const workers = eight();
    const set = setOf(workers);
    for (let pass = 0; pass < 3; pass++) {
      set.begin(short);
      set.finish(false);
      expect(active(workers)).toEqual([0, 1]);
    }
  });

  it.each([
    ['a long task', long],
    ['one that has never run', unknown],
    ['one of a session, which may be of any worker', ofSession],
  ])('%s is offered to all, and so are those that follow for a while', (_, request) => {
    const workers = eight();
    const set = setOf(workers);
    set.begin(short);
    set.meet(short);
    expect(active(workers)).toHaveLength(2);
    set.meet(request);
    expect(active(workers)).toHaveLength(8);
    set.begin(short);
    expect(active(workers)).toHaveLength(8);
    for (let pass = 0; pass < 100; pass++) set.begin(short);
    expect(active(workers)).toHaveLength(2);
  });

  it.each<[string, (worker: FakeWorker) => void]>([
    ['is paused behind a long run', ({ status }) => (status.isPaused = true)],
    ['is unresponsive', ({ status }) => (status.isUnresponsive = true)],
    ['has reached its limit of requests', ({ status }) => (status.allowance = 0)],
    ['has completed nothing for 4 ms', ({ view }) => (view.pending = 1)],
  ])('another worker takes the place of one that %s', (_, holdUp) => {
    const workers = eight();
    const set = setOf(workers, new LeastPending(), { now: () => 4, cpu: () => 0 });
    set.begin(short);
    holdUp(workers[0]!);
    set.begin(short);
    expect(active(workers)).toContain(2);
  });

  it('is on until it ends, so that somebody looks for workers that are held up', () => {
    const set = setOf(eight());
    expect(set.isOn).toBe(false);
    set.begin(short);
    set.finish(false);
    expect(set.isOn).toBe(true);
    set.meet(long);
    expect(set.isOn).toBe(false);
  });

  it('tasks that the main thread cannot hand out faster than one worker runs them go to one', () => {
    const workers = eight();
    const set = setOf(workers);
    set.begin(tiny);
    set.meet(tiny);
    expect(active(workers)).toEqual([0]);
    // A longer one among them.
    set.meet(short);
    expect(active(workers)).toEqual([0, 1]);
    set.meet(tiny);
    expect(active(workers)).toEqual([0, 1]);
    set.begin(tiny);
    expect(active(workers)).toEqual([0]);
    set.meet(long);
    expect(active(workers)).toHaveLength(8);
  });

  it.each([
    ['more are used where the tasks block and leave cores unused', 0.5, 4],
    ['no more are used while the cores are in use', 0.9, 2],
  ])('%s', (_, share, expected) => {
    const workers = eight();
    let now = 100;
    const set = setOf(workers, new LeastPending(), { now: () => now, cpu: () => share * 2 * now });
    for (now = 100; now < 110; now += 5) {
      set.begin(short);
      set.finish(true);
    }
    set.begin(short);
    expect(active(workers)).toHaveLength(expected);
    set.finish(false);
    set.begin(short);
    expect(active(workers)).toHaveLength(2);
  });

  it('none is left out if weights say who gets how much, or the policy does not go by load', () => {
    const weighted = [...eight(), new FakeWorker(8, 3)];
    setOf(weighted).begin(short);
    expect(active(weighted)).toHaveLength(9);
    const inTurn = eight();
    setOf(inTurn, new RoundRobin()).begin(short);
    expect(active(inTurn)).toHaveLength(8);
  });

  it('all are used again when workers have left', () => {
    const workers = eight();
    const set = setOf(workers);
    set.begin(short);
    workers.splice(0, 6);
    set.begin(short);
    expect(active(workers)).toEqual([6, 7]);
  });
});
