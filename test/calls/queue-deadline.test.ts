/** The main thread is busy all the time, so that the thread alone can know that a queue time is over. */
import { Balancer, type SubmitOptions, tasks } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { Gate, wait } from '../support/gate.js';

/** Long enough for requests to be sent, and a module to be looked for, also where a thread is not run for a while. */
const QUEUE_MS = 1_000;
const LOADING_MS = 1_000;

const COUNT = 2;
const LAST = 3;

/** The task: counts. */
function count(words: Int32Array): void {
  Atomics.add(words, 2, 1);
}
/** The task: says that all before it are over. */
function last(words: Int32Array): void {
  Atomics.store(words, 3, 1);
  Atomics.notify(words, 3);
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'ran',
    ({ code, phase }: { code: string; phase: string }) => `${code} ${phase}`,
  );

/** A Balancer of one worker, whose window takes what the tests submit. */
function oneWorker(): Balancer {
  return new Balancer({ workers: 1, window: 32 });
}

/** Blocks the main thread until the queue time of what was just submitted is over; then opens the gate. */
function passThenOpen(ms: number, gate: Gate): void {
  const over = performance.now() + ms;
  while (performance.now() <= over);
  gate.open();
}

/** Blocks the main thread until the thread has run `last`. */
function untilLast(gate: Gate): void {
  Atomics.wait(gate.words, LAST, 0, 20_000);
}

describe('a queue time that ends in the window of a worker, while the main thread is busy', () => {
  it.each([
    ['in the slot', (gate: Gate) => [gate.words]],
    ['by message', (gate: Gate) => [gate.words, new Map([[1, 'x'.repeat(1_000)]])]],
  ] as const)('keeps the request from starting (arguments %s)', async (_, argumentsOf) => {
    const balancer = oneWorker();
    const gate = new Gate();
    const first = balancer.submit(wait, [gate.shared]);
    await gate.reached();
    const options: SubmitOptions = { queueTimeout: QUEUE_MS };
    const late = Array.from({ length: 5 }, () =>
      balancer.submit(count as (...args: unknown[]) => void, argumentsOf(gate), options),
    );
    const behind = balancer.submit(last, [gate.words]);
    // They are sent.
    await new Promise((resolve) => setImmediate(resolve));
    expect(balancer.stats().workers[0]!.pending).toBe(7);
    passThenOpen(QUEUE_MS, gate);
    untilLast(gate);
    expect(gate.words[LAST]).toBe(1);
    expect(gate.words[COUNT]).toBe(0);
    expect(await Promise.all(late.map(codeOf))).toEqual(Array(5).fill('ERR_TASK_TIMEOUT queue'));
    await Promise.all([first, behind]);
    expect(balancer.stats().outcomes).toMatchObject({ 'timed-out-queued': 5, failed: 0 });
    // The arguments of the others are found.
    expect(await balancer.submit((map: Map<number, string>) => map.get(1), [new Map([[1, 'one']])])).toBe(
      'one',
    );
    expect(balancer.stats().workers[0]!.pending).toBe(0);
    await balancer.close();
  });

  it('keeps the request from starting where it ends while large arguments are read', async () => {
    await using balancer = oneWorker();
    const gate = new Gate();
    const first = balancer.submit(wait, [gate.shared]);
    await gate.reached();
    // It takes far longer to read than the time that is left.
    const large = new Map(Array.from({ length: 50_000 }, (_, i) => [i, { text: `${i}` }]));
    const queueTimeout = 1_500;
    const left = 5;
    const over = performance.now() + queueTimeout - left;
    const late = balancer.submit(count as (...args: unknown[]) => void, [gate.words, large], {
      queueTimeout,
    });
    await new Promise((resolve) => setImmediate(resolve));
    passThenOpen(over - performance.now(), gate);
    expect(await codeOf(late)).toBe('ERR_TASK_TIMEOUT queue');
    expect(gate.words[COUNT]).toBe(0);
    await first;
    expect(await balancer.submit((text: string) => text, ['next'])).toBe('next');
  });

  it('keeps all items from starting that travel together', async () => {
    const balancer = oneWorker();
    const gate = new Gate();
    const countThere = (_item: number): void =>
      void Atomics.add((globalThis as unknown as { gate: Int32Array }).gate, 2, 1);
    await balancer.submit(
      (words: Int32Array) => void Object.assign(globalThis, { gate: words }),
      [gate.words],
    );
    const first = balancer.submit(wait, [gate.shared]);
    await gate.reached();
    const items = Array.from({ length: 20 }, (_, i) => i);
    const settled = (async () => {
      const results = [];
      const options = { batch: 10, submit: { queueTimeout: QUEUE_MS } };
      for await (const each of balancer.mapSettled(items, countThere, options)) results.push(each);
      return results;
    })();
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    const behind = balancer.submit(last, [gate.words]);
    await new Promise((resolve) => setImmediate(resolve));
    passThenOpen(QUEUE_MS, gate);
    untilLast(gate);
    expect(gate.words[LAST]).toBe(1);
    expect(gate.words[COUNT]).toBe(0);
    const results = await settled;
    expect(results).toHaveLength(20);
    for (const each of results)
      expect(each).toMatchObject({
        status: 'rejected',
        reason: { code: 'ERR_TASK_TIMEOUT', phase: 'queue' },
      });
    await Promise.all([first, behind]);
    await balancer.close();
  });

  it.each([
    ['a request', (b: Balancer, run: () => unknown, o: SubmitOptions) => b.submit(run, [], o)],
    [
      'a stream',
      async (b: Balancer, run: () => unknown, o: SubmitOptions) => {
        for await (const _ of b.stream(run as () => Iterable<unknown>, [], o));
      },
    ],
  ] as const)('that ends while the module of %s is loaded keeps it from starting', async (what, call) => {
    const balancer = oneWorker();
    const gate = new Gate();
    await balancer.submit(
      (words: Int32Array) => void Object.assign(globalThis, { gate: words }),
      [gate.words],
    );
    const url = new URL(`../fixtures/faults/gated-at-load.mjs?deadline-${what.length}`, import.meta.url);
    const { run } = tasks(url) as unknown as { run: () => unknown };
    const outcome = codeOf(call(balancer, run, { queueTimeout: LOADING_MS }));
    await gate.reached();
    const behind = balancer.submit(last, [gate.words]);
    await new Promise((resolve) => setImmediate(resolve));
    passThenOpen(LOADING_MS, gate);
    untilLast(gate);
    expect(gate.words[COUNT]).toBe(0);
    expect(await outcome).toBe('ERR_TASK_TIMEOUT queue');
    await behind;
    await balancer.close();
  });

  it('does not end a request that runs again after a crash, having started in time', async () => {
    const balancer = new Balancer({ workers: 1 });
    const words = new Int32Array(new SharedArrayBuffer(4));
    const crashOnce = (runs: Int32Array) => {
      if (Atomics.add(runs, 0, 1) > 0) return 'again';
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_100);
      return process.exit(1);
    };
    await balancer.submit(() => {});
    expect(await balancer.submit(crashOnce, [words], { retries: 1, queueTimeout: 1_000 })).toBe('again');
    await balancer.close();
  });
});
