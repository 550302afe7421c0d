/**
 * Loads Piscina from where the code of the threads is, not by `import`: it finds its own file for threads
 * beside itself, so it must not be part of a user's bundle.
 */
import type { Piscina } from 'piscina';
import { requireFrom } from '../errors/module-url.js';

export type PiscinaClass = typeof Piscina;

let known: PiscinaClass | undefined;

/**
 * @param entry URL of the file that threads load
 * @throws Error it is nowhere
 */
export function piscinaBeside(entry: URL): PiscinaClass {
  known ??= load(requireFrom(entry)).Piscina;
  return known;
}

function load(require: NodeJS.Require): { readonly Piscina: PiscinaClass } {
  try {
    return require('piscina');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
  }
  // The copy for bundled programs that run without node_modules.
  return require('./piscina/main.cjs');
}
