import { getHashes } from 'node:crypto';
import { UsageError } from '../arguments.js';
import { newHash } from './hash-task.js';

/** How many names a complaint lists. */
const NEAR = 6;

/** The algorithm as Node names it: any of `crypto.getHashes()`, in upper or lower case. */
export function findAlgorithm(given: string): string {
  const names = getHashes();
  const name = names.includes(given)
    ? given
    : names.find((candidate) => candidate.toLowerCase() === given.toLowerCase());
  if (name === undefined) {
    throw new UsageError(`unknown algorithm '${given}'; near it are: ${nearTo(given, names).join(', ')}`);
  }
  try {
    newHash(name);
  } catch (error) {
    throw new UsageError(`algorithm '${name}' is not available here: ${(error as Error).message}`);
  }
  return name;
}

/** Characters of a digest in hex. */
export function hexLengthOf(algorithm: string): number {
  return newHash(algorithm).digest('hex').length;
}

/** The names that begin most like the one given, the shortest of them first. */
function nearTo(given: string, names: readonly string[]): string[] {
  const wanted = plain(given);
  const common = (name: string) => {
    const other = plain(name);
    let length = 0;
    while (length < wanted.length && wanted[length] === other[length]) length++;
    return length;
  };
  return names
    .map((name) => ({ name, common: common(name) }))
    .sort((a, b) => b.common - a.common || a.name.length - b.name.length || (a.name < b.name ? -1 : 1))
    .slice(0, NEAR)
    .map(({ name }) => name);
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
