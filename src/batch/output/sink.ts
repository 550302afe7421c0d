/**
 * Destinations of results and failed items: a descriptor, a file replaced at the end, a file continued in
 * place.
 */
import {
  close,
  constants,
  fdatasync,
  fstatSync,
  ftruncateSync,
  open,
  openSync,
  type Stats,
  stat,
  unlinkSync,
} from 'node:fs';
import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import { setTimeout } from '../../protocol/timers.js';
import { compressorFor, isCompressed } from '../compression.js';
import { BatchError, BatchFileError } from '../errors.js';
import { ByteWriter, type Writer } from './byte-writer.js';
import { CompressingWriter } from './compressing-writer.js';
import { ownDescriptor } from './own-descriptor.js';
import { fromText, openReplacement, putInPlace, refuseReadOnly, toText } from './replacement.js';
import { SharedWriter } from './shared-writer.js';
import { isStandardErrorPipe, StandardErrorWriter } from './standard-error-writer.js';

const sync = promisify(fdatasync);
const openFile = promisify(open);
const statFile = promisify(stat);

export interface Sink {
  readonly writer: Writer;
  /** Bytes present before this run. */
  readonly base: number;
  /** Cuts off what is beyond `base`; before the first write. Until then a present file is as it was. */
  start(): void;
  /** Resolves when the written bytes would survive a power failure. */
  sync(): Promise<void>;
  /** Ends the output: flushes, and makes a replaced file appear. */
  commit(): Promise<void>;
  /** Removes a temporary file. Synchronous, for signals. */
  discard(): void;
}

/** A descriptor opened by the caller, such as standard output. */
export function descriptorSink(file: number, changed: () => void, name = nameOfDescriptor(file)): Sink {
  if (!isCompressed(name) && leadsToStandardError(file)) return standardErrorSink(name, changed);
  const writer = writerFor(compressorFor(name), file, name, undefined, changed);
  return { ...PLAIN, writer, commit: () => writer.flush(), discard() {} };
}

/** Of results and failed items that go where one sink writes. */
export function sharedSinks(sink: Sink): { output: Sink; errors: Sink } {
  const errors = new SharedWriter(sink.writer);
  return {
    output: { ...sink, writer: new SharedWriter(sink.writer) },
    errors: { ...PLAIN, writer: errors, commit: () => errors.flush(), discard() {} },
  };
}

/** Where what functions print goes, too. */
function standardErrorSink(path: string, changed: () => void): Sink {
  const writer = new StandardErrorWriter(path, changed);
  const end = () => writer.close();
  return { ...PLAIN, writer, commit: () => writer.flush().finally(end), discard: end };
}

/** What needs no more than its writer. */
const PLAIN = { base: 0, start() {}, sync: async () => {} };

