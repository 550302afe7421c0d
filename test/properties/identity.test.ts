import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pack } from '../../dist/src/values/pack.js';

class Instance {
  readonly parts: Record<string, unknown> = {};
}

type Kind = 'array' | 'record' | 'Map' | 'Set' | 'instance' | 'small view' | 'Buffer' | 'view';
type Node = readonly [kind: Kind, parts: readonly number[]];

const kinds = fc.constantFrom<Kind>(
  'array',
  'array',
  'record',
  'record',
  'record',
  'Map',
  'Set',
  'instance',
  'small view',
  'Buffer',
  'view',
);
const graph = fc.array(fc.tuple(kinds, fc.array(fc.nat(), { maxLength: 4 })), {
  minLength: 2,
  maxLength: 12,
});

/** Objects that refer to each other, in circles too. */
function build(nodes: readonly Node[]): object[] {
  const pool = [new ArrayBuffer(4096), new ArrayBuffer(4096)] as const;
  const made = nodes.map(([kind, [at = 0]]): object => {
    const offset = (at % 8) * 8;
    if (kind === 'array') return [];
    if (kind === 'Map') return new Map();
    if (kind === 'Set') return new Set();
    if (kind === 'instance') return new Instance();
    if (kind === 'small view') return new Uint16Array(pool[0], offset, 3);
    if (kind === 'Buffer') return Buffer.from(pool[1], offset, 5);
    return kind === 'view' ? new Uint8Array(16) : {};
  });
  for (const [i, [, parts]] of nodes.entries()) {
    for (const [n, part] of parts.entries()) put(made[i]!, n, made[part % made.length]!);
  }
  return made;
}

function put(holder: object, n: number, part: object): void {
  if (Array.isArray(holder)) holder.push(part);
  else if (holder instanceof Map) holder.set(n % 2 === 0 ? n : part, part);
  else if (holder instanceof Set) holder.add(part);
  else if (holder instanceof Instance) holder.parts[`p${n}`] = part;
  else if (!ArrayBuffer.isView(holder)) (holder as Record<string, unknown>)[`p${n}`] = part;
}

/**
 * Everything that can be seen of a value, with a number for each object and buffer: the same for those that
 * are alike.
 */
function describeGraph(value: object): string {
  const numbers = new Map<object, number>();
  const see = (part: unknown): unknown => {
    if (typeof part !== 'object' || part === null) return part;
    const known = numbers.get(part);
    if (known !== undefined) return `#${known}`;
    numbers.set(part, numbers.size);
    if (ArrayBuffer.isView(part)) {
      const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
      return [part[Symbol.toStringTag as never], see(part.buffer), [...bytes].join()];
    }
    if (part instanceof ArrayBuffer) return 'buffer';
    if (part instanceof Map) return ['Map', [...part].map(([key, inner]) => [see(key), see(inner)])];
    if (part instanceof Set) return ['Set', [...part].map(see)];
    return [Array.isArray(part), Object.entries(part).map(([key, inner]) => [key, see(inner)])];
  };
  return JSON.stringify(see(value));
}

describe('what is packed', () => {
  it('is cloned as the value itself would be: what is one object stays one, and nothing else becomes one', () => {
    let smaller = 0;
    fc.assert(
      fc.property(graph, (nodes) => {
        const args = build(nodes);
        const before = describeGraph(args);
        const { value, buffers } = pack(args);
        if (value !== args) smaller++;
        const sent = structuredClone({ value, buffers });
        expect(describeGraph(sent.value)).toBe(describeGraph(structuredClone(args)));
        expect(describeGraph(args)).toBe(before);
        const given = args.filter((part) => Buffer.isBuffer(part));
        expect(sent.buffers?.length ?? 0).toBe(given.length);
        for (const view of sent.buffers ?? []) expect(sent.value).toContain(view);
      }),
      { numRuns: 5_000 },
    );
    expect(smaller).toBeGreaterThan(500);
  });
});
