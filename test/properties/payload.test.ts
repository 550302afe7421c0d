import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Memory, PAYLOAD_BYTES } from '../../dist/src/protocol/layout.js';
import { readOne, readValues } from '../../dist/src/values/slot-reader.js';
import { writeOne, writeValues } from '../../dist/src/values/slot-writer.js';

const HEADER_BYTES = 16;
const SLOT_BYTES = HEADER_BYTES + PAYLOAD_BYTES;
/** The slot in the middle of three. */
const SLOT = SLOT_BYTES / 4;

const text = fc.oneof(
  fc.string({ maxLength: 260, unit: 'binary' }),
  fc.string({ maxLength: 260, unit: fc.integer({ min: 0, max: 0xff }).map((c) => String.fromCharCode(c)) }),
  // Lone halves of pairs as well.
  fc.string({ maxLength: 130, unit: fc.integer({ min: 0, max: 0xffff }).map((c) => String.fromCharCode(c)) }),
  fc.string({
    maxLength: 10,
    unit: fc.integer({ min: 0xf0, max: 0x10f }).map((c) => String.fromCharCode(c)),
  }),
  // About as much as fits.
  fc.integer({ min: 225, max: 241 }).map((length) => 'x'.repeat(length)),
  fc.integer({ min: 112, max: 121 }).map((length) => '\u4e00'.repeat(length)),
);
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 260 }),
  fc.integer({ min: 225, max: 241 }).map((length) => new Uint8Array(length).fill(length)),
);
const small = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, true, false, null, undefined),
  fc.constantFrom(2n ** 63n, 2n ** 63n - 1n, -(2n ** 63n), -(2n ** 63n) - 1n),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
  text,
  bytes,
  bytes.map((part) => Buffer.from(part)),
);
/** Views of one buffer, overlapping or not. */
const views = fc.tuple(fc.nat(20), fc.nat(20), fc.nat(20), fc.nat(20)).map(([a, b, c, d]) => {
  const { buffer } = new Uint8Array(64).map((_, i) => i);
  return [new Uint8Array(buffer, a, b), Buffer.from(buffer, c, d)];
});
const large = fc.oneof(
  fc.object(),
  fc.array(fc.integer()),
  fc.constant(new Map([[1, 2]])),
  fc.constant(new Uint16Array(2)),
);
const values = fc.oneof(
  { weight: 6, arbitrary: fc.array(small, { maxLength: 8 }) },
  { weight: 1, arbitrary: fc.array(fc.oneof(small, large), { maxLength: 6 }) },
  { weight: 1, arbitrary: views },
  { weight: 1, arbitrary: fc.tuple(views, fc.array(small, { maxLength: 4 })).map(([v, s]) => [...s, ...v]) },
);

const LAST_NUMBER = 0x7fff_ffff;
const memories = [64, 64, 1_000].map((size) => new SharedArrayBuffer(size));
const viewClasses = [Buffer, DataView, Uint8Array, Int8Array, Uint8ClampedArray, Int16Array, Uint16Array];
const wideClasses = [Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array];
const sharedView = fc
  .tuple(fc.constantFrom(...memories), fc.constantFrom(...viewClasses, ...wideClasses), fc.nat(8), fc.nat(7))
  .map(([buffer, View, at, length]) => {
    if (View === Buffer) return Buffer.from(buffer, at, length);
    const Typed = View as Uint8ArrayConstructor;
    // Elements of up to 8 bytes: the last one ends at 64.
    return new Typed(buffer, 8 * Math.min(at, 8 - length), length) as ArrayBufferView;
  });
const mixed = fc
  .tuple(
    fc.array(fc.oneof({ weight: 4, arbitrary: sharedView }, fc.constantFrom(...memories), fc.nat()), {
      minLength: 1,
      maxLength: 6,
    }),
    fc.boolean(),
  )
  // At times one view twice.
  .map(([all, twice]) => (twice && all.length < 6 ? [...all, all[0]] : all))
  .filter((all) => all.some((value) => typeof value === 'object'));

/** Three slots full of canaries. */
function slots(canary: number): Memory {
  const memory = new Memory(new SharedArrayBuffer(3 * SLOT_BYTES));
  memory.u8.fill(canary);
  return memory;
}

function checkCanaries({ u8 }: Memory, canary: number): void {
  const payload = SLOT_BYTES + HEADER_BYTES;
  const outside = [...u8.subarray(0, payload), ...u8.subarray(payload + PAYLOAD_BYTES)];
  expect(outside.every((byte) => byte === canary)).toBe(true);
}

/** What structured clone makes of it; a Buffer stays one. */
const cloned = (value: unknown) =>
  Buffer.isBuffer(value) ? Buffer.from(structuredClone(new Uint8Array(value))) : structuredClone(value);

