import { Balancer, BalancerError, QueueFullError, TaskNotFoundError, tasks } from 'leastwork';
import { describe, expect, it } from 'vitest';

const { classesOf } = tasks<{ classesOf: (signal: AbortSignal) => string[] }>(
  new URL('../fixtures/submit/classes.mjs', import.meta.url),
);

describe("the package's error classes", () => {
  it('know their errors in a thread, whose own code has a copy of them', async () => {
    await using balancer = new Balancer({ workers: 1 });
    const see = (reason: unknown) => balancer.submit(classesOf, [AbortSignal.abort(reason)]);
    expect(await see(new QueueFullError(1))).toEqual(['BalancerError', 'QueueFullError']);
    expect(await see(new TaskNotFoundError('none'))).toEqual(['BalancerError', 'TaskNotFoundError']);
    expect(await see(new Error('another'))).toEqual([]);
    expect(await see('text')).toEqual([]);
  });

  it('take no others for theirs', () => {
    class Derived extends QueueFullError {}
    const error = new QueueFullError(1);
    expect(new Derived(1)).toBeInstanceOf(QueueFullError);
    expect(new Derived(1)).toBeInstanceOf(Derived);
    expect(error).not.toBeInstanceOf(Derived);
    expect(error).not.toBeInstanceOf(TaskNotFoundError);
    expect(Object.create(null)).not.toBeInstanceOf(BalancerError);
    for (const value of [undefined, null, 1, 'text', () => {}, { code: error.code }]) {
      expect(value).not.toBeInstanceOf(BalancerError);
    }
  });
});
