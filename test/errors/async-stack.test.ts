import { Balancer, tasks } from 'leastwork';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const { throws } = tasks<{ throws: () => never }>(new URL('../fixtures/submit/throws.mjs', import.meta.url));

/** Files of the package. */
const OURS = /[\\/]dist[\\/](?:src|workers)[\\/]/;

/** What a rejection's stack says: for each frame the function's name, or the file of an anonymous one. */
async function framesOf(run: () => Promise<unknown>): Promise<string[]> {
  const reason = await run().then(
    () => expect.unreachable('it should reject'),
    (error: unknown) => error,
  );
  const lines = (reason as Error).stack?.split('\n').filter((line) => line.startsWith('    at ')) ?? [];
  // Vitest's own way to print stacks leaves the word out.
  return lines.map((line) => line.slice('    at '.length).replace(/^async /, ''));
}

/**
 * The frames from the test's own file on are those of the test and its runner: only the first of them count.
 */
const like = (...starts: string[]) =>
  starts.map((start) => expect.stringMatching(new RegExp(`^${start}`))) as string[];

describe('the stack of a rejection', () => {
  let balancer: Balancer;
  beforeAll(() => {
    balancer = new Balancer({ workers: 1 });
  });
  afterAll(() => balancer.close());

  const nest = (submit: () => Promise<unknown>) => {
    async function inner() {
      await submit();
    }
    async function outer() {
      await inner();
    }
    return outer;
  };

  it('has the frames in the worker, then the functions that await submit, and none of ours', async () => {
    const outer = nest(() =>
      balancer.submit(function parse() {
        const deeper = () => JSON.parse('{');
        return deeper();
      }),
    );
    const frames = await framesOf(outer);
    expect(frames.slice(0, 6)).toEqual(
      like(
        ...['JSON.parse', 'deeper .*inline:parse:2:', 'parse .*inline:parse:3:'],
        ...['first submit .*async-stack.test', 'inner ', 'outer '],
      ),
    );
    expect(frames.join('\n')).not.toMatch(OURS);
  });

  it('of an async task', async () => {
    const outer = nest(() =>
      balancer.submit(async function later() {
        await null;
        throw new Error('later');
      }),
    );
    const frames = await framesOf(outer);
    expect(frames.slice(0, 4)).toEqual(
      like('later .*inline:later:3:', 'first submit .*async-stack.test', 'inner ', 'outer '),
    );
    expect(frames.join('\n')).not.toMatch(OURS);
  });

  it("of a module's export, when it is loaded and after that", async () => {
    for (let run = 0; run < 2; run++) {
      const frames = await framesOf(nest(() => balancer.submit(throws)));
      expect(frames.slice(0, 4)).toEqual(
        like('deeper .*throws.mjs:', '(Module\\.)?throws .*throws.mjs:', 'inner ', 'outer '),
      );
      expect(frames.join('\n')).not.toMatch(OURS);
    }
  });

  it('of a cause: the frames in the worker alone', async () => {
    const reason = (await balancer
      .submit(function outer() {
        throw new Error('outer', { cause: new Error('inner') });
      })
      .catch((error: unknown) => error)) as Error;
    expect((reason.cause as Error).stack).toMatch(/^Error: inner\n {4}at outer .*inline:outer:\S+$/);
  });

  it('of a stream and a map: the loop that awaits the values', async () => {
    const stream = await framesOf(async function loop() {
      for await (const _ of balancer.stream(function* numbers() {
        yield 1;
        throw new Error('in a generator');
      }));
    });
    expect(stream.slice(0, 3)).toEqual(like('numbers ', '(numbers|Generator)\\.next ', 'loop '));
    const map = await framesOf(async function loop() {
      const fails = function fails(n: number) {
        if (n === 2) throw new Error('in a map');
      };
      for await (const _ of balancer.map([1, 2, 3], fails));
    });
    expect(map.slice(0, 2)).toEqual(like('fails ', 'loop '));
    expect([...stream, ...map].join('\n')).not.toMatch(OURS);
  });

  it('through Promise.all', async () => {
    const frames = await framesOf(async function all() {
      const bad = () => {
        throw new Error('one of them');
      };
      await Promise.all([balancer.submit(() => 1), balancer.submit(bad)]);
    });
    expect(frames.slice(0, 3)).toEqual(like('bad ', 'Promise.all \\(index 1\\)', 'all '));
  });

  it("of the Balancer's own errors that concern one request", async () => {
    const timeout = () => balancer.submit(() => new Promise(() => {}), [], { timeout: 10 });
    const exit = () => balancer.submit(() => process.exit(1));
    const unclonable = () => balancer.submit((f: unknown) => f, [() => 1]);
    for (const submit of [timeout, exit, unclonable]) {
      const frames = await framesOf(nest(submit));
      expect(frames.filter((frame) => /^(inner|outer) /.test(frame))).toHaveLength(2);
    }
  });

  it("of a signal's reason: the caller's own, untouched", async () => {
    const reason = new Error('mine');
    const before = reason.stack;
    const signal = AbortSignal.abort(reason);
    await expect(balancer.submit(() => 1, [], { signal })).rejects.toBe(reason);
    expect(reason.stack).toBe(before);
  });

  it('with traceSubmit: where submit was called, also if nobody awaits it there', async () => {
    await using traced = new Balancer({ workers: 1, traceSubmit: true });
    const bad = () => {
      throw new Error('told later');
    };
    function fireAndForget() {
      return traced.submit(bad);
    }
    const promise = fireAndForget();
    const frames = await framesOf(() => promise);
    expect(frames.slice(0, 3)).toEqual(like('bad ', 'Balancer.submit ', 'fireAndForget .*async-stack.test'));
  });
});
