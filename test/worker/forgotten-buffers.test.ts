import { Balancer } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { Request } from '../../dist/src/requests/request.js';
import { InFlight } from '../../dist/src/worker/in-flight.js';
import { SharedBuffers } from '../../dist/src/worker/shared-buffers.js';
import { gc } from '../support/garbage.js';

/** The main thread's side alone, with what it sends. */
function sides() {
  const ledger = new InFlight(16, { pending: 0, work: 0 });
  const sent: { type: string; numbers?: readonly number[] }[] = [];
  // Without the buffers: these are to be collected.
  const shares = new SharedBuffers((message) => {
    sent.push(message.type === 'unshare' ? message : { type: message.type });
  }, ledger);
  const task = { id: 1, mean: 0 } as Request['task'];
  const enter = () => ledger.enter(new Request(1, task, [], undefined), 0, 0);
  return { ledger, sent, shares, enter };
}

/** Numbers a buffer that nobody has when this returns. */
function numberOne(shares: SharedBuffers): number {
  const buffer = new SharedArrayBuffer(8);
  expect(shares.numberOf(buffer)).toBe(0);
  return shares.numberOf(buffer);
}

describe('a shared buffer that the program has no more', () => {
  it('is forgotten', async () => {
    const { sent, shares, enter, ledger } = sides();
    const number = numberOne(shares);
    enter();
    ledger.leave();
    await gc();
    expect(sent.at(-1)).toEqual({ type: 'unshare', numbers: [number] });
    expect(sent).toHaveLength(2);
  });

  it('is kept as long as a slot may have it', async () => {
    const { sent, shares, enter, ledger } = sides();
    enter();
    const number = numberOne(shares);
    enter();
    const other = numberOne(shares);
    enter();
    await gc();
    expect(sent.map(({ type }) => type)).toEqual(['share', 'share']);
    ledger.leave();
    ledger.leave();
    // The next one that is collected brings those to mind that came too early.
    numberOne(shares);
    await gc();
    expect(sent.at(-1)).toMatchObject({ type: 'unshare', numbers: expect.arrayContaining([number]) });
    expect(sent.at(-1)?.numbers).not.toContain(other);
  });

  it('is forgotten when the window is empty, wherever its request has gone', async () => {
    const { sent, shares, enter, ledger } = sides();
    enter();
    const number = numberOne(shares);
    enter();
    // Taken back.
    ledger.removeLast();
    ledger.leave();
    await gc();
    expect(sent.at(-1)).toEqual({ type: 'unshare', numbers: [number] });
  });

  it('is not kept alive by numbers, nor by a thread', async () => {
    await using balancer = new Balancer({ workers: 1 });
    const here: WeakRef<SharedArrayBuffer>[] = [];
    const use = async () => {
      const view = new Uint8Array(new SharedArrayBuffer(100_000));
      here.push(new WeakRef(view.buffer as SharedArrayBuffer));
      for (let i = 0; i < 3; i++) {
        await balancer.submit(
          (v, last) => {
            const global = globalThis as { met?: WeakRef<object>[] };
            global.met ??= [];
            if (last) global.met.push(new WeakRef(v.buffer));
          },
          [view, i === 2],
        );
      }
    };
    for (let i = 0; i < 40; i++) await use();
    const left = () =>
      balancer.submit(async () => {
        await new Promise((resolve) => setImmediate(resolve));
        const collect = process.getBuiltinModule('node:vm').runInNewContext('gc') as () => void;
        collect();
        const { met } = globalThis as unknown as { met: WeakRef<object>[] };
        return met.filter((ref) => ref.deref() !== undefined).length;
      });
    let alive = 40;
    for (let i = 0; i < 10 && alive > 2; i++) {
      await gc();
      alive = await left();
    }
    // What was used last may still be on a stack.
    expect(here.filter((ref) => ref.deref() !== undefined).length).toBeLessThanOrEqual(2);
    expect(alive).toBeLessThanOrEqual(2);
  });
});
