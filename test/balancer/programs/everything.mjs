// Everything that a Balancer does, once; prints the outcomes as JSON. The caller has set up surroundings in
// which it must work all the same.
import { MessageChannel } from 'node:worker_threads';

// What is to happen before the package is loaded.
globalThis.whenLoading?.();
const { Balancer, closeOnSignal, Router } = await import('leastwork');
const { href } = new URL(import.meta.resolve('leastwork/task'));

/** Keeps the process alive, also while a Balancer is idle. */
const { port1: keeper } = new MessageChannel();
keeper.on('message', () => {});
// What is to happen when the package has been loaded.
globalThis.whenLoaded?.();

const outcomes = {};
async function outcome(name, run) {
  try {
    outcomes[name] = await run();
  } catch (error) {
    const { name: kind, code, message, status } = error;
    outcomes[name] = code === undefined || code === null ? [kind, message, status] : [kind, code];
  }
}

/** Words of shared memory: a task has come here, the test has opened it. */
const ARRIVED = 0;
const OPEN = 1;
const gate = () => new Int32Array(new SharedArrayBuffer(8));
const arrival = async (words) => {
  const wait = Atomics.waitAsync(words, ARRIVED, 0);
  if (wait.async) await wait.value;
};
const open = (words) => {
  Atomics.store(words, OPEN, 1);
  Atomics.notify(words, OPEN);
};
const holdAt = (words) => {
  Atomics.store(words, 0, 1);
  Atomics.notify(words, 0);
  Atomics.wait(words, 1, 0);
  return 'passed';
};
const spinAt = (words) => {
  Atomics.store(words, 0, 1);
  Atomics.notify(words, 0);
  for (;;);
};

{
  const balancer = new Balancer({ workers: 2, grace: 5 });
  await outcome('value', () => balancer.submit((a, b) => a + b, [1, 2]));
  await outcome('object', () =>
    balancer.submit((given) => ({ ...given, constructor: 1, name: [null, 'x'] }), [{ toString: { a: 1 } }]),
  );
  await outcome('task error', () =>
    balancer.submit(() => {
      throw Object.assign(new RangeError('wrong'), { status: 5 });
    }),
  );
  await outcome('error value', async () => {
    const back = await balancer.submit((error) => error, [new TypeError('given')]);
    return [back.name, back.message];
  });
  await outcome('not cloneable', () => balancer.submit(() => () => 1));
  await outcome('stream', async () => {
    const values = [];
    const stream = balancer.stream(function* () {
      yield 1;
      yield { two: 2 };
      throw new Error('end of the stream');
    });
    try {
      for await (const value of stream) values.push(value);
    } catch (error) {
      return [values, error.message];
    }
  });
  await outcome('map', async () => {
    const results = [];
    for await (const result of balancer.map([1, 2, 3], (n) => n * 2)) results.push(result);
    return results;
  });
  await outcome('progress', async () => {
    const values = [];
    await balancer.submit(
      async (url) => {
        const { context } = await import(url);
        context.progress({ done: 1 });
      },
      [href],
      { onProgress: (value) => values.push(value) },
    );
    return values;
  });
  await outcome('transfer', async () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const sum = await balancer.submit((b) => b[0] + b[1] + b[2], [bytes], { transfer: [bytes.buffer] });
    return [sum, bytes.byteLength];
  });
  await outcome('abort', async () => {
    const control = new AbortController();
    const words = gate();
    const aborted = balancer.submit(spinAt, [words], { signal: control.signal });
    await arrival(words);
    control.abort(new TypeError('the reason'));
    await aborted;
  });
  await outcome('timeout', () =>
    balancer.submit(
      () => {
        for (;;);
      },
      [],
      { timeout: 5 },
    ),
  );
  await outcome('crash', () => balancer.submit(() => process.exit(3)));
  await outcome('after the crash', () => balancer.submit(() => 'alive'));
  await outcome('reload', () => balancer.reload());
  await outcome('close', () => balancer.close());
  await outcome('closed', () => balancer.submit(() => 1));
}
{
  const balancer = new Balancer({ workers: 1, maxQueue: 1, policy: 'hash' });
  const words = gate();
  const running = balancer.submit(holdAt, [words]);
  await arrival(words);
  await outcome('queue timeout', () => balancer.submit(() => 1, [], { queueTimeout: 5 }));
  open(words);
  await outcome('held', () => running);
  const session = balancer.session();
  await outcome('session', () => session.submit(() => 'in the session'));
  session.close();
  const router = new Router({ '*': balancer });
  await outcome('router', () => router.submit(() => 'routed', [], { key: 'k' }));
  closeOnSignal(balancer)[Symbol.dispose]();
  const last = gate();
  balancer.submit(spinAt, [last]).catch(() => {});
  await arrival(last);
  await outcome('close in time', () => balancer.close({ timeout: 5 }));
}
{
  const balancer = new Balancer({ workers: 1, grace: Number.POSITIVE_INFINITY });
  await outcome('abort that the task sees', async () => {
    const control = new AbortController();
    const words = gate();
    const aborted = balancer.submit(
      async (url, words) => {
        const { context } = await import(url);
        const seen = new Promise((resolve) => context.signal.addEventListener('abort', resolve));
        Atomics.store(words, 0, 1);
        Atomics.notify(words, 0);
        await seen;
        globalThis.reason = context.signal.reason.message;
      },
      [href, words],
      { signal: control.signal },
    );
    await arrival(words);
    control.abort(new TypeError('the reason'));
    await aborted.catch(() => {});
    return balancer.submit(() => globalThis.reason);
  });
  await balancer.close();
}
{
  const balancer = new Balancer({ workers: { min: 0, max: 1 }, idleTimeout: 5, heartbeat: 5_000 });
  await outcome('elastic', () => balancer.submit(() => 'started'));
  const end = new Promise((resolve) => balancer.once('workerEnd', ({ expected }) => resolve(expected)));
  await outcome('idle', () => end);
  await balancer.close();
}
{
  const balancer = new Balancer({ workers: 1, preload: ['data:text/javascript,throw new Error("broken")'] });
  await outcome('preload', () => balancer.submit(() => 1));
  await balancer.close({ timeout: 0 });
}
console.log(JSON.stringify(outcomes));
keeper.close();
