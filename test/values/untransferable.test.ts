import { markAsUntransferable } from 'node:worker_threads';
import { Balancer } from 'leastwork';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** Of the global `WebAssembly`, which only the declarations of the DOM have. */
type MemoryClass = new (size: { initial: number }) => { buffer: ArrayBuffer };

let balancer: Balancer;
beforeAll(() => {
  balancer = new Balancer({ workers: 1 });
});
afterAll(() => balancer.close());

/** Node 20 copies it; later versions refuse the request. */
const submit = (bytes: Uint8Array) =>
  balancer.submit((b) => b.length, [bytes], { transfer: [bytes.buffer] }).catch((error) => error.code);

it('a buffer that is marked as not to be transferred keeps its memory', async () => {
  const bytes = new Uint8Array(1_024).fill(7);
  markAsUntransferable(bytes.buffer);
  expect([1_024, 'ERR_NOT_CLONEABLE']).toContain(await submit(bytes));
  expect(bytes).toEqual(new Uint8Array(1_024).fill(7));
});

it('so does the memory of WebAssembly', async () => {
  const { Memory } = (globalThis as unknown as { WebAssembly: { Memory: MemoryClass } }).WebAssembly;
  const bytes = new Uint8Array(new Memory({ initial: 1 }).buffer);
  expect([65_536, 'ERR_NOT_CLONEABLE']).toContain(await submit(bytes));
  expect(bytes.length).toBe(65_536);
});