const sharesBuffers = (given: readonly unknown[]) => {
  const buffers = given.flatMap((value) => (ArrayBuffer.isView(value) ? [value.buffer] : []));
  return new Set(buffers).size < buffers.length;
};

describe('values in a slot', () => {
  it('come out as structured clone would make them, and nothing beside the payload is written', () => {
    fc.assert(
      fc.property(values, fc.nat(255), (given, canary) => {
        const memory = slots(canary);
        const kind = writeValues(memory, SLOT, given);
        checkCanaries(memory, canary);
        if (kind < 0) return;
        expect(sharesBuffers(given)).toBe(false);
        // The low bits are for flags, the sign is taken.
        expect(kind & 15).toBe(0);
        const read = readValues(memory, SLOT, kind);
        // What was read is not the slot itself, which is used again.
        memory.u8.fill(canary ^ 255);
        expect(isDeepStrictEqual(read, given.map(cloned))).toBe(true);
        expect(read.map((value) => Buffer.isBuffer(value))).toEqual(
          given.map((value) => Buffer.isBuffer(value)),
        );
        for (const [i, value] of read.entries())
          if (Object.is(given[i], -0)) expect(Object.is(value, -0)).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });

  it('the same for one value', () => {
    fc.assert(
      fc.property(fc.oneof(small, large), fc.nat(255), (given, canary) => {
        const memory = slots(canary);
        const kind = writeOne(memory, SLOT, given);
        checkCanaries(memory, canary);
        if (kind < 0) return;
        expect(kind & 15).toBe(0);
        const read = readOne(memory, SLOT, kind);
        memory.u8.fill(canary ^ 255);
        expect(isDeepStrictEqual(read, cloned(given))).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  it('views of shared memory come out as the same views of the same memory', () => {
    fc.assert(
      fc.property(mixed, fc.nat(255), fc.boolean(), (given, canary, isKnown) => {
        const memory = slots(canary);
        const buffers: SharedArrayBuffer[] = [];
        const numberOf = (buffer: SharedArrayBuffer) => {
          if (!isKnown) return 0;
          if (!buffers.includes(buffer)) buffers.push(buffer);
          return LAST_NUMBER - buffers.indexOf(buffer);
        };
        const kind = writeValues(memory, SLOT, given, {
          shares: { numberOf },
          arena: { most: 0, put: () => -1, putText: () => -1 },
        });
        checkCanaries(memory, canary);
        const objects = given.filter((value) => ArrayBuffer.isView(value));
        const isTwice = new Set(objects).size < objects.length;
        // Six of them fit, and the others are small.
        expect(kind > 0).toBe(isKnown && !isTwice);
        if (kind < 0) return;
        expect(kind & 15).toBe(0);
        const read = readValues(memory, SLOT, kind, (number) => buffers[LAST_NUMBER - number]!);
        memory.u8.fill(canary ^ 255);
        for (const [i, value] of given.entries()) {
          const got = read[i];
          if (!ArrayBuffer.isView(value)) {
            expect(got).toBe(value);
            continue;
          }
          if (!ArrayBuffer.isView(got)) throw new Error('no view');
          expect(Object.getPrototypeOf(got)).toBe(Object.getPrototypeOf(value));
          expect(got.buffer).toBe(value.buffer);
          expect([got.byteOffset, got.byteLength]).toEqual([value.byteOffset, value.byteLength]);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('what is small always fits: six numbers, a path, a digest', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(
            fc.oneof(
              fc.double(),
              fc.boolean(),
              fc.constantFrom(null, undefined),
              fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
            ),
            { maxLength: 6 },
          ),
          fc.tuple(fc.string({ maxLength: 200, unit: 'grapheme-ascii' }), fc.double()),
          fc.tuple(fc.uint8Array({ maxLength: 64 }), fc.string({ maxLength: 64, unit: 'grapheme-ascii' })),
        ),
        (given) => {
          expect(writeValues(slots(0), SLOT, given)).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  it('what lies about itself is not believed', () => {
    const long = Object.defineProperty(new Uint8Array(300).fill(1), 'length', { value: 3 });
    const proxied = new Proxy(new Uint8Array(300), {
      get: (target, key) => (key === 'length' ? 3 : Reflect.get(target, key, target)),
    });
    const throwing = new Proxy(
      {},
      {
        getPrototypeOf: () => {
          throw new Error('trap');
        },
      },
    );
    for (const hostile of [long, proxied, throwing]) {
      const memory = slots(170);
      expect(writeValues(memory, SLOT, [hostile])).toBe(-1);
      expect(writeOne(memory, SLOT, hostile)).toBe(-1);
      checkCanaries(memory, 170);
    }
  });
});
