import { appendFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runNode } from '../support/program.js';
import { scratch } from '../support/scratch.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const script = join(root, '.ci/imports.mjs');
const folder = scratch();
let copies = 0;
let copy: string;

function makeCopy(): void {
  copy = join(folder, String(++copies));
  for (const part of ['src', 'workers', 'package.json', 'ARCHITECTURE.md']) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
}

/** Runs the check on the copy; gives its complaints. */
async function complaints(): Promise<string[]> {
  const { stderr, code } = await runNode([script, copy]);
  const lines = stderr.split('\n').filter((line) => line !== '');
  expect(code).toBe(lines.length > 0 ? 1 : 0);
  return lines;
}

function add(file: string, text: string): void {
  mkdirSync(dirname(join(copy, file)), { recursive: true });
  appendFileSync(join(copy, file), text);
}

function changeTable(from: RegExp, to: string): void {
  const file = join(copy, 'ARCHITECTURE.md');
  const text = readFileSync(file, 'utf8');
  expect(text).toMatch(from);
  writeFileSync(file, text.replace(from, to));
}

/** Imports that break a rule: what, a new file, its text, the complaint. */
const REFUSED: [what: string, file: string, text: string, complaint: RegExp][] = [
  ['an import that runs up', 'src/errors/up.ts', "import '../pool/pool.js';", /folder rules/],
  [
    'a type that runs up',
    'src/errors/types.ts',
    "import type { Pool } from '../pool/pool.js';",
    /folder rules/,
  ],
  [
    'calls and pool, which know nothing of each other',
    'src/calls/more.ts',
    "import '../pool/pool.js';",
    /folder rules/,
  ],
  ['a folder that is in no table', 'src/more/more.ts', "import '../errors/errors.js';", /folder rules/],
  [
    'what threads load, from the main thread',
    'workers/more.ts',
    "import '../src/pool/pool.js';",
    /folder rules/,
  ],
  [
    'a policy that is loaded by requests/',
    'src/requests/more.ts',
    "import '../policies/index.js';",
    /by their types alone/,
  ],
  ['index.ts, inside the library', 'src/inside.ts', "import './index.js';", /is for users/],
  ['a package that is not declared', 'src/undeclared.ts', "import 'vitest';", /must stand in dependencies/],
  [
    'a late import, too',
    'src/errors/late.ts',
    "export const more = () => import('../pool/pool.js');",
    /folder rules/,
  ],
];

describe('the check of imports refuses', () => {
  let all: string[];
  // One check of all: each has a file of its own, and a complaint of its own.
  beforeAll(async () => {
    makeCopy();
    for (const [, file, text] of REFUSED) add(file, `${text}\n`);
    all = await complaints();
  });

  it.each(REFUSED)('%s', (_, file, _text, complaint) => {
    const [first, ...others] = all.filter((line) => line.startsWith(`${file}:`));
    expect(first).toMatch(complaint);
    expect(first).toContain(`${file}:1 `);
    expect(others).toEqual([]);
  });

  it('nothing else', () => {
    expect(all).toHaveLength(REFUSED.length);
  });
});

describe('the check of imports', () => {
  beforeEach(makeCopy);

  it('has nothing to say of this tree', async () => {
    expect(await complaints()).toEqual([]);
  });

  it('refuses a circle, of types too', async () => {
    add('src/errors/one.ts', "import type { Two } from './two.js';\nexport type One = Two;\n");
    add('src/errors/two.ts', "import type { One } from './one.js';\nexport type Two = One;\n");
    expect(await complaints()).toEqual([
      'circle: src/errors/one.ts:1 → src/errors/two.ts:1 → src/errors/one.ts',
    ]);
  });

  it('refuses a dependency that nothing imports', async () => {
    const file = join(copy, 'package.json');
    const manifest = JSON.parse(readFileSync(file, 'utf8'));
    manifest.dependencies['left-pad'] = '1.0.0';
    writeFileSync(file, JSON.stringify(manifest));
    expect(await complaints()).toEqual(['package.json: the dependency left-pad is imported nowhere']);
  });

  it.each([
    [
      'allows more',
      /\| `errors` \| nothing \|/,
      '| `errors` | protocol |',
      /errors may import protocol, the rule nothing/,
    ],
    [
      'allows less',
      /\| `protocol` \| errors \|/,
      '| `protocol` | nothing |',
      /protocol may import nothing, the rule errors/,
    ],
    ['lacks a folder', /\| `cli` \| .*\n/, '', /cli may import/],
    ['has one more', /(\| `cli` \| .*\n)/, '$1| `more` | nothing |\n', /more may import/],
    ['is not there', /\| folder \| may import \|/, '| a | b |', /errors may import/],
  ])('refuses ARCHITECTURE.md whose table %s', async (_, from, to, complaint) => {
    changeTable(from, to);
    expect((await complaints())[0]).toMatch(complaint);
  });
});
