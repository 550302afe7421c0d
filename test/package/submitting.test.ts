import { afterAll, beforeAll, expect, test } from 'vitest';
import { createProject, type Project } from './project.js';

let project: Project;
beforeAll(async () => {
  project = await createProject();
});
afterAll(() => project.remove());

test('inline functions and tasks find packages and files as from the program, and the process ends by itself', async () => {
  const found = [{ value: 'context' }, { value: 'context' }, 'helper.cjs', 'helper.js', 'helper.js'];
  expect(await project.run('node', ['app/start.js'])).toEqual({
    stdout: `${JSON.stringify([...found, 'streamed', 'left'])}\n`,
    stderr: '',
    code: 0,
    signal: null,
  });
});

test('where source must not be evaluated, exports run and inline functions say why not', async () => {
  const flag = '--disallow-code-generation-from-strings';
  const [refused, ran] = (await project.run('node', [flag, 'app/without-eval.js'])).stdout.split('\n');
  expect(refused).toMatch(/^ERR_INVALID_OPTION: .*'add' under --disallow-code.*tasks\(new URL/);
  expect(ran).toBe('helper.js');
  const off = (await project.run('node', ['app/without-eval.js', 'modules-only'])).stdout.split('\n');
  expect(off[0]).toMatch(/^ERR_NOT_A_FUNCTION: 'add' is an inline function.*inline: false.*tasks\(new URL/);
  expect(off[1]).toBe('helper.js');
});

const typed = { stdout: '[[8,1,0,1],true]\n', code: 0 };

test('TypeScript with tsx', async () => {
  expect(await project.run('node', ['--import', 'tsx', 'stripped/start.ts'])).toMatchObject(typed);
  expect(await project.run('npx', ['--no-install', 'tsx', 'stripped/start.ts'])).toMatchObject(typed);
});

// Older Nodes say that they do not know the extension, before any of our code runs.
const stripsTypes = (process.features as { typescript?: unknown }).typescript === 'strip';
test(`TypeScript as it is: ${stripsTypes ? 'works' : 'not with this Node'}`, async () => {
  const ended = await project.run('node', ['stripped/start.ts']);
  if (stripsTypes) expect(ended).toMatchObject(typed);
  else expect(ended.stderr).toContain('ERR_UNKNOWN_FILE_EXTENSION');
});
