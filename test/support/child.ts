import { fileURLToPath } from 'node:url';
import { type Ended, type ProgramOptions, runNode } from './program.js';

const program = fileURLToPath(new URL('../fixtures/faults/child.mjs', import.meta.url));

/** Runs one of the programs of `child.mjs` to its end, in a process of its own. */
export function runChild(
  name: string,
  args: readonly string[] = [],
  onLine?: ProgramOptions['onLine'],
): Promise<Ended> {
  return runNode([program, name, ...args], onLine && { onLine });
}
