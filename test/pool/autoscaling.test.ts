import { beforeEach, describe, expect, it } from 'vitest';
import type { Dispatcher } from '../../dist/src/dispatch/dispatcher.js';
import { Autoscaling } from '../../dist/src/pool/autoscaling.js';
import type { Pool } from '../../dist/src/pool/pool.js';

interface FakeWorker {
  state: string;
  view: { pending: number };
  backlog: unknown[];
  sessions: number;
  unstarted: number;
  oldestUnstarted: { id: number; extras?: object } | undefined;
  runningRequest: { key?: string } | undefined;
  completions: { lastProgress: number };
}

/** A set as `Autoscaling` sees it, whose numbers the test sets. */
class World {
  range = { min: 1, max: 4 };
  target = 1;
  starting = 0;
  busy = true;
  newest = 0;
  marked = new Set<object>();
  workers: FakeWorker[] = [];
  waiting: { id: number }[] = [];
  readonly autoscaling: Autoscaling;

  constructor(growAfter = 50, idleTimeout = 1000) {
    const world = this;
    const pool = {
      get range() {
        return world.range;
      },
      get target() {
        return world.target;
      },
      get starting() {
        return world.starting;
      },
      resizing: {
        async scale(size: number) {
          world.target = size;
        },
      },
    };
    const dispatcher = {
      get busy() {
        return world.busy;
      },
      get workers() {
        return world.workers;
      },
      get queue() {
        return {
          size: world.waiting.length,
          get hasMarked() {
            return world.waiting.some((request) => world.marked.has(request));
          },
          mark() {
            world.marked = new Set(world.waiting);
          },
        };
      },
    };
    this.autoscaling = new Autoscaling(
      pool as unknown as Pool,
      dispatcher as unknown as Dispatcher,
      { growAfter, idleTimeout },
      () => world.newest,
    );
  }

  setWorkers(count: number, values: Partial<FakeWorker> = {}): void {
    this.workers = Array.from({ length: count }, () => ({
      state: 'ready',
      view: { pending: 1 },
      backlog: [],
      sessions: 0,
      unstarted: 0,
      oldestUnstarted: undefined,
      runningRequest: {},
      completions: { lastProgress: 0 },
      ...values,
    }));
  }

  submit(): void {
    this.waiting.push({ id: ++this.newest });
  }

  start(): void {
    this.waiting.shift();
  }

  /** From 0 ms to `end`: a look every 10 ms, after which a request comes and another one starts. */
  flow(end: number): void {
    for (let now = 0; now < end; now += 10) {
      this.autoscaling.look(now);
      this.submit();
      this.start();
    }
  }
}

let world: World;
beforeEach(() => {
  world = new World();
  world.setWorkers(1);
});

