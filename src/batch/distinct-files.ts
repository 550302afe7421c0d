/** Refuses files of a batch that would be written over each other. */
import { fstat, realpath, stat } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { BatchError } from './errors.js';
import type { BatchSettings } from './options.js';

const statOf = promisify(stat);
const statOpen = promisify(fstat);
const realPathOf = promisify(realpath);

/**
 * Results, failed items and journal need files of their own, none of which is an input. Only the output of a batch
 * without a journal may be one: it is replaced when all is read.
 * @throws BatchError
 */
export async function refuseSharedFiles({ output, errors, journal, inputs }: BatchSettings): Promise<void> {
  const mayReplaceInput = journal === undefined;
  const uses: [use: string, path: string | undefined][] = [
    ['the output', typeof output === 'string' ? output : undefined],
    ['the file of failed items', errors],
    ['the journal', journal],
  ];
  if (!mayReplaceInput || errors !== undefined) {
    for (const input of inputs) uses.push(['an input', typeof input === 'string' ? input : undefined]);
  }
  const seen = new Map<string, string>();
  for (const [use, path] of uses) {
    if (path === undefined) continue;
    const file = await identityOf(path, use === 'an input');
    if (file === undefined) continue;
    const other = seen.get(file);
    if (other === undefined) seen.set(file, use);
    else if (use === other || (mayReplaceInput && use === 'an input' && other === 'the output')) continue;
    else throw new BatchError(`${path}: is both ${other} and ${use}`);
  }
}

/** What two names of one file have in common; undefined: a device or the like, of which there may be many users. */
async function identityOf(path: string, isInput: boolean): Promise<string | undefined> {
  try {
    const stats = await (isInput && path === '-' ? statOpen(0) : statOf(path));
    return stats.isFile() ? `${stats.dev}:${stats.ino}` : undefined;
  } catch {
    // Not there yet, or not to be looked at, which is said when it is opened.
  }
  const absolute = resolve(path);
  try {
    return join(await realPathOf(dirname(absolute)), basename(absolute));
  } catch {
    return absolute;
  }
}
