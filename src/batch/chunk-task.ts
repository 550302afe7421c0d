/** The task of a batch's threads: runs chunks. */
import { type ParseCsv, recordParser } from './csv-parser.js';
import type { Overflow, ThreadSetup } from './layout.js';
import { ChunkRun, publishAtExit } from './thread/chunk-run.js';
import { type ItemFunction, loadFunction } from './thread/function.js';
import type { FilePart } from './thread/slices.js';

/** A setup with its function and parser loaded. */
interface Loaded {
  readonly setup: ThreadSetup;
  readonly fn: ItemFunction;
  readonly parseCsv: ParseCsv | undefined;
}

const loaded = new Map<string, Loaded>();

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
 * Runs a chunk; see `layout.ts`. Results are in its memory, except for an overflow.
 *
 * @param input bytes of input in the memory, or the part of a file that is read here
 */
export function runChunk(
  json: string,
  memory: SharedArrayBuffer,
  input: number | FilePart,
): Overflow | undefined | Promise<Overflow | undefined> {
  const ready = loaded.get(json);
  if (ready === undefined) return prepare(json).then(() => runChunk(json, memory, input));
  return new ChunkRun(ready.setup, ready.fn, memory, input, ready.parseCsv).run();
}

async function loadCsv(): Promise<ParseCsv> {
  const { parse } = await import('csv-parse/sync');
  return recordParser(parse);
}
