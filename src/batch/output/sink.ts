/**
 * Destinations of results and failed items: a descriptor, a file replaced at the end, a file continued in
 * place.
 */
import { fdatasync, fstatSync, ftruncateSync, openSync, statSync, unlinkSync } from 'node:fs';
import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import { compressorFor, isCompressed } from '../compression.js';
import { BatchError, BatchFileError } from '../errors.js';
import { ByteWriter } from './byte-writer.js';
import { CompressingWriter } from './compressing-writer.js';
import { fromText, openReplacement, putInPlace, toText } from './replacement.js';

const sync = promisify(fdatasync);

export interface Sink {
  readonly writer: ByteWriter;
  /** Bytes present before this run. */
  readonly base: number;
  /** Resolves when the written bytes would survive a power failure. */
  sync(): Promise<void>;
  /** Ends the output: flushes, and makes a replaced file appear. */
  commit(): Promise<void>;
  /** Removes a temporary file. Synchronous, for signals. */
  discard(): void;
}

/** A descriptor opened by the caller, such as standard output. */
export function descriptorSink(file: number, changed: () => void, name = nameOfDescriptor(file)): Sink {
  const writer = writerFor(compressorFor(name), file, name, undefined, changed);
  return { writer, base: 0, sync: async () => {}, commit: () => writer.flush(), discard() {} };
}

function writerFor(
  compressor: Transform | undefined,
  ...place: ConstructorParameters<typeof ByteWriter>
): ByteWriter {
  return compressor === undefined ? new ByteWriter(...place) : new CompressingWriter(compressor, ...place);
}

function nameOfDescriptor(file: number): string {
  return file === 1 ? 'standard output' : `descriptor ${file}`;
}

/**
 * A file that appears complete or not at all, and keeps what it replaces: see `openReplacement`. Devices and
 * pipes are written directly.
 * @throws BatchFileError
 */
export function replacedFileSink(path: string, changed: () => void): Sink {
  return inWords(path, () => {
    const former = statSync(path, { throwIfNoEntry: false });
    if (former?.isDirectory() || path.endsWith('/'))
      throw Object.assign(new Error('EISDIR'), { code: 'EISDIR', errno: -21 });
    if (former !== undefined && !former.isFile()) {
      return descriptorSink(openSync(path, 'w'), changed, path);
    }
    const compressor = compressorFor(path);
    const replacement = openReplacement(fromText(path), former);
    const writer = writerFor(compressor, replacement.descriptor, path, 0, changed);
    let isOpen = true;
    return {
      writer,
      base: 0,
      sync: async () => {},
      async commit() {
        await writer.flush();
        // Without it, a power failure soon after the rename can leave an empty file on some file systems.
        await sync(replacement.descriptor);
        if (!isOpen) return;
        isOpen = false;
        try {
          putInPlace(replacement);
        } catch (error) {
          const kept = toText(replacement.temporary);
          throw new BatchFileError(path, error, `could not be replaced; what was written is in ${kept}: `);
        }
      },
      discard() {
        if (!isOpen) return;
        isOpen = false;
        try {
          unlinkSync(Buffer.from(replacement.temporary, 'latin1'));
        } catch {
          // Already gone.
        }
      },
    };
  });
}

/**
 * A file written in place after its first `base` bytes; the rest is cut off.
 * @throws BatchFileError
 * @throws BatchError the file is shorter than `base`
 */
export function continuedFileSink(path: string, base: number, changed: () => void): Sink {
  if (isCompressed(path)) {
    throw new BatchError(
      `${path}: with a journal, files that are written are not compressed, since they are cut back when the batch is resumed`,
    );
  }
  return inWords(path, () => {
    const file = openSync(path, base > 0 || statSync(path, { throwIfNoEntry: false }) ? 'r+' : 'w+');
    const { size } = fstatSync(file);
    if (!fstatSync(file).isFile())
      throw new BatchError(`${path}: with a journal, this must be a regular file`);
    if (size < base) {
      throw new BatchError(
        `${path}: has ${size} bytes, but the journal speaks of ${base}: it is not the file that was written`,
      );
    }
    ftruncateSync(file, base);
    const writer = new ByteWriter(file, path, base, changed);
    return {
      writer,
      base,
      sync: () => sync(file),
      async commit() {
        await writer.flush();
        await sync(file);
      },
      discard() {},
    };
  });
}

function inWords<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof BatchError ? error : new BatchFileError(path, error);
  }
}
