/**
 * tsx in worker threads.
 *
 * A process started with tsx (`tsx main.ts`, `node --import tsx main.ts`) passes that on to its threads, but
 * there tsx turns itself on only with the newest Nodes (measured with tsx 4.23: not on 20.20 and 22.12). So a
 * thread of such a process does that, through tsx's own interface, before it first imports a module of the
 * program. Twice does no harm.
 */
import { isMainThread } from 'node:worker_threads';
import { importFrom } from './importer.js';

const isGiven =
  !isMainThread &&
  [...process.execArgv, (Object.hasOwn(process.env, 'NODE_OPTIONS') && process.env.NODE_OPTIONS) || ''].some(
    (each) => /\btsx\b/.test(each),
  );

let switching: Promise<void> | undefined;
let done = !isGiven;

/**
 * Turns tsx on, if the process was started with it.
 * @param base file URL from which the program's tsx is resolved
 * @returns undefined: there is nothing to wait for
 */
export function switchOnTsx(base: string): Promise<void> | undefined {
  if (done) return undefined;
  switching ??= register(base).finally(() => {
    done = true;
  });
  return switching;
}

async function register(base: string): Promise<void> {
  try {
    const tsx = (await importFrom(base)('tsx/esm/api')) as { register(): unknown };
    tsx.register();
  } catch {
    // Another tool of that name, or one that cannot be resolved from here: modules load as Node loads them.
  }
}
