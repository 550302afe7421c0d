import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Memory } from '../../dist/src/protocol/layout.js';
import { byteSize } from '../../dist/src/values/byte-size.js';
import { ChunkMemories, FreeMemories } from '../../dist/src/values/chunk-memory.js';
import {
  BY_MESSAGE,
  clearOutcomes,
  OutcomeReader,
  OutcomeWriter,
  outcomeBytes,
} from '../../dist/src/values/outcomes.js';
import { packItems, unpackItems } from '../../dist/src/values/packed-items.js';

const plain = fc.oneof(
  fc.constantFrom(undefined, null, true, false, 0, -0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31),
  fc.integer(),
  fc.double(),
  fc.string({ maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.array(fc.integer(), { maxLength: 20 }),
  fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.constant(null)), {
    noNullPrototype: true,
  }),
);

const memoryOf = (bytes: number) => new Memory(new SharedArrayBuffer(bytes));
const pack = (items: readonly unknown[], from = 0, memories = new ChunkMemories(new FreeMemories())) => {
  const bytes = items.slice(from).reduce<number>((sum, item) => sum + byteSize(item), 0);
  return packItems(items, from, items.length, bytes, memories);
};

describe('outcomes in shared memory', () => {
  it('each is read as it was written, or is to be sent by message; those behind it do not suffer', () => {
    fc.assert(
      fc.property(fc.array(plain, { minLength: 1, maxLength: 40 }), fc.nat(400), (values, each) => {
        const end = outcomeBytes(values.length, each);
        const memory = memoryOf(end);
        const writer = new OutcomeWriter(memory, end, values.length);
        const reader = new OutcomeReader(memory);
        const fits = values.map((value) => {
          const isWritten = writer.publish(value);
          if (!isWritten) writer.publishSent();
          return isWritten;
        });
        expect(reader.published).toBe(values.length);
        for (const [i, value] of values.entries()) {
          expect(reader.isNextByMessage).toBe(!fits[i]);
          const read = reader.next();
          if (fits[i]) expect(read).toStrictEqual(value);
          else expect(read).toBe(BY_MESSAGE);
        }
        expect(reader.bytes).toBeLessThanOrEqual(end);
      }),
    );
  });

  it('what has been published is there before the rest is', () => {
    const end = outcomeBytes(3, 64);
    const memory = memoryOf(end);
    const writer = new OutcomeWriter(memory, end, 3);
    const reader = new OutcomeReader(memory);
    expect(reader.published).toBe(0);
    writer.publish('first');
    expect(reader.published).toBe(1);
    expect(reader.next()).toBe('first');
    writer.publish({ second: 2 });
    expect(reader.next()).toEqual({ second: 2 });
    expect(reader.count).toBe(2);
  });

  it('memory that is used again begins empty', () => {
    const memory = memoryOf(outcomeBytes(1, 8));
    new OutcomeWriter(memory, outcomeBytes(1, 8), 1).publish(1);
    clearOutcomes(memory);
    expect(new OutcomeReader(memory).published).toBe(0);
  });

  it.each([
    1n,
    Symbol('s'),
    () => 1,
    new Date(),
    new Map(),
    Buffer.from('a'),
    new Proxy({}, {}),
    new Array(2),
  ])('is refused, as nothing but a message carries it: %s', (value) => {
    const writer = new OutcomeWriter(memoryOf(4_096), 4_096, 1);
    expect(writer.publish(value)).toBe(false);
  });
});

describe('packed items', () => {
  const unpack = (items: readonly unknown[]) => {
    const all: unknown[] = [];
    const memories = new ChunkMemories(new FreeMemories());
    for (let from = 0; from < items.length; ) {
      const run = pack(items, from, memories);
      if (run === undefined) {
        all.push(items[from++]);
        continue;
      }
      const itemOf = unpackItems(structuredClone(run.items), new Memory(run.memory.shared));
      for (let i = 0; i < run.count; i++) all.push(itemOf(i));
      memories.giveBack(run.memory);
      from += run.count;
    }
    return all;
  };

  it('come out as they went in, whatever is next to them', () => {
    fc.assert(
      fc.property(fc.array(plain, { maxLength: 40 }), (items) => {
        expect(unpack(items)).toStrictEqual(items);
      }),
    );
  });

  it.each([1, 3, 200])('wide and narrow texts, short and long, change places every %i', (every) => {
    const text = (n: number) => (Math.floor(n / every) % 2 === 0 ? 'a' : '\u4e00').repeat((n * 37) % 5_000);
    const texts = Array.from({ length: 600 }, (_, n) => text(n));
    expect(unpack(texts)).toEqual(texts);
    const objects = texts.map((each, n) => ({ n, each }));
    expect(unpack(objects)).toEqual(objects);
  });

  it('a long text travels alone', () => {
    const long = 'x'.repeat(200_000);
    expect(pack([long, 'a'])).toBeUndefined();
    expect(pack(['a', 'b', long, 'c'])?.count).toBe(2);
    expect(pack([{ long }, 1])).toBeUndefined();
  });

  it('the longest run goes together', () => {
    const count = (...items: unknown[]) => pack(items)?.count;
    expect(count('a', 'b', 'c')).toBe(3);
    expect(count(1, 'a', null, undefined, 1n)).toBe(5);
    expect(count(1, {}, 2)).toBe(1);
    expect(count({}, [], { a: 1 }, 2)).toBe(3);
    expect(count({}, new Date(), {})).toBe(1);
    expect(count(new Date(), {})).toBeUndefined();
    expect(count(Symbol('s'))).toBeUndefined();
  });
});

describe('memory of chunks that are over', () => {
  it('serves the next map of the same Balancer, if it is large enough; little of it is kept', () => {
    const free = new FreeMemories();
    const first = new ChunkMemories(free).take(10, 10_000);
    new ChunkMemories(free).giveBack(first);
    const next = new ChunkMemories(free);
    expect(next.take(10, 9_000).shared).toBe(first.shared);
    expect(next.take(10, 9_000).shared).not.toBe(first.shared);
    next.giveBack(first);
    expect(next.take(10, 1_000_000).shared.byteLength).toBeGreaterThan(1_000_000);
    for (let i = 0; i < 9; i++) free.giveBack(memoryOf(2 ** 20));
    const kept = Array.from({ length: 9 }, () => free.take(1)).filter((memory) => memory !== undefined);
    expect(kept).toHaveLength(4);
  });
});
