import { Balancer } from 'leastwork';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchMessages } from '../support/messages.js';

/** What a task sees of its argument. */
interface Seen {
  readonly name: string;
  readonly isBuffer: boolean;
  readonly isShared: boolean;
  readonly offset: number;
  readonly bytes: number;
  readonly memory: number;
}

function look(value: ArrayBufferView | SharedArrayBuffer): Seen {
  const isView = ArrayBuffer.isView(value);
  const buffer = isView ? value.buffer : value;
  return {
    name: Object.getPrototypeOf(value).constructor.name,
    isBuffer: Buffer.isBuffer(value),
    isShared: buffer instanceof SharedArrayBuffer,
    offset: isView ? value.byteOffset : 0,
    bytes: value.byteLength,
    memory: buffer.byteLength,
  };
}

type MemoryClass = new (options: {
  initial: number;
  maximum: number;
  shared: true;
}) => {
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): void;
};

class Derived extends Uint8Array {}

const makers: Record<string, (buffer: SharedArrayBuffer) => ArrayBufferView | SharedArrayBuffer> = {
  SharedArrayBuffer: (buffer) => buffer,
  Buffer: (buffer) => Buffer.from(buffer, 3, 5),
  'an empty Buffer': (buffer) => Buffer.from(buffer, 64, 0),
  DataView: (buffer) => new DataView(buffer, 1, 7),
  Uint8Array: (buffer) => new Uint8Array(buffer, 5, 11),
  'a whole Uint8Array': (buffer) => new Uint8Array(buffer),
  Int8Array: (buffer) => new Int8Array(buffer, 1, 2),
  Uint8ClampedArray: (buffer) => new Uint8ClampedArray(buffer, 1, 2),
  Int16Array: (buffer) => new Int16Array(buffer, 2, 3),
  Uint16Array: (buffer) => new Uint16Array(buffer, 4, 3),
  Int32Array: (buffer) => new Int32Array(buffer, 4, 3),
  Uint32Array: (buffer) => new Uint32Array(buffer, 8, 3),
  Float32Array: (buffer) => new Float32Array(buffer, 12, 3),
  Float64Array: (buffer) => new Float64Array(buffer, 16, 3),
  BigInt64Array: (buffer) => new BigInt64Array(buffer, 24, 2),
  BigUint64Array: (buffer) => new BigUint64Array(buffer, 32, 2),
};

describe('views of shared memory', () => {
  let balancer: Balancer;
  beforeAll(() => {
    balancer = new Balancer({ workers: 1 });
  });
  afterAll(() => balancer.close());

  it.each(Object.keys(makers))('%s: the same by message, at first, and in a slot, later', async (name) => {
    const value = makers[name]!(new SharedArrayBuffer(64));
    const expected = look(value);
    const sent = watchMessages();
    for (let i = 0; i < 4; i++) expect(await balancer.submit(look, [value])).toEqual(expected);
    expect([sent('arguments'), sent('share')]).toEqual([1, 1]);
  });

  it('stay shared, both ways', async () => {
    const words = new Int32Array(new SharedArrayBuffer(16), 4, 2);
    for (let i = 1; i <= 5; i++) {
      words[0] = i;
      const seen = await balancer.submit(
        (view) => {
          view[1] = view[0]! * 2;
          return view[0]!;
        },
        [words],
      );
      expect([seen, words[1]]).toEqual([i, 2 * i]);
    }
  });

  it('travel in a slot beside other values, up to six of them', async () => {
    const shared = new SharedArrayBuffer(8);
    const bytes = new Uint8Array(shared, 0, 4);
    bytes[2] = 9;
    const read = (b: Uint8Array, i: number, o: { add: number }, t: string, d: Buffer, s: SharedArrayBuffer) =>
      `${b[i]! + o.add} ${t} ${d[0]} ${s === b.buffer}`;
    const submit = () => balancer.submit(read, [bytes, 2, { add: 1 }, 'text', Buffer.from([7]), shared]);
    expect(await submit()).toBe('10 text 7 true');
    const sent = watchMessages();
    expect(await submit()).toBe('10 text 7 true');
    expect(sent('arguments')).toBe(0);
  });

  it('of one buffer are of one buffer in the task', async () => {
    const buffer = new SharedArrayBuffer(16);
    const views = [new Uint8Array(buffer, 0, 8), new Int32Array(buffer, 8, 2), buffer] as const;
    for (let i = 0; i < 3; i++) {
      const same = await balancer.submit(
        (a, b, c) => (a.buffer as unknown) === c && (b.buffer as unknown) === c,
        [...views],
      );
      expect(same).toBe(true);
    }
  });

  it('given twice are one', async () => {
    const view = new Uint8Array(new SharedArrayBuffer(16));
    for (let i = 0; i < 3; i++) expect(await balancer.submit((a, b) => a === b, [view, view])).toBe(true);
  });

  it('of a class of their own arrive as structured clone makes them', async () => {
    const derived = new Derived(new SharedArrayBuffer(16) as ArrayBufferLike as ArrayBuffer, 4, 4);
    for (let i = 0; i < 3; i++) {
      const seen = await balancer.submit(look, [derived]);
      expect(seen).toMatchObject({ name: 'Uint8Array', isShared: true, offset: 4, bytes: 4 });
    }
  });

  it('of a buffer that grows follow it', async () => {
    const Growable = SharedArrayBuffer as unknown as new (
      bytes: number,
      options: { maxByteLength: number },
    ) => SharedArrayBuffer & { grow(bytes: number): void };
    const buffer = new Growable(8, { maxByteLength: 32 });
    const view = new Uint8Array(buffer);
    const grow = (v: Uint8Array) => {
      (v.buffer as unknown as { grow(bytes: number): void }).grow(v.length + 8);
      return v.length;
    };
    for (const bytes of [16, 24, 32]) {
      expect(await balancer.submit(grow, [view])).toBe(bytes);
      expect(view.length).toBe(bytes);
      expect((await balancer.submit(look, [buffer])).bytes).toBe(bytes);
    }
  });

  it('that lie about their place and length are not believed', async () => {
    const view = new Uint8Array(new SharedArrayBuffer(16), 4, 4);
    Object.defineProperties(view, {
      byteOffset: { value: 0 },
      length: { value: 16 },
      buffer: { value: new SharedArrayBuffer(1_000) },
    });
    for (let i = 0; i < 3; i++) {
      expect(await balancer.submit(look, [view])).toMatchObject({ offset: 4, bytes: 4, memory: 16 });
    }
  });

  it('of a WebAssembly memory show what there is after it has grown', async () => {
    const { Memory } = (globalThis as unknown as { WebAssembly: { Memory: MemoryClass } }).WebAssembly;
    const memory = new Memory({ initial: 1, maximum: 3, shared: true });
    const size = (view: Uint8Array) => view.length;
    for (let pages = 1; pages <= 3; pages++) {
      for (let i = 0; i < 3; i++) {
        expect(await balancer.submit(size, [new Uint8Array(memory.buffer)])).toBe(pages * 65_536);
      }
      if (pages < 3) memory.grow(1);
    }
  });

  it('as results are what they were', async () => {
    const view = new Uint16Array(new SharedArrayBuffer(16), 2, 3);
    for (let i = 0; i < 3; i++) {
      const result = await balancer.submit((v) => v, [view]);
      view[1] = i;
      expect(look(result)).toEqual(look(view));
      expect(result[1]).toBe(i);
    }
  });
});
