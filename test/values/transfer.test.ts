import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { Balancer } from 'leastwork';
import { transfer } from 'leastwork/task';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gate, wait } from '../support/gate.js';
import { taskEntry } from '../support/task-entry.js';

/** As users write it in a module of tasks. */

const detach = (buffer: ArrayBuffer) => structuredClone(buffer, { transfer: [buffer] });

const bufferOf = (...bytes: number[]) => new Uint8Array(bytes).buffer as ArrayBuffer;

describe('what moves instead of being copied', () => {
  let balancer: Balancer;
  beforeAll(() => {
    balancer = new Balancer({ workers: 1 });
  });
  afterAll(() => balancer.close());

  it('a transferred buffer is in the task, and no more with the caller', async () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const sum = balancer.submit((b) => b[0]! + b[1]! + b[2]!, [bytes], { transfer: [bytes.buffer] });
    expect(await sum).toBe(6);
    expect(bytes.length).toBe(0);
  });

  it('two byte arrays, one of them all of its buffer and one a part: both move, and stay what they are', async () => {
    const [whole, part] = [new Uint8Array([1, 2]), new Uint8Array(bufferOf(3, 4, 5), 1, 2)] as const;
    const seen = balancer.submit((a, b) => [...a, ...b, b.byteOffset, b.buffer.byteLength], [whole, part], {
      transfer: [whole.buffer, part.buffer],
    });
    expect(await seen).toEqual([1, 2, 4, 5, 1, 3]);
    expect([whole.length, part.length]).toEqual([0, 0]);
  });

  it('several byte arrays beside other values', async () => {
    const [first, second] = [new Uint8Array([1]), Buffer.from(new Uint8Array([2]).buffer)] as const;
    const seen = balancer.submit(
      (n, a, text, b) => [n, a[0], text, b[0], Buffer.isBuffer(a), Buffer.isBuffer(b)],
      [5, first, 'text', second],
      { transfer: [second.buffer, first.buffer] },
    );
    expect(await seen).toEqual([5, 1, 'text', 2, false, true]);
    expect([first.length, second.length]).toEqual([0, 0]);
  });

  it.each([[{}], [undefined], [5], [new Map()], [new Uint8Array(3)]])(
    'the caller puts %j in their place before they are sent: that is sent, and nothing else suffers',
    async (other) => {
      const bytes = new Uint8Array([1, 2]);
      const args: [unknown] = [bytes];
      const seen = balancer.submit((value) => value, args, { transfer: [bytes.buffer] });
      args[0] = other;
      expect(await seen).toEqual(other);
      expect(await balancer.submit(() => 'goes on')).toBe('goes on');
    },
  );

  it('a list of arguments that throws as they are sent: refused, and the buffer stays', async () => {
    const bytes = new Uint8Array([1, 2]);
    let throws = false;
    const args: [Uint8Array] = [bytes];
    Object.defineProperty(args, 0, {
      get: () => {
        if (throws) throw new Error('no more');
        return bytes;
      },
    });
    const refused = balancer.submit((b) => b.length, args, { transfer: [bytes.buffer] });
    throws = true;
    await expect(refused).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: 'arguments[0]' });
    expect(bytes.length).toBe(2);
  });

  it('the arguments of the caller are left as they are, but for the buffers', async () => {
    const bytes = new Uint8Array([1, 2]);
    const args = [bytes, 'text'] as const;
    await balancer.submit((a, b) => [a, b], args, { transfer: [bytes.buffer] });
    expect(args[0]).toBe(bytes);
    expect(args[1]).toBe('text');
  });

  it('buffers deep inside the arguments, and a port', async () => {
    const inner = bufferOf(7);
    const { port1, port2 } = new MessageChannel();
    const given = { list: [new Map([['data', new Uint8Array(inner)]])], port: port2 };
    const seen = await balancer.submit(
      (v) => {
        v.port.postMessage('from the task');
        v.port.close();
        return v.list[0]!.get('data')![0];
      },
      [given],
      { transfer: [inner, port2] },
    );
    expect(seen).toBe(7);
    expect(inner.byteLength).toBe(0);
    expect(receiveMessageOnPort(port1)).toEqual({ message: 'from the task' });
    port1.close();
  });

  it('a result marked by `transfer` arrives whole, and is gone in the worker', async () => {
    const seen = await balancer.submit(
      async (url) => {
        const { transfer } = await import(url);
        const bytes = new Uint8Array(100_000).fill(5);
        Reflect.set(globalThis, 'transferred', bytes);
        return transfer({ bytes }, [bytes.buffer]) as { bytes: Uint8Array };
      },
      [taskEntry],
    );
    expect([seen.bytes.length, seen.bytes[99_999]]).toEqual([100_000, 5]);
    const left = await balancer.submit(() => (Reflect.get(globalThis, 'transferred') as Uint8Array).length);
    expect(left).toBe(0);
  });

  it.each([5, 'text', [1, 2], { n: 1 }, null])(
    'a marked result without anything to transfer: %j',
    async (value) => {
      const task = async (entry: string, result: unknown) => {
        const { transfer } = await import(entry);
        return transfer(result, []);
      };
      expect(await balancer.submit(task, [taskEntry, value])).toEqual(value);
    },
  );

  it('a mark inside a result is refused, with its place', async () => {
    const task = async (entry: string) => {
      const { transfer } = await import(entry);
      const bytes = new Uint8Array(3);
      return { small: transfer(5, []), bytes: transfer(bytes, [bytes.buffer]) };
    };
    await expect(balancer.submit(task, [taskEntry])).rejects.toMatchObject({
      code: 'ERR_NOT_CLONEABLE',
      path: 'the result.small',
      message: expect.stringContaining('is marked by transfer(), meant for the whole result of a task'),
    });
  });

  it('so is a mark among the arguments, and its buffer stays', async () => {
    const bytes = new Uint8Array(3);
    await expect(balancer.submit((b) => b.length, [transfer(bytes, [bytes.buffer])])).rejects.toMatchObject({
      code: 'ERR_NOT_CLONEABLE',
      path: 'arguments[0]',
    });
    expect(bytes.length).toBe(3);
  });

  it('a SharedArrayBuffer stays shared on both ways, and through a view', async () => {
    const shared = new SharedArrayBuffer(8);
    const back = await balancer.submit(
      (buffer, view) => {
        view[1] = 4;
        new Uint8Array(buffer)[0] = 3;
        return { buffer, view };
      },
      [shared, new Uint8Array(shared)] as const,
    );
    expect([...new Uint8Array(shared, 0, 2)]).toEqual([3, 4]);
    new Uint8Array(back.buffer)[2] = 9;
    expect(new Uint8Array(shared)[2]).toBe(9);
    expect(back.view[2]).toBe(9);
  });

  it('two views of one buffer stay two views of one buffer, and one view given twice stays one', async () => {
    const data = new Uint8Array(64).fill(1);
    const task = (a: Uint8Array, b: Uint8Array, c: Uint8Array) => {
      a[0] = 42;
      return [a.buffer === b.buffer, b[0], a === c];
    };
    const views = [data.subarray(0, 8), data.subarray(0, 4)] as const;
    expect(await balancer.submit(task, [...views, views[0]])).toEqual([true, 42, true]);
    const large = new Uint8Array(100_000).fill(1);
    const far = [large.subarray(500, 508), large.subarray(500, 504)] as const;
    expect(await balancer.submit(task, [...far, far[0]])).toEqual([true, 42, true]);
    expect(await balancer.submit(task, [...views, data.slice(0, 8)])).toEqual([true, 42, false]);
  });

  it('of a Buffer in a pool only its own bytes travel', async () => {
    const chunk = Buffer.alloc(1_000_000);
    const part = chunk.subarray(10, 400).fill('x');
    const [length, whole] = await balancer.submit((b) => [b.length, b.buffer.byteLength], [part]);
    expect(length).toBe(390);
    expect(whole).toBeLessThan(1_000);
    const nested = await balancer.submit((v) => v.part.buffer.byteLength, [{ part }]);
    expect(nested).toBeLessThan(1_000);
    const back = await balancer.submit(() => Buffer.alloc(1_000_000, 'y').subarray(5, 505));
    expect(back.toString()).toBe('y'.repeat(500));
    expect(back.buffer.byteLength).toBeLessThan(1_000);
  });

  const gone = bufferOf(1);
  detach(gone);
  const listed = bufferOf(1);
  const whole = new Uint8Array(listed);
  const twice = [whole, whole];
  const wrongLists: [string, unknown[], object[], string, RegExp][] = [
    ['a buffer that is not in the arguments', [1], [bufferOf(1)], '[0]', /not in the arguments/],
    ['the second of two is not', [listed], [listed, bufferOf(2)], '[1]', /not in the arguments/],
    ['the same buffer twice', [listed], [listed, listed], '[1]', /in the list already/],
    ['a byte array twice', twice, twice.map((bytes) => bytes.buffer), '[1]', /in the list already/],
    [
      'one byte array twice, and another buffer',
      twice,
      [twice[0]!.buffer, bufferOf(2)],
      '[1]',
      /not in the arguments/,
    ],
    ['a view instead of its buffer', [new Uint8Array(2)], [new Uint8Array(2)], '[0]', /view \(Uint8Array\)/],
    ['a SharedArrayBuffer', [], [new SharedArrayBuffer(1)], '[0]', /shared as it is/],
    ['a plain object', [{}], [{}], '[0]', /only be copied/],
    ['a detached buffer', [gone], [gone], '[0]', /detached/],
    ['a Map', [], [new Map()], '[0]', /object \(Map\) that can only be copied/],
    ['a Date', [listed], [listed, new Date()], '[1]', /object \(Date\) that can only be copied/],
    ['a number', [listed], [listed, 3 as never], '[1]', /got 3, expected an object/],
  ];
  it.each(wrongLists)('refused: %s', async (_, args, transfer, index, message) => {
    await expect(balancer.submit((...v: unknown[]) => v.length, args, { transfer })).rejects.toMatchObject({
      code: 'ERR_INVALID_OPTION',
      option: `submit options.transfer${index}`,
      message: expect.stringMatching(message),
    });
    // Nothing was taken from the caller.
    expect(listed.byteLength).toBe(1);
  });

  it('a port that is closed, or was transferred before, is named; so are other objects that Node refuses', async () => {
    const pathOf = async (args: readonly unknown[], transfer: object[]) => {
      const task = (...v: unknown[]) => v.length;
      return balancer.submit(task, args, { transfer }).catch(({ code, path }) => `${code} ${path}`);
    };
    const [live, closed, moved] = [new MessageChannel(), new MessageChannel(), new MessageChannel()];
    closed.port1.close();
    await new Promise((resolve) => closed.port2.once('close', resolve));
    const refused = 'ERR_NOT_CLONEABLE submit options.transfer';
    expect(await pathOf([live.port1, closed.port1], [live.port1, closed.port1])).toBe(`${refused}[1]`);
    expect(await pathOf([moved.port1], [moved.port1])).toBe(1);
    expect(await pathOf([moved.port1], [moved.port1])).toBe(`${refused}[0]`);
    class Mine {
      a = 1;
    }
    const mine = new Mine();
    expect(await pathOf([live.port1, mine], [live.port1, mine])).toBe(`${refused}[1]`);
    const stream = new ReadableStream();
    stream.getReader();
    expect(await pathOf([stream], [stream])).toBe(`${refused}[0]`);
    // What was not at fault is still there.
    live.port1.postMessage('here');
    expect(receiveMessageOnPort(live.port2)).toEqual({ message: 'here' });
    live.port1.close();
    moved.port2.close();
  });

  it('a buffer in the cause of an error moves as well', async () => {
    const buffer = bufferOf(1, 2);
    const error = new Error('outer', { cause: new Uint8Array(buffer) });
    const seen = await balancer.submit((e) => (e.cause as Uint8Array).length, [error], {
      transfer: [buffer],
    });
    expect([seen, buffer.byteLength]).toEqual([2, 0]);
  });

  it('a buffer in another property of an error, which is not cloned, is refused', async () => {
    const buffer = bufferOf(1, 2);
    const error = Object.assign(new Error('outer'), { buffer });
    await expect(balancer.submit((e) => e.message, [error], { transfer: [buffer] })).rejects.toMatchObject({
      option: 'submit options.transfer[0]',
    });
    expect(buffer.byteLength).toBe(2);
  });

  it('a buffer that is taken away between submit and dispatch: refused, alone', async () => {
    const buffer = bufferOf(1, 2);
    const twice = await Promise.allSettled(
      [0, 1, 2].map((i) =>
        i === 1
          ? balancer.submit(() => 'between')
          : balancer.submit((b) => b.byteLength, [buffer], { transfer: [buffer] }),
      ),
    );
    expect(twice).toMatchObject([
      { value: 2 },
      { value: 'between' },
      { reason: { code: 'ERR_NOT_CLONEABLE', path: 'submit options.transfer[0]' } },
    ]);
  });

  const wrongResults: [string, string, string, RegExp][] = [
    ['no list', 'transfer(5)', 'ERR_INVALID_OPTION', /got no array/],
    ['not in the result', 'transfer(5, [new ArrayBuffer(1)])', 'ERR_INVALID_OPTION', /not in the result/],
    ['twice', '((a) => transfer(a, [a, a]))(new ArrayBuffer(1))', 'ERR_INVALID_OPTION', /already/],
    [
      'detached after it was marked',
      '((a, m) => (structuredClone(a, { transfer: [a] }), m))(...[new ArrayBuffer(1)].flatMap((a) => [a, transfer(a, [a])]))',
      'ERR_NOT_CLONEABLE',
      /detached/,
    ],
  ];
  it.each(wrongResults)('a result transferred wrongly: %s', async (_, source, code, message) => {
    const task = new Function('url', `return import(url).then(({ transfer }) => ${source})`) as (
      url: string,
    ) => unknown;
    await expect(balancer.submit(task, [taskEntry])).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(await balancer.submit(() => 'goes on')).toBe('goes on');
  });

  it('a context that cannot be cloned is named as such', async () => {
    const context = { deep: [() => 1] };
    await expect(balancer.submit((v) => v, [1], { context })).rejects.toMatchObject({
      code: 'ERR_NOT_CLONEABLE',
      path: 'submit options.context.deep[0]',
    });
  });

  it('buffers of requests that wait behind others move when they are sent, and are right', async () => {
    const gate = new Gate();
    const blocked = balancer.submit(wait, [gate.shared]);
    await gate.reached(1);
    const sums = [...Array(100).keys()].map((i) => {
      const bytes = new Uint8Array(300).fill(i);
      return balancer.submit((b) => b[299], [bytes], { transfer: [bytes.buffer] });
    });
    gate.open();
    await blocked;
    expect(await Promise.all(sums)).toEqual([...Array(100).keys()]);
  });
});
