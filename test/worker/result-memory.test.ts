import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { Balancer } from 'leastwork';
import { describe, expect, it } from 'vitest';
import type { ResultMessage, ToWorker } from '../../dist/src/protocol/messages.js';
import { MOST_RESULT_BYTES } from '../../dist/src/values/shared-views.js';
import { ResultMemory } from '../../dist/src/worker/result-memory.js';
import { ResultArena } from '../../dist/workers/loop/result-arena.js';
import { watchMessages } from '../support/messages.js';

const CAPACITY = 8;

/** Blocks the main thread. */
const block = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/** What a task of that number gives; of each kind of result that is larger than a slot. */
function result(number: number, length: number) {
  const text = String.fromCharCode(97 + (number % 26));
  if (number % 5 === 0) return new Uint8Array(length).fill(number);
  if (number % 5 === 1) return Buffer.alloc(length, number);
  if (number % 5 === 2) return text.repeat(length);
  // Beyond Latin-1, with half of a pair.
  if (number % 5 === 3) return `${text}\u20ac\ud83d\xe9`.repeat(length >> 2);
  return {
    number,
    list: Array.from({ length: 1 + (length >> 6) }, (_, i) => ({ i, text: text.repeat(40) })),
  };
}

const message = (parts: Partial<ResultMessage>) => parts as ResultMessage;

