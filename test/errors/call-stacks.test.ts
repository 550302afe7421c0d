import { fileURLToPath } from 'node:url';
import { Balancer, BalancerError, closeOnSignal, Router, tasks } from 'leastwork';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf } from '../support/error-of.js';
import { Gate, wait } from '../support/gate.js';

const HERE = fileURLToPath(import.meta.url);
const outside = 1;
const wrong = (value: unknown) => value as never;

const balancer = new Balancer({ workers: 1 });
const closed = new Balancer({ workers: 1 });
const full = new Balancer({ workers: 1, window: 1, maxQueue: 0 });
const router = new Router({ 'none#*': balancer });
const session = balancer.session();
const closedSession = balancer.session();
const gate = new Gate();
let running: Promise<unknown>;

beforeAll(async () => {
  closedSession.close();
  await closed.close();
  running = full.submit(wait, [gate.shared]);
  await gate.reached(1);
});

afterAll(async () => {
  gate.open();
  await running;
  await Promise.all([balancer.close(), full.close()]);
});

const next = (values: AsyncIterable<unknown>) => values[Symbol.asyncIterator]().next();
/** All that a loop gets. */
async function taken(values: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const value of values) all.push(value);
  return all;
}
/** A map whose Balancer is closed in the middle. */
function closedMeanwhile(): AsyncIterable<unknown> {
  const own = new Balancer({ workers: 1 });
  return own.map(
    (async function* () {
      yield 1;
      void own.close();
      yield 2;
    })(),
    (item) => item,
  );
}
function* numbers() {
  yield 1;
}

/** Each call must fail, at once or by its promise. */
const CALLS: Record<string, () => unknown> = {
  'new Balancer: an option': () => new Balancer({ workers: -1 }),
  'new Balancer: an unknown option': () => new Balancer(wrong({ worker: 1 })),
  'new Balancer: an unknown policy': () => new Balancer({ policy: wrong('nearest') }),
  'new Balancer: a policy config': () => new Balancer({ policy: wrong([{ nearest: {} }]) }),
  'new Balancer: a custom policy': () => new Balancer({ policy: wrong({ name: 'mine' }) }),
  'a class derived from Balancer': () => new (class extends Balancer {})({ policy: wrong('nearest') }),
  tasks: () => tasks('./here.js'),
  'tasks: no string': () => tasks(wrong(5)),
  'a handle that is called': () => tasks('/a.js').f?.(),
  'submit: no task': () => balancer.submit(wrong(5)),
  'submit: no arguments': () => balancer.submit(() => 1, wrong(5)),
  'submit: an option': () => balancer.submit(() => 1, [], { timeout: -1 }),
  'submit: a captured variable': () => balancer.submit(() => outside),
  'submit: a generator': () => balancer.submit(numbers),
  'submit: closed': () => closed.submit(() => 1),
  'submit: full': () => full.submit(wait, [gate.shared]),
  'submit: full, with options': () => full.submit(wait, [gate.shared], { timeout: 1e6 }),
  'session.submit: an option': () => session.submit(() => 1, [], { timeout: -1 }),
  'session.submit: closed': () => closedSession.submit(() => 1),
  map: () => balancer.map([1], (item) => item, wrong({ batch: -1 })),
  'map: no source': () => balancer.map(wrong(5), (item) => item),
  'map: closed': () => next(closed.map([1], (item) => item)),
  'map: closed, in a loop': () => taken(closed.map([1], (item) => item)),
  'map: closed, in chunks': () => taken(closed.map([1, 2, 3], (item) => item, { batch: 2 })),
  'mapSettled: closed': () => taken(closed.mapSettled([1], (item) => item)),
  'map: closed while it runs': () => taken(closedMeanwhile()),
  'router.map: closed': () => taken(new Router({ '*': closed }).map([1], (item) => item)),
  mapSettled: () => balancer.mapSettled([1], (item) => item + outside),
  stream: () => next(balancer.stream(numbers, [], { timeout: -1 })),
  'stream: no task': () => next(balancer.stream(wrong(5))),
  'stream: closed': () => next(closed.stream(numbers)),
  'broadcast: no task': () => balancer.broadcast(wrong(5)),
  'broadcast: no arguments': () => balancer.broadcast(() => 1, wrong(5)),
  'broadcast: an option': () => balancer.broadcast(() => 1, [], wrong({ nam: 'x' })),
  'broadcast: not cloneable': () => balancer.broadcast((f: unknown) => f, [() => 1]),
  'broadcast: closed': () => closed.broadcast(() => 1),
  'workersReady: a count': () => balancer.workersReady(-1),
  'workersReady: closed': () => closed.workersReady(),
  resize: () => balancer.resize(-1),
  'resize: closed': () => closed.resize(2),
  add: () => balancer.add({ weight: -1 }),
  'add: closed': () => closed.add(),
  remove: () => balancer.remove(-1),
  'reload: closed': () => closed.reload(),
  metrics: () => balancer.metrics(),
  trace: () => balancer.trace(wrong(5)),
  'trace: closed': () => closed.trace('never.json'),
  profile: () => balancer.profile({ seconds: -1 }),
  'profile: closed': () => closed.profile({ seconds: 1 }),
  close: () => balancer.close({ timeout: -1 }),
  'close: an unknown option': () => balancer.close(wrong({ timout: 1 })),
  'closeOnSignal: no Balancer': () => closeOnSignal(wrong(5)),
  'closeOnSignal: an option': () => closeOnSignal(balancer, { timeout: -1 }),
  'closeOnSignal: a signal': () => closeOnSignal(balancer, { signals: [wrong('SIGNONE')] }),
  'new Router': () => new Router({}),
  'router.route': () => router.route(() => 1),
  'router.submit': () => router.submit(() => 1),
  'router.map': () => router.map([1], (item) => item),
  'router.mapSettled': () => router.mapSettled([1], (item) => item),
  'router.stream': () => router.stream(numbers),
  'router.broadcast': () => router.broadcast(wrong(5)),
  'router.close': () => router.close({ timeout: -1 }),
};

describe('the stack of an error begins with the call that it is of, after one frame of the package', () => {
  it.each(Object.entries(CALLS))('%s', async (_, call) => {
    const error = await errorOf(call);
    expect(error).toBeInstanceOf(BalancerError);
    const frames = String((error as Error).stack)
      .split('\n')
      .filter((line) => line.startsWith('    at '));
    const place = frames.findIndex((frame) => frame.includes(HERE));
    expect(place, frames.join('\n')).toBeGreaterThanOrEqual(0);
    expect(place, frames.join('\n')).toBeLessThanOrEqual(1);
  });
});
