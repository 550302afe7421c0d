import { channel, tracingChannel } from 'node:diagnostics_channel';
import { Balancer, type RequestMessage } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withBalancer, withSmallBalancer } from '../support/balancer.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { range } from '../support/range.js';
import { until } from '../support/until.js';

type Event = readonly [event: string, message: RequestMessage];

/** All that is published of requests while the test runs. */
async function requestsDuring(test: (events: Event[]) => Promise<unknown>): Promise<Event[]> {
  const events: Event[] = [];
  const note = (event: string) => (message: unknown) => {
    events.push([event, message as RequestMessage]);
  };
  const requests = tracingChannel('leastwork:request');
  const subscribers = {
    start: note('start'),
    end: note('end'),
    asyncStart: note('asyncStart'),
    asyncEnd: note('asyncEnd'),
    error: note('error'),
  };
  requests.subscribe(subscribers);
  try {
    await test(events);
  } finally {
    requests.unsubscribe(subscribers);
  }
  return events;
}

async function messagesOf(name: string, test: () => Promise<unknown>): Promise<unknown[]> {
  const messages: unknown[] = [];
  const note = (message: unknown) => void messages.push(message);
  channel(name).subscribe(note);
  try {
    await test();
  } finally {
    channel(name).unsubscribe(note);
  }
  return messages;
}

