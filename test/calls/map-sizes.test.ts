import { expect, it } from 'vitest';
import { ChunkSizes } from '../../dist/src/calls/map-sizes.js';
import type { TaskRef } from '../../dist/src/tasks/registry.js';

const noOp = { mean: 0.0001 } as TaskRef;

it('bounds a chunk by the time that it takes to pack it', () => {
  const sizes = new ChunkSizes('auto', noOp, () => 2);
  expect(sizes.next(undefined)).toBe(2_048);
  for (let i = 0; i < 5; i++) sizes.packed(0.002);
  expect(sizes.next(undefined)).toBe(250);
  // A pause, as of the garbage collector, says nothing of the items.
  sizes.packed(100);
  expect(sizes.next(undefined)).toBe(250);
  for (let i = 0; i < 5; i++) sizes.packed(10);
  expect(sizes.next(undefined)).toBe(16);
});

it('leaves a given size as it is', () => {
  const sizes = new ChunkSizes(100, noOp, () => 2);
  sizes.packed(1);
  expect(sizes.next(undefined)).toBe(100);
});
