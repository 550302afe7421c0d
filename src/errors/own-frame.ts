/** Which frames of a stack are not the program's. */
import { fileURLToPath } from 'node:url';
import { stackText } from './stack-text.js';

/** Node's own frames, which run microtasks, messages and timers. */
export const INTERNAL = /\bnode:internal\//;

/**
 * The package's folder, if this file is in the package as it was built. A bundle of the user's has frames of
 * other names.
 */
const ROOT =
  /^.*\/(?=dist\/(?:node\/(?:core|engine)\.cjs|workers\/main\.cjs|src\/errors\/own-frame\.js)$)/.exec(
    import.meta.url,
  )?.[0];

/** Frames of this package, of its sources where source maps are in use, and of Node. */
export function isOwnFrame(line: string): boolean {
  if (!line.startsWith('    at ')) return false;
  if (INTERNAL.test(line)) return true;
  if (ROOT === undefined) return false;
  return [ROOT, fileURLToPath(ROOT)].some((root) =>
    ['dist', 'src', 'workers'].some((folder) => line.includes(`${root}${folder}/`)),
  );
}

/** An error of ours is made deep inside: its user cares for the place of the request, not for that one. */
export function withoutOwnFrames<E extends Error>(error: E): E {
  const stack = stackText(error);
  if (stack === undefined) return error;
  // An assignment would throw where the error is frozen.
  Reflect.set(error, 'stack', linesWithoutOwnFrames(stack));
  return error;
}

export function linesWithoutOwnFrames(stack: string): string {
  const lines = stack.split('\n');
  return lines.filter((line) => !isOwnFrame(line)).join('\n');
}
