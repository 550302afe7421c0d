// The programs of the users' documents, as they stand there, with the packed package in a project of a user.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import { afterAll, beforeAll, test } from 'vitest';
import { createProject, type Project, root } from './project.js';

interface Program {
  readonly file: string;
  readonly language: string;
  readonly text: string;
}
const { programsOf } = (await import(pathToFileURL(path.join(root, '.ci/documents/programs.mjs')).href)) as {
  programsOf(markdown: string, document: string): Program[];
};

/** Packages that a user installs besides, and engines: tests of their own have them. */
const NEEDS_MORE = /from '(leastwork\/(cluster|prometheus|opentelemetry)|prom-client|esbuild)'/;
/** Modules that are loaded by threads. */
const ARE_LOADED =
  /(^|\/)(hash|image)\.ts$|from 'leastwork\/task'|export async function teardown|export const lookUp/;
const IS_SERVER = /\.listen\(8080\)/;

/** What the documents say is there, beside their programs. */
const files: Record<string, string> = {
  'batches/big.jsonl': '{"id": 1}\nnot JSON\n',
  'loaders/tasks.js': 'exports.sum = (a, b) => a + b;',
  'loaders/package.json': '{ "type": "commonjs" }',
  'map/big.jsonl': '{"id": 1}\nnot JSON\n',
  'map/parse.js': 'export const row = (line) => JSON.parse(line);',
  'sessions/hash.js': "export const sha256 = () => 'digest';",
  'workers/tasks.js': 'export const configure = () => {};',
};

/** What programs print, where the document says so. */
const outputs: Record<string, RegExp> = {
  'README.md': /^3\n$/,
  'docs/quick-start.md': /^(3|[0-9a-f]{64}|144|3\n1\n4\n9\n16\n25)\n$/,
  'docs/loaders.md': /^3\n$/,
  'docs/map.md': /^complete 2 1\n$/,
  'docs/workers.md': /^(1 fulfilled\n.*|)$/s,
};

const documents = ['README.md', ...readdirSync(path.join(root, 'docs')).map((file) => `docs/${file}`)];
const programs = documents
  .filter((document) => document.endsWith('.md'))
  .flatMap((document) => {
    const name = path.basename(document, '.md');
    return programsOf(readFileSync(path.join(root, document), 'utf8'), document)
      .filter(({ file }) => !file.startsWith('rows-'))
      .map(({ file, text }) => {
        // Beside one that reads all that is there, no other one makes files and removes them.
        const folder = text.includes("opendir('.'") ? `${name}-${path.parse(file).name}` : name;
        return { document, file: `${folder}/${file}`, text: text.trimStart() };
      });
  });
const run = programs.filter(
  ({ file, text }) =>
    ![file, text].some((each) => ARE_LOADED.test(each)) &&
    ![NEEDS_MORE, IS_SERVER].some((not) => not.test(text)),
);

/** The program as Node runs it: one in TypeScript as a bundler compiles it. */
async function compiled({ file, text }: { readonly file: string; readonly text: string }) {
  if (!file.endsWith('.ts')) return { file, text };
  const { code } = await transform(text, { loader: 'ts', format: 'esm', target: 'node20' });
  return { file: file.replace(/ts$/, 'js'), text: code };
}

let project: Project;
beforeAll(async () => {
  project = await createProject();
  for (const program of programs) {
    const { file, text } = await compiled(program);
    // Any port will do for the dashboard.
    await project.write(file, text.replace('port: 7777', 'port: 0'));
  }
  for (const [file, text] of Object.entries(files)) await project.write(file, text);
});
afterAll(() => project.remove());

test.concurrent.for(run)('$file runs to its end', async ({ document, file }, { expect }) => {
  // What a program reads and writes is beside it.
  const inFolder = ['-c', 'cd "$0" && exec "$@"', path.dirname(file)];
  const program = path.basename(file).replace(/\.ts$/, '.js');
  const { stdout, stderr, code } = await project.run('sh', [...inFolder, 'node', program]);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(outputs[document] ?? /^/);
});