/** False where there is no such descriptor, which is said when it is written to. */
function leadsToStandardError(file: number): boolean {
  try {
    return isStandardErrorPipe(fstatSync(file));
  } catch {
    return false;
  }
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
 * A file that appears complete or not at all, and keeps what it replaces: see `openReplacement`. Devices,
 * pipes, and descriptors of this process (`/dev/stdout`) are written directly.
 *
 * @param signal no reader of a FIFO is waited for any more
 * @returns makes it, synchronously; throws BatchFileError
 * @throws BatchFileError
 */
export function replacedFileSink(
  path: string,
  changed: () => void,
  signal: AbortSignal | undefined,
): Promise<() => Sink> {
  return inWords(path, async () => {
    const former = await statsOf(path);
    if (former?.isDirectory() || path.endsWith('/'))
      throw Object.assign(new Error('EISDIR'), { code: 'EISDIR', errno: -21 });
    const own = ownDescriptor(path);
    if (own !== undefined && former?.isFile()) return () => descriptorSink(own, changed, path);
    if (former === undefined || former.isFile())
      return () => inWordsNow(path, () => replacement(path, former, changed));
    if (!isCompressed(path) && isStandardErrorPipe(former)) return () => standardErrorSink(path, changed);
    const file = await (former.isFIFO() ? openFifo(path, signal) : openFile(path, 'w'));
    const sink = ownSink(file, path, changed);
    return () => sink;
  });
}

/** Pause before it is looked again whether a FIFO has a reader, in ms. */
const LOOK_MS = 20;

/**
 * Opening a FIFO waits for its reader. A call that waits cannot be taken back, and would keep the process, so
 * there is one only when the reader is there.
 */
async function openFifo(path: string, signal: AbortSignal | undefined): Promise<number> {
  for (;;) {
    try {
      const first = await openFile(path, constants.O_WRONLY | constants.O_NONBLOCK);
      try {
        return await openFile(path, 'w');
      } finally {
        // Not before: without a writer, the reader would see the end.
        close(first, () => {});
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO' || signal?.aborted) throw error;
    }
    await new Promise<void>((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** A descriptor that is closed in the end. */
function ownSink(file: number, path: string, changed: () => void): Sink {
  const writer = writerFor(compressorFor(path), file, path, undefined, changed);
  const end = closing(file, writer);
  return { ...PLAIN, writer, commit: () => writer.flush().finally(end), discard: end };
}

/** @returns closes the file once: as soon as nothing is being written */
function closing(file: number, writer: ByteWriter): () => void {
  let isOpen = true;
  return () => {
    if (!isOpen) return;
    isOpen = false;
    const end = () => close(file, () => {});
    writer.settled().then(end);
  };
}

function replacement(path: string, former: Stats | undefined, changed: () => void): Sink {
  const compressor = compressorFor(path);
  const opened = openReplacement(fromText(path), former);
  const writer = writerFor(compressor, opened.descriptor, path, 0, changed);
  let isOpen = true;
  return {
    ...PLAIN,
    writer,
    async commit() {
      await writer.flush();
      // Without it, a power failure soon after the rename can leave an empty file on some file systems.
      await sync(opened.descriptor);
      if (!isOpen) return;
      isOpen = false;
      try {
        putInPlace(opened);
      } catch (error) {
        const kept = toText(opened.temporary);
        throw new BatchFileError(path, error, `could not be replaced; what was written is in ${kept}: `);
      }
    },
    discard() {
      if (!isOpen) return;
      isOpen = false;
      closing(opened.descriptor, writer)();
      try {
        unlinkSync(Buffer.from(opened.temporary, 'latin1'));
      } catch {
        // Already gone.
      }
    },
  };
}

/** What a file is continued from. */
export interface Continuation {
  /** Bytes that the journal speaks of. */
  readonly base: number;
  /** Whether there can be no more: the run before has ended in good order. */
  readonly isExact: boolean;
}

/**
 * A file written in place after its first `base` bytes; the rest is cut off when it is started.
 * @returns makes it, synchronously; throws BatchFileError
 * @throws BatchFileError
 * @throws BatchError the file is not the one that was written, or no regular file
 */
export function continuedFileSink(
  path: string,
  { base, isExact }: Continuation,
  changed: () => void,
): Promise<() => Sink> {
  if (isCompressed(path)) {
    throw new BatchError(
      `${path}: with a journal, files that are written are not compressed, since they are cut back when the batch is resumed`,
    );
  }
  return inWords(path, async () => {
    const former = await statsOf(path);
    if (former !== undefined && !former.isFile())
      throw new BatchError(`${path}: with a journal, this must be a regular file`);
    refuseOtherSize(path, former?.size, base, isExact);
    if (former !== undefined) refuseReadOnly(fromText(path), former);
    return () => inWordsNow(path, () => continued(path, base, former === undefined, changed));
  });
}

function refuseOtherSize(path: string, size: number | undefined, base: number, isExact: boolean): void {
  if (size === undefined ? base === 0 : size === base || (size > base && !isExact)) return;
  const is = size === undefined ? 'is not there' : `has ${size} bytes`;
  const isLonger = size !== undefined && size > base;
  const reason = isLonger
    ? 'it was written to since (--force cuts it back)'
    : 'it is not the file that was written';
  throw new BatchError(`${path}: ${is}, but the journal speaks of ${base}: ${reason}`);
}

function continued(path: string, base: number, isNew: boolean, changed: () => void): Sink {
  const file = openSync(path, isNew ? 'w+' : 'r+');
  const writer = new ByteWriter(file, path, base, changed);
  const end = closing(file, writer);
  let isStarted = false;
  return {
    writer,
    base,
    start() {
      ftruncateSync(file, base);
      isStarted = true;
    },
    sync: () => sync(file),
    async commit() {
      await writer.flush();
      await sync(file);
      end();
    },
    discard() {
      end();
      if (isNew && !isStarted) removeNow(path);
    },
  };
}

function removeNow(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Already gone.
  }
}

async function statsOf(path: string): Promise<Stats | undefined> {
  try {
    return await statFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

async function inWords<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw error instanceof BatchError ? error : new BatchFileError(path, error);
  }
}

function inWordsNow<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof BatchError ? error : new BatchFileError(path, error);
  }
}
