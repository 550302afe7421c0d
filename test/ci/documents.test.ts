import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { scratch } from '../support/scratch.js';

/** Scripts have no declarations. */
function script(file: string): Promise<Record<string, (...args: never[]) => unknown>> {
  return import(pathToFileURL(fileURLToPath(new URL(`../../.ci/${file}`, import.meta.url))).href);
}

const { programsOf } = (await script('documents/programs.mjs')) as {
  programsOf(markdown: string, document: string): { file: string; language: string; text: string }[];
};
const { wrongFigures } = (await script('documents/figures.mjs')) as {
  wrongFigures(markdown: string, document: string): string[];
};
const { wrongLinks } = (await script('documents/links.mjs')) as {
  wrongLinks(markdown: string, document: string): string[];
};
const { brokenLinks } = (await script('site/broken-links.mjs')) as {
  brokenLinks(folder: string): { pages: number; broken: { page: string; link: string; why: string }[] };
};
const { entryPoints } = (await script('site/entry-points.mjs')) as {
  entryPoints(manifest: object): { name: string; source: string }[];
};

const folder = scratch();
function write(file: string, text: string): string {
  const target = path.join(folder, file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, text);
  return target;
}

test('programs keep the line numbers of the document, and their kinds', () => {
  const markdown = [
    '# Title',
    '```ts',
    'first();',
    '```',
    '```ts continues',
    'second();',
    '```',
    '```js',
    "require('x');",
    '```',
    '```js',
    '// named.js',
    '```',
    '```ts elsewhere',
    'import "not-here";',
    '```',
    '```sh',
    'npm start',
    '```',
  ].join('\n');
  const programs = programsOf(markdown, 'a.md');
  expect(programs.map(({ file }) => file)).toEqual(['line-2.ts', 'line-8.cjs', 'named.js']);
  expect(programs[0]?.text.split('\n')).toEqual(['', '', 'first();', '', '', 'second();', '']);
});

test('a block without an end is told', () => {
  expect(() => programsOf('text\n```ts\nlet x;', 'a.md')).toThrow('a.md:2: the block has no end');
});

test("a table's last column is a program of its own, a function for each row", () => {
  const markdown = [
    '<!-- rows compile after',
    'declare const x: number;',
    '-->',
    '',
    '| theirs | ours |',
    '|---|---|',
    '| `old()` | `x.toFixed()`, or `a \\| b` |',
    '| `older()` | nothing |',
    '',
  ].join('\n');
  const [rows] = programsOf(markdown, 'a.md');
  expect(rows?.text.split('\n')).toEqual([
    '',
    'declare const x: number;',
    '',
    '',
    '',
    '',
    '(async () => { x.toFixed(); a | b })();',
    '',
  ]);
});

test('a figure that is not in the named results is told, and only in the block that names them', () => {
  const markdown =
    '1234567 is free.\n\n<!-- figures: granularity -->\nWith 20 µs: 88 %, not 1234567 %, `7654321`.\n\n7654321.\n';
  expect(wrongFigures(markdown, 'a.md')).toEqual(['a.md:4: 1234567 is not in the results of granularity']);
});

test('links to files and headings that are not there are told', () => {
  const markdown = [
    '[yes](README.md) [also](README.md#contents) [web](https://example.org/x) [own](#own-heading)',
    '[no](NOTHING.md) [not](README.md#no-such-heading) `[code](NOTHING2.md)`',
    '## Own *heading*',
  ].join('\n');
  expect(wrongLinks(markdown, 'CONTRIBUTING.md')).toEqual([
    'CONTRIBUTING.md: the link #own-heading leads to no heading of CONTRIBUTING.md',
    'CONTRIBUTING.md: the link NOTHING.md leads nowhere',
    'CONTRIBUTING.md: the link README.md#no-such-heading leads to no heading of README.md',
  ]);
});

test('links of pages are checked with their anchors', () => {
  write(
    'site/index.html',
    '<a href="documents/a.html#here">a</a><a href="https://example.org">b</a><p id="top">',
  );
  write(
    'site/documents/a.html',
    '<h1 id="here"></h1><a href="../index.html?x=1#top">a</a><a href="b.html">b</a><a href="#gone">c</a>',
  );
  const { pages, broken } = brokenLinks(path.join(folder, 'site'));
  expect(pages).toBe(2);
  expect(broken.map(({ link, why }) => `${link}: ${why}`).sort()).toEqual([
    '#gone: no such heading',
    'b.html: no such page',
  ]);
});

test('the reference describes the modules of the exports, by their sources', () => {
  const exports = { '.': {}, './task': {}, './batch': {}, './worker': {}, './package.json': {} };
  expect(entryPoints({ name: 'leastwork', exports })).toEqual([
    { name: 'leastwork', source: 'src/index.ts' },
    { name: 'leastwork/task', source: 'workers/task.ts' },
    { name: 'leastwork/batch', source: 'src/batch/index.ts' },
  ]);
  expect(() => entryPoints({ name: 'leastwork', exports: { './odd': {} } })).toThrow("exports['./odd']");
});
