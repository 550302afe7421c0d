/** The task of a batch's threads: runs chunks. */
import { context } from '../../workers/task.js';
import { type ParseCsv, recordParser } from './csv-parser.js';
import type { Overflow, ThreadSetup } from './layout.js';
import { textIn } from './setup-memory.js';
import { ChunkRun, publishAtExit } from './thread/chunk-run.js';
import { type ItemFunction, loadFunction } from './thread/function.js';

/** A setup with its function and parser loaded. */
interface Loaded {
  readonly setup: ThreadSetup;
  readonly fn: ItemFunction;
  readonly parseCsv: ParseCsv | undefined;
}

/** As in the header of a chunk. */
const WORKER = context.worker.slot + 1;

const loaded = new Map<string, Loaded>();
const byText = new WeakMap<SharedArrayBuffer, Loaded>();

// Output of the function must not mix with the results on standard output.
process.stdout._write = (chunk, encoding, done) => process.stderr._write(chunk, encoding, done);
process.stdout._writev = undefined;

// Also runs after `process.exit` in the function and after an uncaught error: no finished result is lost.
process.on('exit', publishAtExit);

/** Loads the function. Rejects if that fails. */
export async function prepare(json: string): Promise<void> {
  if (loaded.has(json)) return;
  const setup = JSON.parse(json) as ThreadSetup;
  const fn = await loadFunction(setup.task);
  loaded.set(json, { setup, fn, parseCsv: setup.format === 'csv' ? await loadCsv() : undefined });
}

/**
 * Runs a chunk; see `layout.ts`. Results are in its memory, except for an overflow. All arguments fit a slot, so that no
 * message is sent for a chunk.
 *
 * @param text the setup, in shared memory
 * @param inputBytes bytes of input in the memory, unless it is read here
 * @param descriptor of the file of which the part between `from` and `to` is read here; -1: none
 */
export function runChunk(
  text: SharedArrayBuffer,
  memory: SharedArrayBuffer,
  inputBytes: number,
  descriptor: number,
  from: number,
  to: number,
): Overflow | undefined | Promise<Overflow | undefined> {
  const ready = byText.get(text) ?? loadedOf(text);
  if (ready === undefined)
    return prepare(textIn(text)).then(() => runChunk(text, memory, inputBytes, descriptor, from, to));
  const input = descriptor < 0 ? inputBytes : { descriptor, from, to };
  return new ChunkRun(WORKER, ready.setup, ready.fn, memory, input, ready.parseCsv).run();
}

function loadedOf(text: SharedArrayBuffer): Loaded | undefined {
  const ready = loaded.get(textIn(text));
  if (ready !== undefined) byText.set(text, ready);
  return ready;
}

async function loadCsv(): Promise<ParseCsv> {
  const { parse } = await import('csv-parse/sync');
  return recordParser(parse);
}
