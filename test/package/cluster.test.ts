import { afterAll, beforeAll, expect, test } from 'vitest';
import { createProject, type Project } from './project.js';

let project: Project;
beforeAll(async () => {
  project = await createProject();
}, 90_000);
afterAll(() => project?.remove());

const run = async (file: string, text: string): Promise<string> => {
  await project.write(file, text);
  const { stdout, stderr, code } = await project.run('node', [file]);
  return code === 0 && stderr === '' ? stdout : `${stdout}${stderr}`;
};

test('without its packages a Cluster says what to install, and so does a machine', async () => {
  const body = `
    const told = [];
    try { new Cluster({ redis: 'redis://localhost' }); } catch (error) { told.push(error.code, error.message); }
    await serve([import.meta.url], { postgres: 'postgres://localhost' }).catch((error) => told.push(error.code));
    console.log(told.join('; '));`;
  const expected =
    'ERR_MISSING_PACKAGE; leastwork/cluster needs the package bullmq: npm install bullmq; ERR_MISSING_PACKAGE\n';
  expect(
    await run(
      'cluster.mjs',
      `import { Cluster, serve } from 'leastwork/cluster'; export const task = () => 1;
      import { isMainThread } from 'node:worker_threads'; if (isMainThread) { ${body} }`,
    ),
  ).toBe(expected);
  expect(
    await run(
      'cluster.cjs',
      `const { Cluster } = require('leastwork/cluster');
      try { new Cluster({ postgres: 'postgres://localhost' }); } catch (error) { console.log(error.message); }`,
    ),
  ).toBe('leastwork/cluster needs the package bullmq: npm install bullmq\n');
});
