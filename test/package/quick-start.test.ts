import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createProject, type Project, quickStartSucceeded, root } from './project.js';

const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
/**
 * No `skipLibCheck`, so that the package's own declarations are checked as well; nor `types`: they bring
 * Node's along.
 */
const strict = ['--strict', '--target', 'es2022', '--lib', 'es2022'];

let project: Project;
beforeAll(async () => {
  project = await createProject();
});
afterAll(() => project.remove());

test('an ES module imports it', async () => {
  expect(await project.run('node', ['start.js'])).toEqual(quickStartSucceeded);
});

test('a CommonJS module requires it', async () => {
  expect(await project.run('node', ['start.cjs'])).toEqual(quickStartSucceeded);
});

test('a TypeScript program compiles as Node resolves modules, and runs', async () => {
  const options = ['--module', 'nodenext', '--rootDir', 'typescript', '--outDir', 'out', ...strict];
  expect(await project.run(process.execPath, [tsc, ...options, 'typescript/start.ts'])).toMatchObject({
    stdout: '',
    code: 0,
  });
  expect(await project.run('node', ['out/start.js'])).toEqual(quickStartSucceeded);
});

test('a TypeScript program compiles as bundlers resolve modules', async () => {
  const options = ['--module', 'esnext', '--moduleResolution', 'bundler', '--noEmit', ...strict];
  expect(await project.run(process.execPath, [tsc, ...options, 'typescript/start.ts'])).toMatchObject({
    stdout: '',
    code: 0,
  });
});

test('its command runs', async () => {
  const { stdout, code } = await project.run('npx', ['--no-install', 'leastwork', 'hash', '--help']);
  expect(stdout).toContain('leastwork hash');
  expect(code).toBe(0);
});
