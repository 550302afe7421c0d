import { MessagePort } from 'node:worker_threads';
import fc from 'fast-check';
import { Balancer } from 'leastwork';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ToWorker } from '../../dist/src/protocol/messages.js';
import { advance } from '../../dist/src/protocol/positions.js';
import { Request } from '../../dist/src/requests/request.js';
import { Arena } from '../../dist/src/worker/arena.js';
import { ARENA_BYTES } from '../../dist/src/worker/arena-memory.js';
import { InFlight } from '../../dist/src/worker/in-flight.js';
import { MemoryPool } from '../../dist/src/worker/memory-pool.js';
import { Gate, wait } from '../support/gate.js';
import { watchMessages } from '../support/messages.js';

const CAPACITY = 16;

const length = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 1, max: 70_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 70_000, max: 2 ** 20 }) },
);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.array(length, { maxLength: 3 }) },
  { weight: 3, arbitrary: fc.constant('leave' as const) },
  { weight: 1, arbitrary: fc.record({ takeBack: fc.integer({ min: 1, max: 6 }), keep: fc.nat(63) }) },
);

describe('the memory beside a window', () => {
  it('is used again for the next thread, when its own has ended', () => {
    const source = new MemoryPool(ARENA_BYTES);
    const sent: unknown[] = [];
    const open = () => {
      const arena = new Arena(
        (message) => sent.push(message.type === 'share' && message.buffer),
        new InFlight(CAPACITY, { pending: 0, work: 0 }),
        source,
      );
      arena.begin();
      expect(arena.put(new Uint8Array(1_000), 1_000)).toBe(0);
      return arena;
    };
    const first = open();
    const second = open();
    expect(sent[1]).not.toBe(sent[0]);
    first.close();
    // Once, however often it is closed.
    first.close();
    open();
    open();
    expect(sent[2]).toBe(sent[0]);
    expect(new Set(sent).size).toBe(3);
    second.close();
    open();
    expect(sent[4]).toBe(sent[1]);
  });

  it('keeps the bytes of each request until it has left, whatever is taken back', () => {
    const task = { id: 1, mean: 0 } as Request['task'];
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 80 }), (steps) => {
        const ledger = new InFlight(CAPACITY, { pending: 0, work: 0 });
        let memory: Uint8Array<ArrayBufferLike> = new Uint8Array(0);
        const arena = new Arena(
          (message) => {
            if (message.type === 'share') memory = new Uint8Array(message.buffer);
          },
          ledger,
          new MemoryPool(ARENA_BYTES),
        );
        /** By request id: where its values are, and their first and last bytes. */
        const places = new Map<number, { at: number; length: number }[]>();
        let id = 0;
        const check = () => {
          for (const request of ledger) {
            for (const { at, length } of places.get(request.id)!) {
              expect([memory[at], memory[at + length - 1]]).toEqual([request.id & 255, request.id & 255]);
            }
          }
        };
        for (const next of steps) {
          if (next === 'leave') {
            if (ledger.pending > 0) ledger.leave();
          } else if (Array.isArray(next)) {
            if (ledger.pending === CAPACITY) continue;
            id++;
            arena.begin();
            const mine: { at: number; length: number }[] = [];
            for (const length of next) {
              const at = arena.put(new Uint8Array(length).fill(id), length);
              if (at >= 0) mine.push({ at, length });
            }
            // At times one of its values is sent by message, and so are all.
            if (mine.length < next.length) {
              arena.begin();
              mine.length = 0;
            }
            places.set(id, mine);
            ledger.enter(new Request(id, task, [], undefined), arena.bytes, arena.end);
          } else {
            const taken = [];
            for (let i = 0; i < next.takeBack && ledger.pending > 0; i++) taken.unshift(ledger.removeLast());
            const first = ledger.tail;
            for (const [i, request] of taken.entries()) {
              const from = advance(first, i);
              if ((next.keep >> i) & 1) ledger.enter(request, ledger.bytesAt(from), ledger.endAt(from));
            }
          }
          check();
        }
      }),
      { numRuns: 150 },
    );
  });

  it('holds 4 MiB, and values of up to 1 MiB; the rest goes by message', async () => {
    await using balancer = new Balancer({ workers: 1, windowBytes: 2 ** 30, window: 128 });
    const gate = new Gate();
    const blocked = balancer.submit(wait, [gate.shared]);
    await gate.reached(1);
    const sent = watchMessages();
    const most = 2 ** 20;
    // There is no room for the last one, until the first is over.
    const sizes = [most, most + 1, most, 300, most, 70_000, most];
    const all = sizes.map((size, i) =>
      balancer.submit(
        (bytes) => [bytes.length, bytes[0], bytes.at(-1), bytes.buffer.byteLength],
        [new Uint8Array(size).fill(i)],
      ),
    );
    await Promise.resolve();
    const messages = [sent('share'), sent('arguments')];
    gate.open();
    expect(messages).toEqual([1, 2]);
    expect(await Promise.all(all)).toEqual(sizes.map((size, i) => [size, i, i, size]));
    await blocked;
  });

  it('is not what a task gets: each has bytes of its own', async () => {
    await using balancer = new Balancer({ workers: 1 });
    const keep = (bytes: Uint8Array) => {
      const global = globalThis as { kept?: Uint8Array[] };
      global.kept ??= [];
      global.kept.push(bytes.fill(bytes[0]! + 1, 0, 1));
      return bytes.buffer instanceof ArrayBuffer;
    };
    const all = [1, 2, 3, 4].map((i) => new Uint8Array(1_000).fill(10 * i));
    for (const bytes of all) expect(await balancer.submit(keep, [bytes])).toBe(true);
    const kept = await balancer.submit(() =>
      (globalThis as { kept?: Uint8Array[] }).kept!.map((bytes) => [bytes[0], bytes[999]]),
    );
    expect(kept).toEqual([1, 2, 3, 4].map((i) => [10 * i + 1, 10 * i]));
    expect(all.map((bytes) => bytes[0])).toEqual([10, 20, 30, 40]);
  });

  it('a resizable buffer stays one', async () => {
    const Resizable = ArrayBuffer as unknown as new (
      bytes: number,
      options: { maxByteLength: number },
    ) => ArrayBuffer;
    await using balancer = new Balancer({ workers: 1 });
    const view = new Uint8Array(new Resizable(1_000, { maxByteLength: 2_000 }));
    const most = (bytes: Uint8Array) => (bytes.buffer as unknown as { maxByteLength: number }).maxByteLength;
    expect(await balancer.submit(most, [view])).toBe(2_000);
  });

  it('requests move between threads with their bytes', async () => {
    await using balancer = new Balancer({ workers: 2, window: 32 });
    const read = (bytes: Buffer, i: number) => {
      if (!Buffer.isBuffer(bytes) || bytes.some((byte) => byte !== (i & 255))) throw new Error(`wrong ${i}`);
      const end = performance.now() + (i % 7 === 0 ? 3 : 0);
      while (performance.now() < end);
      return i;
    };
    const all = [...Array(600).keys()].map((i) =>
      balancer.submit(read, [Buffer.alloc(300 + ((i * 7919) % 60_000), i), i]),
    );
    expect(await Promise.all(all)).toEqual([...Array(600).keys()]);
  });
});

