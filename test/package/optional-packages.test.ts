import { afterAll, beforeAll, expect, test } from 'vitest';
import { createProject, type Project } from './project.js';

let project: Project;
beforeAll(async () => {
  project = await createProject();
});
afterAll(() => project.remove());

const map = (...args: string[]) => project.run('npx', ['--no', 'leastwork', 'map', ...args]);

test('CSV without its package: the command says what to install, before it reads anything', async () => {
  expect(await map('--csv', '-e', 'record => record.a', 'package.json')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: 'leastwork: CSV input needs the package csv-parse: npm install csv-parse\n',
  });
});

test('a config file in YAML without its package, likewise', async () => {
  await project.write('leastwork.yaml', 'map: {}\n');
  const ran = await map('-e', 'line => line', 'package.json');
  expect(ran).toMatchObject({ code: 2, stdout: '' });
  expect(ran.stderr).toContain('a config file in YAML needs the package yaml: npm install yaml');
});
