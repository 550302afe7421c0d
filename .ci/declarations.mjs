// Types of the package. TypeScript tells CommonJS from ES modules by a declaration's name, and classes with
// private parts are different types if they are declared twice. So, as at run time, there is one copy, that
// for CommonJS, and what `import` finds only passes it on.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';
import { ENTRIES, WORKER } from './entries.mjs';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));

/** The strings in a declaration that name other modules: `{ value, start, end }`. */
function specifiersOf(file, text) {
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0].message}`);
  const found = [];
  const visit = (node) => {
    if (typeof node !== 'object' || node === null) return;
    const source = node.type === 'TSImportType' ? (node.source ?? node.argument) : node.source;
    if (typeof source?.value === 'string') found.push(source);
    for (const part of Object.values(node)) visit(part);
  };
  visit(program);
  return found;
}

/** Writes the declarations for CommonJS of a source, and of all that it refers to. Gives their number. */
function copy(source, done) {
  const base = source.replace(/\.ts$/, '');
  if (done.has(base)) return;
  done.add(base);
  const file = join(dist, `${base}.d.ts`);
  let text = readFileSync(file, 'utf8');
  for (const { value, start, end } of specifiersOf(file, text).sort((a, b) => b.start - a.start)) {
    if (!value.startsWith('.')) continue;
    copy(relative(dist, join(dirname(file), value)).replace(/\.js$/, '.ts'), done);
    text = `${text.slice(0, start)}'${value.replace(/\.js$/, '.cjs')}'${text.slice(end)}`;
  }
  writeFileSync(join(dist, `${base}.d.cts`), text);
}

/** Writes all declarations of public entries, from those that `tsc` has written. */
export function writeDeclarations() {
  for (const file of readdirSync(dist, { recursive: true }))
    if (file.endsWith('.d.cts') && !file.endsWith('entry.d.cts')) rmSync(join(dist, file));
  mkdirSync(join(dist, 'node'), { recursive: true });
  const done = new Set();
  for (const [name, { source }] of Object.entries({ ...ENTRIES, worker: { source: WORKER } })) {
    copy(source, done);
    const from = `../${source.replace(/\.ts$/, '.cjs')}`;
    writeFileSync(join(dist, 'node', `${name}.d.cts`), `export * from '${from}';\n`);
    writeFileSync(join(dist, 'node', `${name}.d.ts`), `export * from './${name}.cjs';\n`);
  }
}
