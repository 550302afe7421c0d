import { closeSync, open, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { ownDescriptor } from '../../batch/output/own-descriptor.js';
import { type ByteString, toBytes } from '../files/bytes.js';
import { asFileError } from '../files/file-error.js';
import { quote } from '../files/quote.js';
import type { Output } from './output.js';
import { replacementOutput } from './replacement.js';
import { Writer } from './writer.js';

/**
 * The manifest as a file: see `replacementOutput`. Pipes and devices (`/dev/stdout`) are written to directly.
 * Throws `FileError`.
 */
export async function fileOutput(file: ByteString): Promise<Output> {
  try {
    // Ahead of what is done at once: on a server that does not answer, this waits and nothing else does.
    const former = await statsOf(file);
    if (former?.isDirectory() || file.endsWith('/'))
      throw Object.assign(new Error('EISDIR'), { code: 'EISDIR', errno: -21 });
    const own = ownDescriptor(file);
    if (own !== undefined && former?.isFile()) return ownOutput(own, file);
    return former && !former.isFile() ? await specialOutput(file) : replacementOutput(file, former);
  } catch (error) {
    throw asFileError(quote(file), error);
  }
}

async function statsOf(file: ByteString): Promise<Stats | undefined> {
  try {
    return await stat(toBytes(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    // Where it is to be made.
    await stat(toBytes(dirname(file)));
    return undefined;
  }
}

/** What was written to it before stays. */
function ownOutput(descriptor: number, file: ByteString): Output {
  const writer = new Writer(descriptor, quote(file));
  return { writer, commit: () => writer.flush(), discard() {} };
}

/**
 * Opened by the given name: the pipe behind `/dev/stdout` has no other. Opening waits for a reader of a FIFO,
 * and so is left to libuv's threads.
 */
async function specialOutput(file: ByteString): Promise<Output> {
  const descriptor = await promisify(open)(toBytes(file), 'w');
  const writer = new Writer(descriptor, quote(file));
  const commit = async () => {
    await writer.flush();
    closeSync(descriptor);
  };
  return { writer, commit, discard() {} };
}
