import { type Tasks, tasks } from '../../src/tasks/handles.js';
import type { Submit } from '../../src/tasks/signatures.js';
import { expectType } from './expect.js';

interface Module {
  sha256(bytes: Uint8Array): Promise<string>;
  identity<T>(value: T): T;
  parse: {
    (text: string): string[];
    (bytes: Uint8Array): number;
  };
  image: { resize(width: number): Uint8Array; readonly deep: { flip(): boolean } };
  default: (a: number) => number;
  VERSION: string;
  limit: number;
}
declare const submit: Submit<{ timeout?: number }>;

const handles = tasks<Module>(new URL('file:///module.js'));
expectType<Tasks<Module>>()(handles, true);

// Handles have the signatures of the functions.
expectType<Promise<string>>()(submit(handles.sha256, [new Uint8Array(1)]), true);
expectType<Promise<boolean>>()(submit(handles.identity, [true]), true);
expectType<Promise<string[]>>()(submit(handles.parse, ['x']), true);
expectType<Promise<number>>()(submit(handles.parse, [new Uint8Array(1)]), true);
expectType<Promise<Uint8Array>>()(submit(handles.image.resize, [3]), true);
expectType<Promise<boolean>>()(submit(handles.image.deep.flip), true);
expectType<Promise<number>>()(submit(handles.default, [1]), true);

// A real module, by its namespace.
const path = tasks<typeof import('node:path')>('node:path');
expectType<Promise<string>>()(submit(path.join, ['a', 'b']), true);
expectType<Promise<string>>()(submit(path.posix.basename, ['a']), true);

// Without a type, anything goes.
const untyped = tasks('some-package');
void submit(untyped.whatever as (n: number) => string, [1]);

// A `then` would make a promise of them.
// @ts-expect-error left out
tasks<{ then(): void }>('some-package').then;

// What is no function is not there.
// @ts-expect-error a string
handles.VERSION;
// @ts-expect-error a number
handles.limit;
// @ts-expect-error not exported
handles.sha265;
// @ts-expect-error of the wrong type
submit(handles.sha256, ['text']);
// @ts-expect-error missing
submit(handles.image.resize);
