/**
 * The parser of inline functions, loaded with the first of them: many programs have none, and it takes 5 ms.
 *
 * By then the process may have run out of file descriptors, as while many threads start. So its file is
 * opened before the threads are started, and is read through that descriptor if it cannot be loaded otherwise.
 */
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { compileFunction } from 'node:vm';
import type * as Acorn from 'acorn';
import { requireFrom } from '../../errors/module-url.js';
import { withCleanPrototype } from '../../protocol/clean-prototype.js';

const require = requireFrom(import.meta.url);

let acorn: typeof Acorn | undefined;
let reserved: { readonly file: string; readonly descriptor: number } | undefined;

/** To be called before the threads are started. */
export function reserveParser(): void {
  if (acorn !== undefined || reserved !== undefined) return;
  try {
    // `require.resolve` takes a hundred times as long.
    const file = files().find((each) => existsSync(each));
    if (file !== undefined) reserved = { file, descriptor: openSync(file, 'r') };
  } catch {
    // It may be there when it is needed. If not, that error is told.
  }
}

/** @throws Error the parser cannot be loaded; the next call tries again */
export const parse: typeof Acorn.parse = (...args) =>
  withCleanPrototype(() => {
    acorn ??= load();
    return acorn.parse(...args);
  });

function load(): typeof Acorn {
  let cause: NodeJS.ErrnoException | undefined;
  // Without a descriptor Node 20 takes the package for missing, and for ever; but not its file.
  const byFile = files().map((file) => () => require(file));
  for (const attempt of [() => require('acorn'), fromReserved, ...byFile]) {
    try {
      const loaded = attempt();
      if (loaded === undefined) continue;
      release();
      return loaded;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (cause === undefined || code !== 'MODULE_NOT_FOUND') cause = error as NodeJS.ErrnoException;
    }
  }
  const why = `acorn, the parser of inline functions, cannot be loaded: ${cause?.message}`;
  throw Object.assign(new Error(why, { cause }), { code: cause?.code });
}

function fromReserved(): typeof Acorn | undefined {
  if (reserved === undefined) return undefined;
  const { descriptor, file } = reserved;
  const text = readFileSync(descriptor, 'utf8');
  const module = { exports: {} };
  compileFunction(text, ['exports', 'module'], { filename: file })(module.exports, module);
  return module.exports as typeof Acorn;
}

/** Where the parser's file may be, the right one first. */
function files(): string[] {
  return (require.resolve.paths('acorn') ?? []).map((folder) => `${folder}/acorn/dist/acorn.js`);
}

function release(): void {
  if (reserved !== undefined) closeSync(reserved.descriptor);
  reserved = undefined;
}
