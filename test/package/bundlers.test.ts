import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createProject, type Project, quickStartSucceeded, root } from './project.js';

let project: Project;
beforeAll(async () => {
  project = await createProject();
});
afterAll(() => project.remove());
beforeEach(() => rm(path.join(project.folder, 'out'), { recursive: true, force: true }));

/** The bundlers stand in this repository, and the recipes with them. */
async function bundle(recipe: string): Promise<void> {
  const built = await project.run('node', [path.join(root, 'test/package/recipes', `${recipe}.mjs`)]);
  expect({ recipe, ...built }).toMatchObject({ recipe, code: 0 });
}

test.each(['esbuild', 'vite', 'rollup', 'webpack'])(
  'a program bundled by %s beside node_modules',
  async (recipe) => {
    await bundle(recipe);
    expect(await project.run('node', ['out/start.js'])).toEqual(quickStartSucceeded);
  },
);

test.each(['esbuild', 'vite', 'webpack'])('a program bundled by %s with all it needs', async (recipe) => {
  await bundle(`${recipe}-whole`);
  const alone = path.join(path.dirname(project.folder), 'alone');
  await rm(alone, { recursive: true, force: true });
  await cp(path.join(project.folder, 'out'), path.join(alone, 'out'), { recursive: true });
  await cp(path.join(project.folder, 'package.json'), path.join(alone, 'package.json'));
  expect(await project.run('node', [path.join(alone, 'out/app/start.js')])).toEqual(quickStartSucceeded);
});
