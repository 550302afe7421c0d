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

/** Cuts a stack where our own frames begin. O(length), for tasks that throw only. */
export function withoutWorkLoop(stack: string): string {
  const at = stack.search(FRAMES);
  return at < 0 ? stack : stack.slice(0, at);
}

function quoted(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
