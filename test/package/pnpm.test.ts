import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createProject, type Project, quickStartSucceeded } from './project.js';

let project: Project;
beforeAll(async () => {
  project = await createProject(['npx', '--yes', 'pnpm@10.34.8', 'add', '--prefer-offline']);
}, 90_000);
afterAll(() => project.remove());

test("it runs in pnpm's layout, where a package sees only its own dependencies", async () => {
  const installed = await lstat(path.join(project.folder, 'node_modules/leastwork'));
  expect(installed.isSymbolicLink()).toBe(true);
  expect(await project.run('node', ['start.js'])).toEqual(quickStartSucceeded);
});
