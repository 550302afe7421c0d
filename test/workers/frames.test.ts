import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { withoutWorkLoop } from '../../dist/workers/loop/frames.js';

const folder = new URL('../../dist/workers/', import.meta.url);
const TASK = 'Error: x\n    at task (file:///app/task.js:1:2)';

/** The frames by which our files call a task: file, and function as V8 prints it. */
const FRAMES = [
  ['loop/work-loop.js', 'WorkLoop.#runAll'],
  ['loop/work-loop.js', 'async WorkLoop.#runLoaded'],
  ['loop/work-loop.js', 'async WorkLoop.#finishLater'],
  ['stream.js', 'async Stream.#iterate'],
] as const;

describe('frames of the work loop', () => {
  it.each(FRAMES)('of %s, %s are cut', (file, name) => {
    const at = new URL(file, folder);
    for (const place of [at.href, fileURLToPath(at), new URL('main.cjs', folder).href]) {
      expect(withoutWorkLoop(`${TASK}\n    at ${name} (${place}:10:3)\n    at next (node:x:1:1)`)).toBe(TASK);
    }
  });

  it.each(FRAMES)('of %s, %s are there under that name', (file, name) => {
    const [type, method] = name.replace('async ', '').split('.');
    const source = readFileSync(new URL(file, folder), 'utf8');
    expect(source).toContain(`class ${type} `);
    expect(source).toContain(`${method}(`);
  });

  it.each([
    [
      'microtasks after a tick',
      ['process.processTicksAndRejections (node:internal/process/task_queues:105:5)'],
    ],
    [
      'one timer of several',
      [
        'runNextTicks (node:internal/process/task_queues:60:5)',
        'listOnTimeout (node:internal/timers:545:9)',
        'process.processTimers (node:internal/timers:519:7)',
      ],
    ],
  ])('of Node, which runs %s, are cut, above ours and at the end', (_, frames) => {
    const turn = frames.map((frame) => `\n    at ${frame}`).join('');
    const ours = `\n    at async WorkLoop.#runLoaded (${new URL('main.cjs', folder).href}:1:2)`;
    for (const stack of [TASK + turn + ours, TASK + turn]) expect(withoutWorkLoop(stack)).toBe(TASK);
  });

  it('of others stay', () => {
    const stack = `${TASK}\n    at WorkLoop.#runAll (file:///app/main.js:10:3)`;
    expect(withoutWorkLoop(stack)).toBe(stack);
  });
});
