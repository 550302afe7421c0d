import { Balancer, tasks } from 'leastwork';
import { expect, it } from 'vitest';

const LEFT = 'possibly left behind by an earlier request';

/** Rejects as its thread dies, while a timer that an earlier request may have left throws. */
function messageOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => expect.unreachable('it did not reject'),
    (error: Error) => error.message,
  );
}

it('an uncaught error is said to be possibly of an earlier request, unless it cannot be', async () => {
  const balancer = new Balancer({ workers: 1 });
  const started = new Int32Array(new SharedArrayBuffer(4));
  const waits = (started: Int32Array) => {
    Atomics.store(started, 0, 1);
    return new Promise(() => {});
  };
  const throwsItself = async function throwsItself() {
    setImmediate(function late() {
      throw new Error('own');
    });
    await new Promise(() => {});
  };
  // The first request of its thread.
  expect(await messageOf(balancer.submit(throwsItself))).toMatch(/: own \(first submitted at /);
  const leaves = (started: Int32Array) => {
    setInterval(() => {
      if (Atomics.load(started, 0) === 1) throw new Error('late');
    });
  };
  await balancer.submit(leaves, [started]);
  expect(await messageOf(balancer.submit(waits, [started]))).toMatch(new RegExp(`: late \\(${LEFT}\\)`));
  // Its stack shows the task's file, but a timer of an earlier request of the same function would do so, too.
  expect(await balancer.submit(() => 1)).toBe(1);
  expect(await messageOf(balancer.submit(throwsItself))).toMatch(new RegExp(`: own \\(${LEFT}\\)`));
  // Its stack shows the function itself.
  const rejects = async function rejects(depth: number) {
    if (depth > 0) throw new Error('own');
    setImmediate(rejects, 1);
    await new Promise(() => {});
  };
  expect(await balancer.submit(() => 1)).toBe(1);
  expect(await messageOf(balancer.submit(rejects, [0]))).toMatch(/: own \(first submitted at /);
  expect(await balancer.submit(() => 1)).toBe(1);
  expect(await messageOf(balancer.submit(() => process.exit(3)))).toMatch(/: exit code 3/);
  await balancer.close();
});

it('an error left behind by another export of the same module, too', async () => {
  const balancer = new Balancer({ workers: 1 });
  const { leaves, waits } = tasks<{
    leaves(started: Int32Array): void;
    waits(started: Int32Array): Promise<never>;
  }>(new URL('../fixtures/tasks/leaves.mjs', import.meta.url));
  const started = new Int32Array(new SharedArrayBuffer(4));
  await balancer.submit(leaves, [started]);
  expect(await messageOf(balancer.submit(waits, [started]))).toMatch(new RegExp(`: late \\(${LEFT}\\)`));
  await balancer.close();
});
