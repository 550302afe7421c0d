/** Makes a folder, and those that it is in. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Not `mkdir` with `recursive`: in a folder in which none can be made, as in `/proc`, Node (20 to 26) tries
 * for ever.
 * @throws Error of the system, as `mkdir` does
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && dirname(folder) !== folder) {
      await makeFolder(dirname(folder));
      await mkdir(folder).catch(orIsThere(folder));
    } else await orIsThere(folder)(error);
  }
}

/** Another program may have made it in the meantime; and of some that are there `mkdir` says something else. */
function orIsThere(folder: string): (error: unknown) => Promise<void> {
  return async (error) => {
    const found = await stat(folder).catch(() => undefined);
    if (found?.isDirectory() !== true) throw error;
  };
}