describe('the channel of requests', () => {
  it('has each one from submit to its end, in one object', async () => {
    const events = await requestsDuring(() =>
      withBalancer({ workers: 1, name: 'thumbnails' }, (balancer) =>
        balancer.submit(faults.echo, [1], { priority: 3 }),
      ),
    );
    expect(events.map(([event]) => event)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
    const message = events[0]?.[1];
    expect(new Set(events.map(([, each]) => each)).size).toBe(1);
    expect(message).toMatchObject({
      balancer: 'thumbnails',
      id: 1,
      task: 'tasks.mjs#echo',
      priority: 3,
      items: 1,
      worker: 1,
      outcome: 'fulfilled',
    });
    const { queuedAt, startedAt, endedAt, waitTime, runTime } = message as Required<RequestMessage>;
    expect(queuedAt).toBeLessThan(startedAt);
    expect(startedAt).toBeLessThanOrEqual(endedAt);
    expect(endedAt).toBeLessThan(performance.now());
    expect(waitTime).toBeCloseTo(startedAt - queuedAt);
    expect(runTime).toBeCloseTo(endedAt - startedAt);
  });

  it('runs of one worker do not overlap', async () => {
    const events = await requestsDuring(() =>
      withBalancer({ workers: 1 }, (balancer) =>
        Promise.all(range(0, 500).map((i) => balancer.submit(faults.echo, [i]))),
      ),
    );
    const runs = events.filter(([event]) => event === 'asyncEnd').map(([, message]) => message);
    expect(runs).toHaveLength(500);
    for (const [i, run] of runs.slice(1).entries())
      expect(run.startedAt as number).toBeGreaterThan((runs[i]?.endedAt as number) - 0.001);
  });

  it('has no wait times below 0, though times come from two threads', async () => {
    const events = await requestsDuring(() =>
      withSmallBalancer({}, async (balancer) => {
        for (const i of range(0, 500)) await balancer.submit(faults.echo, [i]);
      }),
    );
    const waits = events.filter(([event]) => event === 'asyncEnd').map(([, { waitTime }]) => waitTime);
    expect(waits).toHaveLength(500);
    expect(waits.filter((wait) => !((wait as number) >= 0))).toEqual([]);
  });

  it('tells of the error that the caller gets', async () => {
    const errors: unknown[] = [];
    const events = await requestsDuring(() =>
      withBalancer({ workers: 1 }, (balancer) =>
        Promise.all([
          balancer.submit(faults.thrower, ['no']).catch((error) => errors.push(error)),
          balancer.submit(faults.crash, ['exit']).catch((error) => errors.push(error)),
        ]),
      ),
    );
    const failed = events.filter(([event]) => event === 'error').map(([, message]) => message);
    expect(failed.map(({ outcome }) => outcome)).toEqual(['failed', 'crashed']);
    expect(failed.map(({ error }) => error)).toEqual(errors);
    for (const [i, { error }] of failed.entries()) expect(error).toBe(errors[i]);
    expect(failed[1]?.runTime).toBeGreaterThanOrEqual(0);
  });

  it.each([
    ['refused', () => ({}), 'ERR_QUEUE_FULL'],
    ['aborted', () => ({ signal: AbortSignal.abort() }), undefined],
    ['timed-out-queued', () => ({ queueTimeout: 1 }), 'ERR_TASK_TIMEOUT'],
  ])('tells what did not run: %s', async (outcome, options, code) => {
    const events = await requestsDuring(() =>
      withSmallBalancer({ window: 1, maxQueue: outcome === 'refused' ? 0 : 10 }, async (balancer) => {
        const gate = new Gate();
        const blocked = balancer.submit(faults.blocked, [gate.words]);
        await gate.reached();
        await expect(balancer.submit(faults.echo, [1], options())).rejects.toMatchObject(
          code === undefined ? { name: 'AbortError' } : { code },
        );
        gate.open();
        await blocked;
      }),
    );
    const message = events.find(([, { task }]) => task === 'tasks.mjs#echo')?.[1];
    expect(message).toMatchObject({ outcome });
    expect(message).not.toHaveProperty('runTime');
  });

  it('a request whose time is up while it runs has its worker and start, and no end', async () => {
    const events = await requestsDuring(() =>
      withSmallBalancer({ grace: 0 }, (balancer) =>
        balancer.submit(faults.endless, [new Gate().words], { timeout: 5 }).catch(() => {}),
      ),
    );
    const message = events.at(-1)?.[1];
    expect(message).toMatchObject({ outcome: 'timed-out-running', worker: 1 });
    expect(message?.waitTime).toBeGreaterThan(0);
  });

  it('so has one that runs when the Balancer is closed', async () => {
    const events = await requestsDuring(async () => {
      const balancer = new Balancer({ workers: 1 });
      const gate = new Gate();
      const running = balancer.submit(faults.endless, [gate.words]).catch(() => {});
      const waiting = balancer.submit(faults.echo, [1]).catch(() => {});
      await gate.reached();
      await balancer.close({ timeout: 0 });
      await Promise.all([running, waiting]);
    });
    const ended = events.filter(([event]) => event === 'asyncEnd').map(([, message]) => message);
    const running = ended.find(({ task }) => task === 'tasks.mjs#endless');
    const waiting = ended.find(({ task }) => task === 'tasks.mjs#echo');
    expect(running).toMatchObject({ outcome: 'closed', worker: 1, startedAt: expect.any(Number) });
    expect(waiting).toMatchObject({ outcome: 'closed' });
    expect(waiting).not.toHaveProperty('startedAt');
  });

  it('tells that the caller of a stream has given it up, without an error', async () => {
    const events = await requestsDuring(() =>
      withBalancer({ workers: 1 }, async (balancer) => {
        for await (const value of balancer.stream(function* numbers() {
          for (let i = 0; ; i++) yield i;
        }))
          if (value === 3) break;
        const { fulfilled, aborted } = balancer.stats().outcomes;
        expect({ fulfilled, aborted }).toEqual({ fulfilled: 0, aborted: 1 });
      }),
    );
    expect(events.map(([event]) => event)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
    expect(events[0]?.[1]).toMatchObject({ outcome: 'aborted', worker: 1, runTime: expect.any(Number) });
  });

  it('has one message for the items that travel together', async () => {
    const events = await requestsDuring(() =>
      withBalancer({ workers: 1 }, async (balancer) => {
        for await (const _ of balancer.map(range(0, 40), (n) => n, { batch: 10 }));
      }),
    );
    const items = events.filter(([event]) => event === 'asyncEnd').map(([, message]) => message.items);
    expect(items).toEqual([10, 10, 10, 10]);
  });

  it('is seen by those who come late, from the next request on, and left by those who go', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      await balancer.submit(faults.echo, [1]);
      const before = balancer.submit(faults.echo, [2]);
      let rest: Promise<unknown> | undefined;
      const events = await requestsDuring(async () => {
        await balancer.submit(faults.echo, [3]);
        rest = balancer.submit(faults.echo, [4]);
      });
      await Promise.all([before, rest]);
      await balancer.submit(faults.echo, [5]);
      expect(events.filter(([event]) => event === 'start').map(([, { id }]) => id)).toEqual([3, 4]);
      expect(events.filter(([event]) => event === 'asyncEnd')).toHaveLength(1);
    }));

  it('lets a subscriber submit, and abort', async () => {
    const controller = new AbortController();
    const events: string[] = [];
    await withBalancer({ workers: 1 }, async (balancer) => {
      let follower: Promise<unknown> | undefined;
      const start = (message: unknown) => {
        const { task } = message as RequestMessage;
        events.push(task);
        if (task === 'first') follower = balancer.submit(function second() {});
        if (task === 'third') controller.abort();
      };
      tracingChannel('leastwork:request').subscribe({ start } as never);
      try {
        await balancer.submit(function first() {});
        await follower;
        await expect(
          balancer.submit(function third() {}, [], { signal: controller.signal }),
        ).rejects.toMatchObject({ name: 'AbortError' });
      } finally {
        tracingChannel('leastwork:request').unsubscribe({ start } as never);
      }
    });
    expect(events).toEqual(['first', 'second', 'third']);
  });
});

