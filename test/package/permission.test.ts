import { afterAll, beforeAll, expect, test } from 'vitest';
import { createProject, type Project, quickStartSucceeded } from './project.js';

// Node 20 has the permission model under its first name.
const permission = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';

let project: Project;
beforeAll(async () => {
  project = await createProject();
});
afterAll(() => project.remove());

test('with the permission model, it needs to start threads and to read the project', async () => {
  const flags = [permission, '--allow-worker', `--allow-fs-read=${project.folder}/*`, '--no-warnings'];
  expect(await project.run('node', [...flags, 'start.js'])).toEqual(quickStartSucceeded);
});

test('without leave to start threads, the error names the missing flag', async () => {
  const flags = [permission, `--allow-fs-read=${project.folder}/*`, '--no-warnings'];
  const { stdout, stderr, code } = await project.run('node', [...flags, 'start.js']);
  expect(stdout).toBe('');
  expect(stderr).toContain('ERR_NO_WORKER');
  expect(stderr).toContain('--allow-worker');
  expect(code).toBe(1);
});
