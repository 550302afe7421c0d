import type { Stream, Submit } from '../../src/tasks/signatures.js';
import { expectType } from './expect.js';

interface Options {
  timeout?: number;
}
declare const submit: Submit<Options>;
declare const stream: Stream<Options>;

// Parameters without types take them from the arguments.
expectType<Promise<number>>()(
  submit((a, b) => a + b, [1, 2]),
  true,
);
const pair: [number, string] = [1, 'x'];
expectType<Promise<string>>()(
  submit((n, text) => text.repeat(n), pair),
  true,
);

// Results are awaited, arguments may be left out where none is needed.
expectType<Promise<number>>()(
  submit(() => 1),
  true,
);
expectType<Promise<number>>()(
  submit(async () => 1),
  true,
);
expectType<Promise<void>>()(
  submit(() => {}),
  true,
);
expectType<Promise<number>>()(
  submit((a?: number) => a ?? 1),
  true,
);
expectType<Promise<number>>()(
  submit((a?: number) => a ?? 1, [1]),
  true,
);
expectType<Promise<number>>()(
  submit((...all: number[]) => all.length),
  true,
);
expectType<Promise<number>>()(
  submit((...all: number[]) => all.length, [1, 2, 3]),
  true,
);
expectType<Promise<number>>()(
  submit(() => 1, [], { timeout: 1 }),
  true,
);
expectType<Promise<number>>()(
  submit(() => 1, undefined, { timeout: 1 }),
  true,
);

// Optional and default parameters.
expectType<Promise<number>>()(
  submit((a: number, b?: number) => a + (b ?? 0), [1]),
  true,
);
expectType<Promise<number>>()(
  submit((a: number, b: number = 2) => a + b, [1]),
  true,
);

// Unions, objects and tuples keep their types.
expectType<Promise<'a' | 'b'>>()(
  submit((letter: 'a' | 'b') => letter, ['a']),
  true,
);
expectType<Promise<string>>()(
  submit((user: { name: string; age?: number }) => user.name, [{ name: 'x' }]),
  true,
);
expectType<Promise<number>>()(
  submit((point: [number, number]) => point[0], [[1, 2]]),
  true,
);
expectType<Promise<number>>()(
  submit((bytes: Uint8Array) => bytes.length, [Buffer.alloc(1)]),
  true,
);
const fixed = [1, 2] as const;
expectType<Promise<number>>()(
  submit((a: number, b: number) => a + b, fixed),
  true,
);

// Generics.
declare function identity<T>(value: T): T;
declare function first<T>(values: readonly T[]): T;
declare function swap<A, B>(a: A, b: B): Promise<[B, A]>;
expectType<Promise<number>>()(submit(identity, [5]), true);
expectType<Promise<string>>()(submit(first, [['a', 'b']]), true);
expectType<Promise<[string, number]>>()(submit(swap, [1, 'x']), true);

// Overloads.
declare function parse(text: string): string[];
declare function parse(bytes: Uint8Array): number;
expectType<Promise<string[]>>()(submit(parse, ['x']), true);
expectType<Promise<number>>()(submit(parse, [new Uint8Array(1)]), true);

// Streams.
expectType<AsyncGenerator<number, void, undefined>>()(
  stream(
    function* (n) {
      for (let i = 0; i < n; i++) yield i;
    },
    [3],
  ),
  true,
);
expectType<AsyncGenerator<string, void, undefined>>()(
  stream(async function* () {
    yield 'x';
  }),
  true,
);

// Wrong arguments are errors.
// @ts-expect-error missing
submit((a: number) => a);
// @ts-expect-error missing
submit((a: number) => a, []);
// @ts-expect-error of the wrong type
submit((a: number) => a, ['x']);
// @ts-expect-error of the wrong type
submit((a?: number) => a, ['x']);
// @ts-expect-error too many
submit((a: number) => a, [1, 2]);
// @ts-expect-error too many
submit(() => 1, [1]);
// @ts-expect-error a wrong property
submit((user: { name: string }) => user, [{ nome: 'x' }]);
// @ts-expect-error fits no overload
submit(parse, [true]);
// @ts-expect-error no function
submit(5);
// @ts-expect-error an unknown option
submit(() => 1, [], { timeuot: 1 });
// @ts-expect-error nothing to stream
stream(() => 1);