describe('other channels', () => {
  it('tell of the start and the end of workers', async () => {
    const end = await messagesOf('leastwork:worker:end', async () => {
      const start = await messagesOf('leastwork:worker:start', () =>
        withBalancer({ workers: 1, name: 'n' }, async (balancer) => {
          await balancer.submit(faults.crash, ['exit']).catch(() => {});
          await balancer.submit(faults.echo, [1]);
        }),
      );
      expect(start).toEqual([
        { balancer: 'n', worker: 1, label: '1' },
        { balancer: 'n', worker: 2, label: '1' },
      ]);
    });
    expect(end).toMatchObject([
      { balancer: 'n', worker: 1, exitCode: 7, expected: false },
      { balancer: 'n', worker: 2, expected: true },
    ]);
  });

  it('tell of an ejection', async () => {
    const messages = await messagesOf('leastwork:worker:ejection', async () => {
      const balancer = new Balancer({ workers: 1, heartbeat: { silence: 50, whileRunning: true } });
      void balancer.submit(faults.endless, [new Gate().words], { retries: 0 }).catch(() => {});
      await until(() => balancer.stats().ejected > 0);
      await balancer.close({ timeout: 0 });
    });
    expect(messages).toContainEqual({ balancer: 'leastwork', worker: 1, reason: 'silent' });
  });

  it('tell of a full queue', async () => {
    const messages = await messagesOf('leastwork:queue:full', () =>
      withSmallBalancer({ window: 1, maxQueue: 1 }, async (balancer) => {
        const gate = new Gate();
        const all = [balancer.submit(faults.blocked, [gate.words])];
        await gate.reached();
        for (let i = 0; i < 3; i++) all.push(balancer.submit(faults.echo, [i]));
        const settled = Promise.allSettled(all);
        expect(balancer.stats()).toMatchObject({
          submitted: 4,
          queued: 1,
          running: 1,
          outcomes: { refused: 2 },
          refusals: { 'queue-full': 2 },
        });
        gate.open();
        await settled;
      }),
    );
    expect(messages).toEqual([
      { balancer: 'leastwork', maxQueue: 1, waiting: 1 },
      { balancer: 'leastwork', maxQueue: 1, waiting: 1 },
    ]);
  });
});
