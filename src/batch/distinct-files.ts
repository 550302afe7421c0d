/** Which files of a batch are one file. Refuses those that would be written over each other. */
import { fstat, readlink, realpath, type Stats, stat } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { BatchError } from './errors.js';
import type { BatchSettings } from './options.js';
import { ownDescriptor } from './output/own-descriptor.js';

const statOf = promisify(stat);
const statOpen = promisify(fstat);
const realPathOf = promisify(realpath);
const linkOf = promisify(readlink);

/** A path, or a descriptor. */
type Place = string | number;

type Use = readonly [use: string, place: Place | undefined];

/**
 * Results, failed items and journal need files of their own, none of which is an input. Only the output of a batch
 * without a journal may be one: it is replaced when all is read. Results and failed items may go to one file through
 * descriptors of this process (`--errors /dev/stdout`): then they share a writer, see `isOnePlace`.
 * @throws BatchError
 */
export async function refuseSharedFiles(settings: BatchSettings): Promise<void> {
  const { output, errors, journal, inputs } = settings;
  const mayReplaceInput = journal === undefined && typeof output === 'string' && !isOwn(output);
  const written: Use[] = [
    ['the output', output],
    ['the file of failed items', errors],
    ['the journal', journal],
  ];
  const seen = new Map<string, Use>();
  const see = async ([use, place]: Use): Promise<void> => {
    const file = place === undefined ? undefined : await identityOf(place);
    if (place === undefined || file === undefined) return;
    const former = seen.get(file);
    if (former === undefined) {
      seen.set(file, [use, place]);
      return;
    }
    const [other, first] = former;
    if (use === other || (mayReplaceInput && use === 'an input' && other === 'the output')) return;
    if (use === 'an input' || journal !== undefined || !isOwn(place) || !isOwn(first as Place))
      throw new BatchError(`${nameOf(place)}: is both ${other} and ${use}`);
  };
  for (const use of written) await see(use);
  // There may be very many.
  if (seen.size === 0 || (mayReplaceInput && errors === undefined)) return;
  for (const input of inputs)
    if (typeof input === 'string') await see(['an input', input === '-' ? 0 : input]);
}

/**
 * Whether results and failed items go to the same pipe, terminal or the like, or through descriptors of this
 * process to the same file. Two writers would tear each other's lines there: a pipe takes a part of them at a time.
 */
export async function isOnePlace({ output, errors }: BatchSettings): Promise<boolean> {
  if (errors === undefined) return false;
  const [one, other] = await Promise.all([statsOf(output), statsOf(errors)]);
  if (one === undefined || other === undefined || keyOf(one) !== keyOf(other)) return false;
  return !one.isFile() || (isOwn(output) && isOwn(errors));
}

function isOwn(place: Place): boolean {
  return typeof place === 'number' || ownDescriptor(place) !== undefined;
}

function nameOf(place: Place): string {
  return typeof place === 'string' ? place : place === 0 ? '-' : `descriptor ${place}`;
}

function keyOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}

/** Undefined: not there yet, or not to be looked at, which is said when it is opened. */
async function statsOf(place: Place): Promise<Stats | undefined> {
  try {
    return await (typeof place === 'number' ? statOpen(place) : statOf(place));
  } catch {
    return undefined;
  }
}

/** What two names of one file have in common; undefined: a device or the like, of which there may be many users. */
async function identityOf(place: Place): Promise<string | undefined> {
  const stats = await statsOf(place);
  if (stats !== undefined) return stats.isFile() ? keyOf(stats) : undefined;
  return typeof place === 'number' ? undefined : await targetOf(resolve(place), 0);
}

/** Links that lead to each other; as Linux has it. */
const MOST_LINKS = 40;

/** Where a path will lead whose file is not there yet. */
async function targetOf(path: string, links: number): Promise<string> {
  try {
    const folder = await realPathOf(dirname(path));
    const place = join(folder, basename(path));
    const target = await linkOf(place).catch(() => undefined);
    return target === undefined || links === MOST_LINKS
      ? place
      : await targetOf(resolve(folder, target), links + 1);
  } catch {
    return path;
  }
}
