/** What is said of a function that a first user gets wrong. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { leastwork } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch('hints');
const errorsOf = (...args: string[]) => leastwork(['map', ...args], { cwd: directory, input: '1\n' }).stderr;

test('a name that does not exist is said to be one', () => {
  expect(errorsOf('-e', 'l => lenght(l)')).toBe(
    "leastwork: -e: 'lenght' (line 1, column 6) is not defined: a function may use its argument, globals, require and import()\n",
  );
});

test('an ES module in a package of CommonJS, as `npm init` makes one', () => {
  const hint =
    'It is an ES module in a package of CommonJS: name it .mjs (TypeScript: .mts), or set "type": "module" in package.json.\n';
  writeFileSync(join(directory, 'package.json'), '{ "type": "commonjs" }');
  writeFileSync(join(directory, 'export.js'), 'export const f = (l) => l;\n');
  writeFileSync(join(directory, 'import.js'), "import 'node:fs';\nexports.f = (l) => l;\n");
  expect(errorsOf('./export.js#f')).toContain(hint);
  expect(errorsOf('./import.js#f')).toContain(hint);
  expect(errorsOf('-e', 'l => l', '--config', 'export.js')).toContain(hint);
});
