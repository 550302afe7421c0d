/** Looks whether a batch could begin. */
import { constants, fstatSync, promises } from 'node:fs';
import { dirname } from 'node:path';
import { checkSinks, formerState, identityOf } from './beginning.js';
import { refuseSharedFiles } from './distinct-files.js';
import { BatchFileError } from './errors.js';
import { lockJournal } from './journal/lock.js';
import type { JournalState } from './journal/state.js';
import { type BatchOptions, batchSettings } from './options.js';

/**
 * Checks all that `runBatch` checks before it runs the first item, but for the function's module: files,
 * folders, journal. Writes nothing, and opens no output.
 * @throws InvalidOptionError
 * @throws BatchError the batch could not begin
 */
export async function checkBatch(options: BatchOptions): Promise<void> {
  const settings = batchSettings(options);
  const { inputs, output, errors, journal } = settings;
  await refuseSharedFiles(settings);
  for (const input of inputs) {
    if (typeof input === 'string') await mustBeReadable(input);
  }
  let state: JournalState | undefined;
  if (journal !== undefined) {
    const unlock = await lockJournal(journal);
    try {
      state = (await formerState(settings, await identityOf(settings))).state;
    } finally {
      unlock();
    }
  }
  for (const path of [output, errors, journal]) {
    if (typeof path === 'string') await mustBeWritable(path);
  }
  await checkSinks(settings, state);
}

async function mustBeReadable(path: string): Promise<void> {
  try {
    if ((path === '-' ? fstatSync(0) : await promises.stat(path)).isDirectory())
      throw Object.assign(new Error('EISDIR'), { code: 'EISDIR' });
    if (path !== '-') await promises.access(path, constants.R_OK);
  } catch (error) {
    throw new BatchFileError(path, error);
  }
}

/** The file, or the folder that it is to be made in. */
async function mustBeWritable(path: string): Promise<void> {
  try {
    await promises.access(path, constants.W_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw new BatchFileError(path, error);
    try {
      await promises.access(dirname(path), constants.W_OK | constants.X_OK);
    } catch (cause) {
      throw new BatchFileError(path, cause);
    }
  }
}
