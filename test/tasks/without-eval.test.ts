import { expect, it } from 'vitest';
import { linesOf, outputOfNode } from '../support/program.js';

const task = new URL('../../dist/src/tasks/registry.js', import.meta.url).href;
const tasksUrl = new URL('../../dist/src/tasks/handles.js', import.meta.url).href;

const script = `
const { TaskRegistry } = await import(${JSON.stringify(task)});
const { tasks } = await import(${JSON.stringify(tasksUrl)});
const registry = new TaskRegistry({ inline: true });
try { registry.resolve(function add(a, b) { return a + b }); } catch (error) { console.log(error.code, error.message); }
console.log(registry.resolve(tasks('node:path').join).name);
`;

it('under --disallow-code-generation-from-strings inline functions give a clear error, exports work', async () => {
  const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '--eval', script];
  const [refused, accepted] = linesOf(await outputOfNode(flags));
  expect(refused).toMatch(
    /^ERR_INVALID_OPTION submit\(task\): got the inline function 'add' under --disallow.*tasks\(new URL/,
  );
  expect(accepted).toBe('node:path#join');
});
