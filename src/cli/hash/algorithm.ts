import { getHashes } from 'node:crypto';
import { UsageError } from '../arguments.js';
import { newHash } from './hash-task.js';

/** How many similar names the error message lists. */
const SIMILAR = 6;

/** Node's name for an algorithm: any of `crypto.getHashes()`, whatever the case of its letters. */
export function findAlgorithm(given: string): string {
  const names = getHashes();
  const name = names.includes(given)
    ? given
    : names.find((candidate) => candidate.toLowerCase() === given.toLowerCase());
  if (name === undefined) {
    throw new UsageError(
      `--algorithm: unknown algorithm '${given}'; near it are: ${similarNames(given, names).join(', ')}`,
    );
  }
  try {
    newHash(name);
  } catch (error) {
    throw new UsageError(`--algorithm: '${name}' is not available here: ${(error as Error).message}`);
  }
  return name;
}

/** The length of a digest in hex characters. */
export function hexLengthOf(algorithm: string): number {
  return newHash(algorithm).digest('hex').length;
}

/** The names that share the longest prefix with `given`; the shorter name first where that is equal. */
function similarNames(given: string, names: readonly string[]): string[] {
  const wanted = normalize(given);
  const common = (name: string) => {
    const other = normalize(name);
    let length = 0;
    while (length < wanted.length && wanted[length] === other[length]) length++;
    return length;
  };
  return names
    .map((name) => ({ name, common: common(name) }))
    .sort((a, b) => b.common - a.common || a.name.length - b.name.length || (a.name < b.name ? -1 : 1))
    .slice(0, SIMILAR)
    .map(({ name }) => name);
}

function normalize(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
