/** Stacks of tasks, without what lies below them: our work loop, and what Node calls it from. */
import { fileURLToPath } from 'node:url';

/** The folder of `main`, which this file is bundled into; as a module of its own it is one folder below. */
const FOLDER = new URL(new URL('.', import.meta.url).href.replace(/loop\/$/, ''));

/**
 * As V8 prints the frames that call a task: CommonJS, which `main.cjs` is, by path, ES modules by URL. In a user's bundle
 * they have other names, and are left alone.
 */
const FRAMES = new RegExp(
  `\\n {4}at (?:async )?(?:WorkLoop\\.|Streams\\.)?#(?:runAll|runLoaded|finishLater|iterate) ` +
    `\\((?:${quoted(FOLDER.href)}|${quoted(fileURLToPath(FOLDER))})(?:main|stream)\\.c?js:`,
);

/** Cuts a stack where our own frames begin. O(length), for tasks that throw only. */
export function withoutWorkLoop(stack: string): string {
  const at = stack.search(FRAMES);
  return at < 0 ? stack : stack.slice(0, at);
}

function quoted(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
