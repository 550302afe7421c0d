import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterAll, expect, it } from 'vitest';
import { TaskRegistry } from '../../../dist/src/tasks/registry.js';
import { captured, working } from '../../fixtures/source/functions.js';

// This file and the functions are compiled by vitest itself: `import` becomes `__vite_ssr_import_0__`, and
// `import()` a call.

const thread = new Worker(new URL('../../fixtures/source/thread.mjs', import.meta.url));
const registry = new TaskRegistry({ inline: true });
afterAll(() => thread.terminate());

const { using, ...others } = working;

it.each(Object.entries(others))('vitest: %s works', async (_name, { task, args, gives }) => {
  thread.postMessage({ definition: registry.resolve(task).definition, args });
  const [answer] = await once(thread, 'message');
  expect(answer).toEqual({ value: gives });
});

it('vitest: an imported binding is refused with advice that fits', () => {
  expect(captured.importedBinding?.task.toString()).toContain('__vi');
  expect(() => registry.resolve(captured.importedBinding?.task)).toThrow(
    /__vi\w+ .*\(createHash\); write `const \{ createHash \} = await import\('node:crypto'\)`/,
  );
});

it('vitest: a captured constant is refused', () => {
  expect(() => registry.resolve(captured.constant?.task)).toThrow(/factor \(line 1, column \d+\): pass it/);
});

it('vitest: `using`, for which it imports a helper, is refused', () => {
  expect(() => registry.resolve(using?.task)).toThrow(/`const \{ default: imported \} = await import/);
});
