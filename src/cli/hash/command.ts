import { statSync } from 'node:fs';
import { isatty } from 'node:tty';
import { type ByteString, toBytes } from '../files/bytes.js';
import { describeErrno, errnoOf } from '../files/errno.js';
import { quote } from '../files/quote.js';
import { walk } from '../files/walk.js';
import { formatLine } from '../manifest/manifest.js';
import { fileOutput, NoRoomBeside, type Output, standardOutput } from '../manifest/output.js';
import { tidyAtEnd } from '../terminal/interrupt.js';
import type { Progress } from '../terminal/progress.js';
import { summary } from '../terminal/summary.js';
import { Tally } from '../terminal/tally.js';
import { openHasher } from './hasher.js';
import { type HashOptions, HELP, parseHashOptions } from './options.js';
import { type Hasher, type HashingOptions, hashInOrder, type Source } from './pipeline.js';

/*
 * What only some calls need is loaded by those: each module costs 0.5 ms of the start.
 */

type Asked<M extends HashOptions['mode']> = Extract<HashOptions, { mode: M }>;

/** What the parts of one run share. */
interface Run {
  readonly hasher: Hasher;
  readonly hashing: HashingOptions;
  readonly output: Output;
  /** One line of standard error. */
  report(message: string): void;
}

/** For where no terminal watches. */
const noProgress: Progress = { clear() {}, stop() {} };

/** The command `leastwork hash`. Gives the exit code; throws `UsageError`, and what makes it impossible to go on. */
export async function hashCommand(args: readonly string[]): Promise<number> {
  const options = parseHashOptions(args);
  if (options.mode === 'help') {
    process.stdout.write(HELP);
    return 0;
  }

  const started = performance.now();
  const tally = new Tally();
  // On a terminal somebody types what is to be read: nothing is drawn over that.
  const watched = process.stderr.isTTY && !(readsStandardInput(options) && isatty(0));
  const counter = watched ? new BigInt64Array(new SharedArrayBuffer(8)) : undefined;
  let progress: Progress = noProgress;

  const beforeOutput = isatty(1) ? () => progress.clear() : undefined;
  const file = options.mode === 'hash' ? options.output : undefined;
  const output = file === undefined ? standardOutput(beforeOutput) : openOutput(file);
  // No signal can come in between: they are handled when the event loop turns.
  tidyAtEnd(() => {
    progress.stop();
    output.discard();
  });
  const hasher = openHasher(options.workers);
  const run: Run = {
    hasher,
    hashing: { algorithm: options.algorithm, counter, onReply: (reply) => tally.add(reply) },
    output,
    report(message) {
      progress.clear();
      process.stderr.write(`leastwork: ${message}\n`);
    },
  };

  const stopCounting = new AbortController();
  if (counter && !(options.mode === 'check' && options.status)) {
    const { countInto, showProgress } = await import('../terminal/progress.js');
    const totals = { files: 0, bytes: 0, complete: false };
    progress = await showProgress(process.stderr, totals, () => ({
      files: tally.files + tally.unread,
      bytes: Number(Atomics.load(counter, 0)),
    }));
    const counted = pathsToCount(options, output);
    // Where it fails, so does the work itself, which reports it.
    if (counted) countInto(totals, counted, stopCounting.signal).catch(() => {});
  }

  const ok = options.mode === 'check' ? await check(options, run) : await hash(options, run);
  stopCounting.abort();
  progress.stop();
  await output.commit();
  if (!options.quiet && !(options.mode === 'check' && options.status)) {
    process.stderr.write(summary(tally, (performance.now() - started) / 1000, options.workers));
  }
  await hasher.close();
  return ok ? 0 : 1;
}

async function hash(options: Asked<'hash'>, { hasher, hashing, output, report }: Run): Promise<boolean> {
  let ok = true;
  const failed = (path: ByteString, code: string) => {
    ok = false;
    report(`${quote(path)}: ${describeErrno(code)}`);
  };
  for await (const batch of hashInOrder(files(pathsOf(options, output), output, failed), hasher, hashing)) {
    let text = '';
    for (const { source, outcome } of batch) {
      if (typeof outcome === 'string') text += formatLine(outcome, source.path);
      else failed(source.path, outcome.error);
    }
    await output.writer.write(text);
  }
  return ok;
}

async function check(options: Asked<'check'>, { output, ...run }: Run): Promise<boolean> {
  const { checkManifest } = await import('../manifest/check.js');
  let ok = true;
  for (const manifest of options.manifests) {
    ok = (await checkManifest(manifest, { ...run, writer: output.writer }, options)) && ok;
  }
  return ok;
}

function* files(
  paths: readonly ByteString[],
  output: Output,
  failed: (path: ByteString, code: string) => void,
): Generator<Source, void, undefined> {
  const onError = (path: ByteString, error: unknown) => {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    failed(path, code);
  };
  // What was named itself was not examined. All of a tree are regular files.
  const named = new Set(paths);
  for (const path of walk(paths, { onError, skip: output.owns })) {
    yield { path, regular: !named.has(path) || isRegular(path) };
  }
}

function isRegular(path: ByteString): boolean {
  // That is standard input, whatever file may have the name.
  if (path === '-') return false;
  try {
    return statSync(toBytes(path)).isFile();
  } catch {
    // Whoever reads it says what is wrong with it.
    return false;
  }
}

/** What was named, but for the output itself. */
function pathsOf(options: Asked<'hash'>, output: Output): ByteString[] {
  return options.paths.filter((path) => path === '-' || !output.is(path));
}

/** The same files once more, for the totals of the progress bar; `undefined` where they can be read only once. */
function pathsToCount(options: Asked<'hash' | 'check'>, output: Output) {
  if (options.mode === 'hash') return walk(pathsOf(options, output), { onError() {}, skip: output.owns });
  if (options.manifests.includes('-')) return undefined;
  return pathsOfManifests(options.manifests, options.algorithm);
}

async function* pathsOfManifests(manifests: readonly ByteString[], algorithm: string) {
  const { ManifestReader } = await import('../manifest/check.js');
  for (const manifest of manifests) {
    for await (const entry of new ManifestReader(manifest, algorithm).entries()) yield entry.path;
  }
}

function readsStandardInput(options: Asked<'hash' | 'check'>): boolean {
  return (options.mode === 'hash' ? options.paths : options.manifests).includes('-');
}

function openOutput(file: ByteString): Output {
  try {
    return fileOutput(file);
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    const where = error instanceof NoRoomBeside ? 'no file can be made beside it: ' : '';
    throw new Error(`${quote(file)}: ${where}${describeErrno(code)}`, { cause: error });
  }
}
