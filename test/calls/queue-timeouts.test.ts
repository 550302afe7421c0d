import { createHook } from 'node:async_hooks';
import fc from 'fast-check';
import { Balancer } from 'leastwork';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type QueueTimeout, QueueTimeouts } from '../../dist/src/calls/queue-timeouts.js';
import { performance as clock } from '../../dist/src/protocol/clock.js';
import type { Request } from '../../dist/src/requests/request.js';
import { Gate, wait } from '../support/gate.js';

/** No other test has one of this text: the first one with a text gives it its name. */
const one = () => 'one of those that wait';
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'ran',
    (error: { code: string }) => error.code,
  );

/** A Balancer whose only worker is blocked, with nothing sent ahead. */
async function blocked() {
  const balancer = new Balancer({ workers: 1, window: 1 });
  const gate = new Gate();
  const first = balancer.submit(wait, [gate.shared]);
  await gate.reached(1);
  return { balancer, gate, first };
}

afterEach(() => vi.restoreAllMocks());

describe('queue timeouts', () => {
  it('that end together have stacks for the first of them, and the same message for all', async () => {
    const { balancer, gate, first } = await blocked();
    const waiting = Array.from({ length: 150 }, () => balancer.submit(one, [], { queueTimeout: 20 }));
    // All are due before the event loop turns, so that they end together.
    const due = performance.now() + 25;
    while (performance.now() < due);
    const errors = await Promise.all(waiting.map((each) => each.catch((error: Error) => error)));
    gate.open();
    await first;
    await balancer.close();
    const [{ message }] = errors as [Error];
    expect(message).toMatch(/^task 'one' did not start within its queueTimeout of 20 ms/);
    for (const error of errors) {
      expect(error).toMatchObject({
        name: 'TaskTimeoutError',
        code: 'ERR_TASK_TIMEOUT',
        phase: 'queue',
        message,
      });
      expect((error as Error).stack).toMatch(/^TaskTimeoutError: task 'one' did not start/);
    }
    const withFrames = errors.filter((error) => (error as Error).stack?.includes('\n    at '));
    expect(withFrames.length).toBeGreaterThanOrEqual(1);
    expect(withFrames.length).toBeLessThan(150);
  });

  it('that end one after the other within a second have no more stacks than those that end together', async () => {
    const { balancer, gate, first } = await blocked();
    const waiting = [1, 20, 40].flatMap((queueTimeout) =>
      Array.from({ length: 60 }, () => balancer.submit(one, [], { queueTimeout })),
    );
    const errors = await Promise.all(waiting.map((each) => each.catch((error: Error) => error)));
    gate.open();
    await first;
    await balancer.close();
    const withFrames = errors.filter((error) => (error as Error).stack?.includes('\n    at '));
    expect(withFrames.length).toBeGreaterThanOrEqual(1);
    expect(withFrames.length).toBeLessThanOrEqual(100);
  });

  it('need one timer, however many requests have one', async () => {
    const { balancer, gate, first } = await blocked();
    let timers = 0;
    const hook = createHook({
      init(_id, type) {
        if (type === 'Timeout') timers++;
      },
    }).enable();
    const all = Array.from({ length: 1_000 }, () => balancer.submit(one, [], { queueTimeout: 60_000 }));
    hook.disable();
    expect(timers).toBeLessThan(10);
    gate.open();
    await Promise.all([first, ...all]);
    await balancer.close();
  });

  it('that end together format no stack', async () => {
    const { balancer, gate, first } = await blocked();
    const all = Array.from({ length: 100 }, () => balancer.submit(one, [], { queueTimeout: 1 }));
    const { prepareStackTrace } = Error;
    let formatted = 0;
    Error.prepareStackTrace = (error) => {
      formatted++;
      return String(error);
    };
    const codes = await Promise.all(all.map(codeOf));
    Error.prepareStackTrace = prepareStackTrace;
    expect(new Set(codes)).toEqual(new Set(['ERR_TASK_TIMEOUT']));
    expect(formatted).toBe(0);
    gate.open();
    await first;
    await balancer.close();
  });

  it('are kept when the main thread comes late: nothing is given out after its time', async () => {
    const { balancer, gate, first } = await blocked();
    const late = Array.from({ length: 10 }, () => balancer.submit(one, [], { queueTimeout: 1 }));
    // Out of the turn in which they came.
    await undefined;
    await undefined;
    gate.open();
    // All in one turn, before any timer: their time runs out, the worker becomes idle, a burst is dispatched.
    const submitted = performance.now();
    while (performance.now() < submitted + 20);
    const burst = Array.from({ length: 200 }, () => balancer.submit(one));
    const codes = await Promise.all(late.map(codeOf));
    expect(codes).toEqual(Array(10).fill('ERR_TASK_TIMEOUT'));
    await Promise.all([first, ...burst]);
    await balancer.close();
  });

  it('have the frames of the caller in their errors, also through map', async () => {
    const { balancer, gate, first } = await blocked();
    async function waits() {
      await balancer.submit(one, [], { queueTimeout: 1 });
    }
    async function maps() {
      for await (const _ of balancer.map([1], one, { submit: { queueTimeout: 1 } }));
    }
    for (const caller of [waits, maps]) {
      const error = await caller().catch((reason: Error) => reason);
      expect((error as Error).stack).toContain(` ${caller.name} `);
    }
    gate.open();
    await first;
    await balancer.close();
  });

  it('expire in order, each once, and not those that were removed', () => {
    const step = fc.oneof(
      fc.record({ add: fc.constantFrom(5, 10, 15, 40) }),
      fc.record({ remove: fc.nat(50) }),
      fc.record({ pass: fc.nat(12) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        let now = 1_000;
        vi.spyOn(clock, 'now').mockImplementation(() => now);
        const expired: number[] = [];
        const timeouts = new QueueTimeouts((requests) => expired.push(...requests.map(({ id }) => id)));
        const listed: QueueTimeout[] = [];
        let id = 0;
        for (const one of steps) {
          if ('add' in one) listed.push(timeouts.add({ id: ++id } as Request, one.add));
          else if ('remove' in one) {
            const [entry] = listed.splice(one.remove, 1);
            if (entry !== undefined) timeouts.remove(entry);
          } else {
            now += one.pass;
            timeouts.look();
            const due = listed.filter((entry) => entry.due <= now).map(({ request }) => request.id);
            expect(expired.splice(0).sort((a, b) => a - b)).toEqual(due);
            for (const entry of listed.splice(0)) if (entry.due > now) listed.push(entry);
          }
        }
        for (const entry of listed) timeouts.remove(entry);
        now += 1_000;
        timeouts.look();
        expect(expired).toEqual([]);
        vi.restoreAllMocks();
      }),
    );
  });
});
