import { expect, it } from 'vitest';
import { copyBytes } from '../../dist/src/values/copy-bytes.js';

const AT = 24;

it.each([1, 100, 2_047, 2_048, 65_536])('copies %i bytes, and no others', (length) => {
  const bytes = Uint8Array.from({ length }, (_, i) => (i % 251) + 1);
  const shared = new Uint8Array(new SharedArrayBuffer(length + 2 * AT));
  copyBytes(bytes, shared, AT, length);
  expect(Buffer.compare(shared.subarray(AT, AT + length), bytes)).toBe(0);
  expect(shared.subarray(0, AT).every((byte) => byte === 0)).toBe(true);
  expect(shared.subarray(AT + length).every((byte) => byte === 0)).toBe(true);

  const back = new Uint8Array(length);
  copyBytes(shared.subarray(AT, AT + length), back, 0, length);
  expect(Buffer.compare(back, bytes)).toBe(0);
});

it('copies views of a part, and Buffers', () => {
  const bytes = Buffer.alloc(10_000, 'abc').subarray(1, 5_001);
  const target = Buffer.alloc(5_000);
  copyBytes(bytes, target, 0, bytes.length);
  expect(target.equals(bytes)).toBe(true);
});
