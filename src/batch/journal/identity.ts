/** Identity of a batch: its inputs, its function, and the settings that determine its output. */
import { close, fstat, open, promises, read, stat } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isRecord } from '../../options/validate.js';
import { BatchFileError } from '../errors.js';
import type { BatchInput } from '../input/source.js';
import { positionOfStdin } from '../input/standard-input.js';
import type { ThreadSetup } from '../layout.js';

/** An input at one moment. Inputs other than regular files have a name only. */
export interface InputIdentity {
  readonly name: string;
  readonly size?: number | undefined;
  /** In ms since 1970. */
  readonly modified?: number | undefined;
  /** SHA-256 of the first and the last 64 KB. */
  readonly hash?: string | undefined;
}

export interface Identity {
  /** Name of the function, and the SHA-256 of its text or of its module's text. */
  readonly task: { readonly name: string; readonly hash?: string };
  readonly settings: Readonly<Record<string, unknown>>;
  readonly inputs: readonly InputIdentity[];
  readonly output: string;
  readonly errors?: string | undefined;
}

/**
 * As a journal has it: a line of JSON. What it does not have is `undefined`, whatever the program's
 * `Object.prototype` has under that name.
 */
export function parseIdentity(json: string): Identity {
  return JSON.parse(json, (_, value: unknown) =>
    isRecord(value) ? Object.assign(Object.create(null) as object, value) : value,
  );
}

/** Of an input that is no regular file. */
function nameAlone(name: string): InputIdentity {
  return { name, size: undefined, modified: undefined, hash: undefined };
}

const SAMPLE = 64 * 1024;
/** Length of the text that stands for the name of an anonymous function. */
const MOST_NAME = 80;

const [statFile, statOpen, openFile, readBytes] = [
  promisify(stat),
  promisify(fstat),
  promisify(open),
  promisify(read),
];

/** @throws BatchFileError */
export async function identifyInput(input: BatchInput): Promise<InputIdentity> {
  if (typeof input !== 'string') return nameAlone('(stream)');
  const name = input === '-' ? '-' : resolve(input);
  try {
    // First, since a FIFO must not be opened twice.
    const stats = await (input === '-' ? statOpen(0) : statFile(input));
    if (!stats.isFile()) return nameAlone(name);
    const begin = (input === '-' ? positionOfStdin() : undefined) ?? 0;
    const hash = await sampleHash(input, begin, stats.size);
    return { name, size: Math.max(0, stats.size - begin), modified: Math.round(stats.mtimeMs), hash };
  } catch (error) {
    throw new BatchFileError(input, error);
  }
}

async function sampleHash(input: string, begin: number, size: number): Promise<string> {
  const file = input === '-' ? 0 : await openFile(input, 'r');
  try {
    const hash = newHash();
    const sample = Buffer.alloc(SAMPLE);
    for (const at of [begin, Math.max(begin, size - SAMPLE)]) {
      const { bytesRead } = await readBytes(file, sample, 0, SAMPLE, at);
      hash.update(sample.subarray(0, bytesRead));
    }
    return hash.digest('hex');
  } finally {
    if (file !== 0) close(file, () => {});
  }
}

export async function identifyTask(task: ThreadSetup['task']): Promise<Identity['task']> {
  if (task.kind === 'inline') {
    const name = task.name === '(anonymous)' ? textOf(task.source).slice(0, MOST_NAME) : task.name;
    return { name, hash: sha256(task.source) };
  }
  try {
    return { name: task.name, hash: sha256(await promises.readFile(fileURLToPath(task.url))) };
  } catch {
    // A data URL, or a module that is not there: loading it reports that.
    return { name: task.name, hash: sha256(task.url) };
  }
}

/** Removes the parentheses around a function's source. */
function textOf(source: string): string {
  return source.replace(/^\(\s*/, '').replace(/\s*\)$/, '');
}

function sha256(data: string | Buffer): string {
  return newHash().update(data).digest('hex');
}

/** Loaded lazily: only batches with a journal need it. */
function newHash() {
  return process.getBuiltinModule('node:crypto').createHash('sha256');
}

/** Describes each difference; empty if there is none. */
export function changesOf(was: Identity, is: Identity): string[] {
  const changes: string[] = [];
  for (const [i, input] of is.inputs.entries()) {
    const before = was.inputs[i];
    if (before === undefined || before.name !== input.name)
      changes.push(`the input ${input.name} is another one`);
    else if (before.size !== input.size)
      changes.push(`${input.name} had ${before.size} bytes and has ${input.size}`);
    else if (before.hash !== input.hash) changes.push(`the content of ${input.name} has changed`);
    else if (before.modified !== input.modified) changes.push(`${input.name} was written to since`);
  }
  if (was.inputs.length > is.inputs.length) changes.push('there were more inputs');
  if (was.task.name !== is.task.name) changes.push(`the function was ${was.task.name}, not ${is.task.name}`);
  else if (was.task.hash !== is.task.hash) changes.push(`the text of ${is.task.name} has changed`);
  for (const name of new Set([...Object.keys(was.settings), ...Object.keys(is.settings)])) {
    const [before, now] = [was.settings[name], is.settings[name]].map((value) => JSON.stringify(value));
    if (before !== now) changes.push(`${name} was ${before}, not ${now}`);
  }
  if (was.output !== is.output) changes.push(`the output was ${was.output}`);
  if (was.errors !== is.errors) changes.push(`the file of failed items was ${was.errors ?? 'not kept'}`);
  return changes;
}