describe('waiting', () => {
  it('is noticed when one request has waited for growAfter, to within a look', () => {
    world.submit();
    world.autoscaling.look(0);
    expect(world.target).toBe(1);
    world.autoscaling.look(49);
    expect(world.target).toBe(1);
    world.autoscaling.look(50);
    expect(world.target).toBe(2);
  });

  it('is noticed in a queue that moves, too, when each waits for long', () => {
    for (let i = 0; i < 10; i++) world.submit();
    world.flow(100);
    expect(world.target).toBeGreaterThan(1);
  });

  it('counts anew when the workers of the last step are there', () => {
    world.submit();
    world.autoscaling.look(0);
    world.autoscaling.look(50);
    expect(world.target).toBe(2);
    world.starting = 1;
    world.autoscaling.look(100);
    world.starting = 0;
    world.submit();
    world.autoscaling.look(149);
    expect(world.target).toBe(2);
    world.autoscaling.look(150);
    expect(world.target).toBe(4);
  });

  it('is not a queue that is never empty, when none of it waits for long', () => {
    for (let i = 0; i < 4; i++) world.submit();
    world.flow(1000);
    expect(world.target).toBe(1);
  });

  it('is noticed over the wrap of ids', () => {
    world.newest = 2 ** 30;
    world.waiting.push({ id: 2 ** 30 });
    world.autoscaling.look(0);
    world.newest = 5;
    world.autoscaling.look(60);
    expect(world.target).toBe(2);
    world.waiting = [{ id: 5 }];
    world.autoscaling.look(70);
    world.autoscaling.look(80);
    expect(world.target).toBe(2);
  });

  it('in a window behind a running request counts, too', () => {
    world.setWorkers(1, { view: { pending: 4 }, unstarted: 3, oldestUnstarted: { id: 1 } });
    world.newest = 4;
    world.autoscaling.look(0);
    world.autoscaling.look(50);
    expect(world.target).toBe(2);
  });

  it('does not count where a thread is about to start the request, however soon the set is to grow', () => {
    world = new World(0);
    const given = {
      view: { pending: 1 },
      unstarted: 1,
      oldestUnstarted: { id: 1 },
      runningRequest: undefined,
    };
    world.setWorkers(1, { ...given, completions: { lastProgress: 100 } });
    world.newest = 1;
    world.autoscaling.look(100);
    world.autoscaling.look(149);
    expect(world.target).toBe(1);
    // It is held by something.
    world.autoscaling.look(150);
    expect(world.target).toBe(2);
    world = new World(0);
    world.setWorkers(1, { ...given, view: { pending: 2 }, unstarted: 2, completions: { lastProgress: 100 } });
    world.newest = 2;
    world.autoscaling.look(100);
    expect(world.target).toBe(2);
  });

  it.each([0, 50])(
    'does not count while a worker idles: the policy wants it so (growAfter %i)',
    (growAfter) => {
      world = new World(growAfter);
      world.setWorkers(2);
      world.target = 2;
      world.workers[1] = { ...(world.workers[1] as FakeWorker), view: { pending: 0 } };
      world.submit();
      world.autoscaling.look(0);
      world.autoscaling.look(500);
      expect(world.target).toBe(2);
    },
  );

  it.each([
    ['of a session', { session: {} }],
    ['behind a request of the same key', { session: undefined, pinned: true, key: 'a' }],
  ])('%s does not count: one more worker would not help', (_, extras) => {
    world.setWorkers(1, {
      view: { pending: 2 },
      unstarted: 1,
      oldestUnstarted: { id: 1, extras },
      runningRequest: { key: 'a' },
    });
    world.newest = 1;
    world.autoscaling.look(0);
    world.autoscaling.look(500);
    expect(world.target).toBe(1);
  });

  it('behind a request of another key counts', () => {
    const extras = { session: undefined, pinned: true, key: 'b' };
    world.setWorkers(1, {
      view: { pending: 2 },
      unstarted: 1,
      oldestUnstarted: { id: 1, extras },
      runningRequest: { key: 'a' },
    });
    world.newest = 1;
    world.autoscaling.look(0);
    world.autoscaling.look(50);
    expect(world.target).toBe(2);
  });

  it('for the first worker of all is not required', () => {
    world.range.min = 0;
    world.target = 0;
    world.setWorkers(0);
    world.submit();
    world.autoscaling.look(0);
    expect(world.target).toBe(1);
  });
});

describe('idling', () => {
  it('shrinks the set after idleTimeout, and then needs no more looks', () => {
    world.target = 4;
    world.setWorkers(4, { view: { pending: 0 } });
    world.busy = false;
    expect(world.autoscaling.look(0)).toBe(1000);
    expect(world.autoscaling.look(1000)).toBe(undefined);
    expect(world.target).toBe(1);
    world.setWorkers(1, { view: { pending: 0 } });
    expect(world.autoscaling.look(1001)).toBe(undefined);
  });

  it('is not what a worker with an open session does', () => {
    world.target = 4;
    world.setWorkers(4, { view: { pending: 0 }, sessions: 1 });
    world.busy = false;
    world.autoscaling.look(0);
    world.autoscaling.look(5000);
    expect(world.target).toBe(4);
  });

  it('is looked at again when the workers that start are there', () => {
    world.target = 2;
    world.starting = 1;
    world.busy = false;
    world.setWorkers(1, { view: { pending: 0 } });
    expect(world.autoscaling.look(0)).toBe(25);
  });
});

describe('a set of fixed size', () => {
  it('needs no looks', () => {
    world.range = { min: 2, max: 2 };
    expect(world.autoscaling.pace).toBe(undefined);
    expect(world.autoscaling.look(0)).toBe(undefined);
  });
});

it('looks neither too often nor too rarely for its options', () => {
  expect(new World(0, 10_000).autoscaling.pace).toBe(5);
  expect(new World(50, 10_000).autoscaling.pace).toBe(25);
  expect(new World(Number.POSITIVE_INFINITY, 10_000).autoscaling.pace).toBe(1000);
  expect(new World(10_000, 30).autoscaling.pace).toBe(15);
});
