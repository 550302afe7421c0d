import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MessagePort } from 'node:worker_threads';
import { Balancer } from 'leastwork';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Window } from '../../dist/src/protocol/window.js';
import { giveWindowMemoryBack, takeWindowMemory } from '../../dist/src/worker/window-memory.js';
import { withSmallBalancer } from '../support/balancer.js';
import { faults } from '../support/faults.js';
import { scratch } from '../support/scratch.js';
import { until } from '../support/until.js';

const CAPACITY = 4;
const folder = scratch();

afterEach(() => vi.restoreAllMocks());

function windowIn(memory: SharedArrayBuffer): Window {
  return new Window(memory, new SharedArrayBuffer(4), CAPACITY);
}

describe('the memory of a window', () => {
  it('is empty when another thread gets it, whatever was in it', () => {
    const memory = takeWindowMemory(CAPACITY);
    new Int32Array(memory).fill(0x7fff_ffff);
    giveWindowMemoryBack(memory, CAPACITY);
    expect(takeWindowMemory(CAPACITY)).toBe(memory);
    const window = windowIn(memory);
    expect(window.unstarted()).toBe(0);
    expect(window.claim()).toBe(-1);
    expect(window.completed()).toBe(window.head());
    expect(window.ring()).toBe(false);
    expect(window.marks.isCancelled(0x7fff_ffff)).toBe(false);
    expect(window.marks.isStopped(0x7fff_ffff)).toBe(false);
    expect(window.status.startOf(0x7fff_ffff)).toBe(0);
    expect(window.status.item()).toBe(-1);
    expect(window.status.reading()).toBeUndefined();
    expect(window.handover.give()).toBe(true);
  });

  it('is not touched by those who know the worker that has left it, and they see what it was', () => {
    const memory = takeWindowMemory(CAPACITY);
    const old = windowIn(memory);
    old.post(1);
    const position = old.claim();
    old.status.noteStart(7, 12.5);
    old.complete(position);
    old.leaveMemory();
    giveWindowMemoryBack(memory, CAPACITY);
    const next = windowIn(takeWindowMemory(CAPACITY));
    const before = new Int32Array(memory).slice();
    old.marks.cancel(3);
    old.marks.stop(3);
    old.marks.forget(5, 1);
    old.flow.received(9);
    old.status.forbidStart(7);
    old.handover.give();
    old.handover.given();
    expect(old.reclaim(1)).toBe(0);
    old.ring();
    expect(new Int32Array(memory)).toEqual(before);
    next.post(2);
    next.status.noteStart(8, 99);
    expect(old.unstarted()).toBe(0);
    expect(old.completed()).toBe(old.head());
    expect(old.status.startOf(7)).toBe(12.5);
    expect(old.status.startOf(8)).toBe(0);
  });

  it('is that of the last thread, which has ended: also of one that died, while its requests run again', async () => {
    const made = windowsMade();
    for (let i = 0; i < 4; i++) {
      const balancer = new Balancer({ workers: 1, window: 32 });
      const runs = new Int32Array(new SharedArrayBuffer(4));
      const results = await Promise.all([
        balancer.submit(
          (words: Int32Array) => (Atomics.add(words, 0, 1) === 0 ? process.exit(1) : 'again'),
          [runs],
          { retries: 1 },
        ),
        ...Array.from({ length: 10 }, (_, n) => balancer.submit((value: number) => value, [n])),
      ]);
      expect(results).toEqual(['again', 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      await balancer.close();
    }
    // One dies in each; and its successor starts after its end, or before.
    expect(made.length).toBe(8);
    expect(new Set(made).size).toBeLessThanOrEqual(2);
  });

  it("is nobody else's where its thread is in native code, and was given up", async () => {
    const made = windowsMade();
    const file = join(folder, 'end');
    await withSmallBalancer({}, async (balancer) => {
      const leaving = new AbortController();
      const stuck = balancer.submit(faults.inNativeCode, [file], { signal: leaving.signal });
      await until(() => existsSync(`${file}.in`));
      leaving.abort();
      await expect(stuck).rejects.toBe(leaving.signal.reason);
      expect(await balancer.submit(faults.echo, [1])).toBe(1);
      // One more that would take what is free.
      await withSmallBalancer({}, async (other) => expect(await other.submit(faults.echo, [2])).toBe(2));
    });
    await writeFile(file, '');
    expect(made.length).toBe(3);
    const [ofStuck, ...others] = made;
    expect(others).not.toContain(ofStuck);
  });
});

/** The windows that threads are started with from now on. */
function windowsMade(): SharedArrayBuffer[] {
  const made: SharedArrayBuffer[] = [];
  const original = MessagePort.prototype.postMessage;
  vi.spyOn(MessagePort.prototype, 'postMessage').mockImplementation(function (this: MessagePort, ...args) {
    const [message] = args as unknown as [{ task?: { window?: SharedArrayBuffer } }];
    if (message?.task?.window !== undefined) made.push(message.task.window);
    return original.apply(this, args);
  });
  return made;
}