describe('the memory for arenas', () => {
  it('belongs to the process: threads of other Balancers use it again', async () => {
    const bytes = new Uint8Array(10_000);
    const size = (given: Uint8Array) => given.length;
    const once = async () => {
      const balancer = new Balancer({ workers: 1 });
      expect(await balancer.submit(size, [bytes])).toBe(10_000);
      await balancer.close();
    };
    const made = arenasMade();
    for (let i = 0; i < 3; i++) await once();
    expect(made.size).toBe(1);
  });

  it('is let go when it has not been needed from one look to the next', () => {
    const memory = new MemoryPool(ARENA_BYTES);
    const taken = [memory.take(), memory.take(), memory.take()];
    for (const one of taken) memory.giveBack(one);
    memory.shrink();
    expect(memory.free).toBe(3);
    const needed = memory.take();
    memory.giveBack(needed);
    memory.shrink();
    expect(memory.free).toBe(1);
    memory.shrink();
    expect(memory.free).toBe(0);
    expect(taken).not.toContain(memory.take());
  });
});

/** The different arenas that threads are given from now on. */
function arenasMade(): Set<SharedArrayBuffer> {
  const made = new Set<SharedArrayBuffer>();
  const original = MessagePort.prototype.postMessage;
  const spy = vi.spyOn(MessagePort.prototype, 'postMessage').mockImplementation(function (
    this: MessagePort,
    ...args
  ) {
    const [message] = args as unknown as [ToWorker];
    if (message.type === 'share' && message.number === 0) made.add(message.buffer);
    return original.apply(this, args);
  });
  onTestFinished(() => spy.mockRestore());
  return made;
}
