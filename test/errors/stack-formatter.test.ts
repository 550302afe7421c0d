import { Balancer } from 'leastwork';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fates } from '../support/fates.js';
import { until } from '../support/until.js';

/** As a program, or a tool of it, that formats stacks, and fails at that. */
describe.each(['prepareStackTrace', 'captureStackTrace'] as const)('where Error.%s fails', (name) => {
  const { [name]: original } = Error as Record<typeof name, unknown>;
  let balancer: Balancer;
  beforeAll(() => {
    balancer = new Balancer({ workers: 1, grace: 5, traceSubmit: true });
  });
  afterAll(() => balancer.close());
  beforeEach(() => {
    Object.defineProperty(Error, name, { value: fails, configurable: true, writable: true });
  });
  afterEach(() => {
    if (original === undefined) delete Error[name];
    else Object.defineProperty(Error, name, { value: original, configurable: true, writable: true });
  });

  it('errors are what they are', async () => {
    const codes = await fates([
      balancer.submit(() => {
        throw Object.assign(new RangeError('no'), { code: 'THROWN' });
      }),
      balancer.submit(() => process.exit(1)),
      balancer.submit(() => new Promise(() => {}), [], { timeout: 5 }),
      balancer.submit(() => () => 1),
    ]);
    Object.defineProperty(Error, name, { value: original, configurable: true, writable: true });
    expect(codes).toEqual(['THROWN', 'ERR_WORKER_CRASHED', 'ERR_TASK_TIMEOUT', 'ERR_NOT_CLONEABLE']);
  });

  it('no outcome of a map is lost', async () => {
    const odd = (n: number) => {
      if (n % 2 === 1) throw new Error('odd');
      return n;
    };
    const statuses: string[] = [];
    for await (const { status } of balancer.mapSettled([1, 2, 3], odd, { batch: 3 })) statuses.push(status);
    expect(statuses).toEqual(['rejected', 'fulfilled', 'rejected']);
  });

  it('a stream tells why it ends', async () => {
    const values = balancer.stream(function* () {
      yield 1;
      throw new TypeError('end');
    });
    const fate = async () => {
      for await (const value of values) expect(value).toBe(1);
    };
    const { message } = await fate().then(
      () => expect.unreachable(),
      (error) => error,
    );
    expect(message).toBe('end');
    await until(() => balancer.stats().pending === 0);
  });
});

function fails(): never {
  throw 'the formatter fails';
}