describe('the memory for results', () => {
  it('is given once, when results that fit it have come by message', () => {
    const sent: ToWorker[] = [];
    const memory = new ResultMemory((each) => sent.push(each));
    for (let i = 0; i < 20; i++) {
      memory.cameByMessage(message({ value: { any: 'object' } }));
      memory.cameByMessage(message({ value: 'x'.repeat(MOST_RESULT_BYTES + 1) }));
      memory.cameByMessage(message({ value: new Uint8Array(MOST_RESULT_BYTES + 1) }));
      memory.cameByMessage(message({ value: new Uint16Array(100) }));
    }
    for (let i = 0; i < 3; i++) memory.cameByMessage(message({ value: new Uint8Array(100) }));
    expect(sent).toEqual([]);
    for (let i = 0; i < 9; i++) memory.cameByMessage(message({ tree: new ArrayBuffer(100) }));
    expect(sent).toEqual([{ type: 'results', buffer: memory.of() }]);
  });

  it('goes to the next thread when its own has ended', () => {
    const give = () => {
      const memory = new ResultMemory(() => {});
      for (let i = 0; i < 4; i++) memory.cameByMessage(message({ value: new Uint8Array(100) }));
      return memory;
    };
    const first = give();
    const other = give();
    const buffer = first.of();
    expect(other.of()).not.toBe(buffer);
    first.close();
    first.close();
    expect(give().of()).toBe(buffer);
    expect(give().of()).not.toBe(buffer);
  });

  it('holds the bytes of each completion until the one a round later', () => {
    const lengths = fc.array(fc.nat({ max: MOST_RESULT_BYTES }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(lengths, (all) => {
        const arena = new ResultArena(new SharedArrayBuffer(CAPACITY * 10_000), CAPACITY);
        const kept: { from: number; to: number }[] = [];
        for (const [position, length] of all.entries()) {
          arena.begin(position);
          // The main thread may have read up to the one before.
          const unread = kept.slice(Math.max(0, position - CAPACITY + 1));
          const at = length === 0 ? -1 : arena.arena.put(new Uint8Array(length), length);
          const from = Math.max(at, 0);
          const to = at < 0 ? from : at + length;
          expect(to).toBeLessThanOrEqual(CAPACITY * 10_000);
          for (const other of unread) expect(from < other.to && other.from < to).toBe(false);
          kept.push({ from, to });
          arena.end(position);
        }
      }),
    );
  });

  it('has room again when what it holds has been read', () => {
    const arena = new ResultArena(new SharedArrayBuffer(2_000), 2);
    const put = (position: number) => {
      arena.begin(position);
      const at = arena.arena.put(new Uint8Array(1_000), 1_000);
      arena.end(position);
      return at;
    };
    expect([0, 1, 2, 3, 4].map(put)).toEqual([0, 1_000, 0, 1_000, 0]);
    const full = new ResultArena(new SharedArrayBuffer(2_000), 4);
    full.begin(0);
    expect([1, 2, 3].map(() => full.arena.put(new Uint8Array(1_000), 1_000))).toEqual([0, 1_000, -1]);
  });
});

describe('results that do not fit a slot', () => {
  it('arrive whole, of any size, while the main thread is late now and then', async () => {
    await using balancer = new Balancer({ workers: 2 });
    const sent = watchMessages();
    let next = 0;
    const caller = async () => {
      for (let number = next++; number < 3_000; number = next++) {
        const length = 100 + ((number * 7_919) % 20_000);
        const given = await balancer.submit(result, [number, length]);
        expect(isDeepStrictEqual(given, result(number, length)), `${number}`).toBe(true);
        if (number % 300 === 0) block(20);
      }
    };
    await Promise.all(Array.from({ length: 150 }, caller));
    expect(sent('results')).toBe(2);
  });

  it('are strings as well, and so are arguments: of any length, and of all characters', async () => {
    await using balancer = new Balancer({ workers: 1 });
    const texts = ['a', '\xff', '\0', 'é€', '\ud83d', '\ud83d\ude00'].flatMap((unit) =>
      [100, 239, 240, 1_001, 8_191, 16_385, 40_000, 70_000].map((length) => unit.repeat(length)),
    );
    // Ropes and slices, too.
    texts.push(
      `${texts[3]}${texts[20]}`,
      (texts[5] as string).slice(7),
      (texts[21] as string).slice(1, 4_000),
    );
    for (let round = 0; round < 3; round++) {
      const given = await Promise.all(
        texts.map((text, i) =>
          balancer.submit((a: string, b: number, c: string) => c + a + b, [text, i, `${i}:`]),
        ),
      );
      expect(given.every((text, i) => text === `${i}:${texts[i]}${i}`)).toBe(true);
      // Two long ones in one request.
      const pair = await balancer.submit(
        (a: string, b: string) => [a.length, b],
        [texts[5] as string, texts[29] as string],
      );
      expect(pair).toEqual([texts[5]?.length, texts[29]]);
    }
  });

  it('are the caller’s own: not shared memory, and not written to by later ones', async () => {
    await using balancer = new Balancer({ workers: 1 });
    const make = (value: number) => new Uint8Array(1_000).fill(value);
    const first = await Promise.all(Array.from({ length: 100 }, (_, i) => balancer.submit(make, [i])));
    for (const { buffer, byteOffset } of first) {
      expect(buffer).toBeInstanceOf(ArrayBuffer);
      expect([byteOffset, buffer.byteLength]).toEqual([0, 1_000]);
    }
    await Promise.all(Array.from({ length: 2_000 }, () => balancer.submit(make, [255])));
    expect(first.map((bytes) => [bytes[0], bytes[999]])).toEqual(first.map((_, i) => [i, i]));
  });

  it('of a thread that has ended since arrive, if they were complete', async () => {
    await using balancer = new Balancer({ workers: 1, retries: 0 });
    const make = (value: number) => {
      if (value === 25) process.exit(3);
      return new Uint8Array(3_000).fill(value);
    };
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 10; i++) await balancer.submit(make, [i]);
      const all = Promise.allSettled(Array.from({ length: 40 }, (_, i) => balancer.submit(make, [i])));
      await new Promise((resolve) => setImmediate(resolve));
      block(100);
      for (const [i, outcome] of (await all).entries()) {
        if (i === 25) expect(outcome).toMatchObject({ reason: { code: 'ERR_WORKER_CRASHED' } });
        else
          expect(
            isDeepStrictEqual((outcome as { value?: unknown }).value, new Uint8Array(3_000).fill(i)),
          ).toBe(true);
      }
    }
  });
});
