/** Cuts the stacks of tasks: below the task's own frames lie those of our work loop and of Node. */
import { fileURLToPath } from 'node:url';

/**
 * The folder `workers/`, where the bundle `main.cjs` lies. As a module of its own this file is one folder
 * below.
 */
const FOLDER = new URL(new URL('.', import.meta.url).href.replace(/loop\/$/, ''));
/** The folder that source maps name instead: see `--enable-source-maps`. */
const SOURCES = new URL('../../workers/', FOLDER);

/**
 * The frames that call a task, as V8 prints them: files of the bundle by path, ES modules by URL. In a user's
 * bundle the files have other names, and the frames stay.
 */
const FRAMES = new RegExp(
  `\\n {4}at (?:async )?(?:WorkLoop\\.|Stream\\.|ChunkRun\\.)?#(?:runAll|runLoaded|runItems|finishLater|iterate) ` +
    `\\((?:${[FOLDER, SOURCES].flatMap((folder) => [folder.href, fileURLToPath(folder)].map(quoted)).join('|')})` +
    `(?:main|loop[/\\\\](?:work-loop|chunk)|stream)\\.(?:c?js|ts):`,
);

/**
 * Where Node runs microtasks, timers and immediates: below a task that has awaited something. Which of them, if
 * any, depends on what else there was to run in that turn of the event loop.
 */
const TURN = /^ {4}at .*\bnode:internal\/(?:process\/task_queues|timers):/;

/** Cuts a stack where our own frames begin, or those of Node's event loop. O(length), for tasks that throw only. */
export function withoutWorkLoop(stack: string): string {
  const at = stack.search(FRAMES);
  return withoutTurn(at < 0 ? stack : stack.slice(0, at));
}

/** Without the last lines that are of Node's event loop. */
function withoutTurn(stack: string): string {
  const start = stack.lastIndexOf('\n');
  return start >= 0 && TURN.test(stack.slice(start + 1)) ? withoutTurn(stack.slice(0, start)) : stack;
}

function quoted(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
