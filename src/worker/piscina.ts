/**
 * Loads Piscina from where the code of the threads is, not by `import`: it finds its own file for threads
 * beside itself, so it must not be part of a user's bundle.
 */
import type { Piscina } from 'piscina';
import { requireFrom } from '../errors/module-url.js';
import { withCleanPrototype } from '../protocol/clean-prototype.js';

export type PiscinaClass = typeof Piscina;

/**
 * Piscina as one file for the program and one for its threads: the files of the package take twice as long to
 * load.
 */
const COPY = './piscina/main.cjs';
const PACKAGE = 'piscina';

const known = new Map<boolean, PiscinaClass>();

/**
 * @param entry URL of the file that threads load
 * @param hasPriority whether threads get another priority: by native code, which only the package finds
 * @throws Error it is nowhere
 */
export function piscinaBeside(entry: URL, hasPriority: boolean): PiscinaClass {
  let found = known.get(hasPriority);
  if (found === undefined) {
    const names: [string, string] = hasPriority ? [PACKAGE, COPY] : [COPY, PACKAGE];
    found = withCleanPrototype(() => load(requireFrom(entry.href), names).Piscina);
    known.set(hasPriority, found);
  }
  return found;
}

function load(
  require: NodeJS.Require,
  [first, second]: readonly [string, string],
): { readonly Piscina: PiscinaClass } {
  try {
    return require(first);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
  }
  return require(second);
}
