import { isatty } from 'node:tty';
import { describeErrno } from '../files/errno.js';
import { Places } from '../files/places.js';
import { quote } from '../files/quote.js';
import { fileOutput } from '../manifest/file-output.js';
import { formatLine } from '../manifest/manifest.js';
import { type Output, standardOutput } from '../manifest/output.js';
import type { Bar } from '../terminal/bar.js';
import { tidyAtEnd } from '../terminal/interrupt.js';
import { messagePrinter, messagesTaken } from '../terminal/messages.js';
import { print } from '../terminal/print.js';
import { summary } from '../terminal/summary.js';
import { Tally } from '../terminal/tally.js';
import { openHasher } from './hasher.js';
import { type FoundFiles, filesToCount, inputFiles, isRegular } from './inputs.js';
import { refuseLostInput } from './lost-input.js';
import { type HashOptions, HELP, parseHashOptions } from './options.js';
import { type Hasher, type HashingOptions, hashInOrder } from './pipeline.js';

/*
 * Modules that only some calls need are imported where they are needed: each adds 0.5 ms to the start.
 */

type OptionsOf<M extends HashOptions['mode']> = Extract<HashOptions, { mode: M }>;

/** What the steps of one run share. */
interface Run {
  readonly hasher: Hasher;
  readonly hashing: HashingOptions;
  readonly output: Output;
  readonly places: Places;
  /** Prints one line to standard error. */
  report(message: string): void;
}

/** Used where standard error is no terminal. */
const noProgress: Bar = { clear() {}, stop() {} };

/**
 * Runs `leastwork hash` and returns the exit code. Throws `UsageError`, and errors after which it cannot go
 * on.
 */
export async function hashCommand(args: readonly string[]): Promise<number> {
  const options = parseHashOptions(args);
  if (options.mode === 'help') {
    await print(HELP);
    return 0;
  }

  const started = performance.now();
  const tally = new Tally();
  // A progress bar would be drawn over what the user types into the terminal.
  const watched = process.stderr.isTTY && !(readsStandardInput(options) && isatty(0));
  const counter = watched ? new BigInt64Array(new SharedArrayBuffer(8)) : undefined;
  let progress: Bar = noProgress;

  const beforeOutput = isatty(1) ? () => progress.clear() : undefined;
  const file = options.mode === 'hash' ? options.output : undefined;
  const output = file === undefined ? standardOutput(beforeOutput) : await fileOutput(file);
  // The temporary file cannot be left behind between the two: signals are handled in a later turn of the
  // event loop.
  tidyAtEnd(() => {
    progress.stop();
    output.discard();
  });
  const places = new Places();
  if (options.mode === 'hash') await refuseLostInput(options.inputs, output, places);
  const hasher = openHasher(options.workers, { watch: options.watch });
  const run: Run = {
    hasher,
    hashing: { algorithm: options.algorithm, counter, onReply: (reply) => tally.add(reply) },
    output,
    places,
    report: messagePrinter(() => progress.clear()),
  };

  const stopCounting = new AbortController();
  if (counter && !(options.mode === 'check' && options.status)) {
    const { countInto, showProgress } = await import('../terminal/progress.js');
    const totals = { files: 0, bytes: 0, complete: false };
    progress = await showProgress(process.stderr, totals, () => ({
      files: tally.files + tally.unread,
      bytes: Number(Atomics.load(counter, 0)),
    }));
    const count = async () => {
      const files =
        options.mode === 'hash'
          ? await filesToCount(options.inputs, output, places)
          : await filesOfManifests(options, places);
      if (files) await countInto(totals, files, places, stopCounting.signal);
    };
    // Errors are ignored here: hashing meets the same errors and reports them.
    count().catch(() => {});
  }

  const ok = options.mode === 'check' ? await check(options, run) : await hash(options, run);
  stopCounting.abort();
  progress.stop();
  await hasher.stopWatch();
  await output.commit();
  if (!options.quiet && !(options.mode === 'check' && options.status)) {
    process.stderr.write(summary(tally, (performance.now() - started) / 1000, options.workers));
  }
  await hasher.close();
  return ok ? 0 : 1;
}

async function hash(
  options: OptionsOf<'hash'>,
  { hasher, hashing, output, places, report }: Run,
): Promise<boolean> {
  let ok = true;
  const failed = (message: string) => {
    ok = false;
    report(message);
  };
  const files = inputFiles(options.inputs, output, places, failed);
  for await (const batch of hashInOrder(files, hasher, hashing)) {
    let text = '';
    for (const { file, outcome } of batch) {
      if (typeof outcome === 'string') text += formatLine(outcome, file.path);
      else failed(`${quote(file.path)}: ${describeErrno(outcome.error)}`);
    }
    await output.writer.write(text);
    await messagesTaken();
  }
  return ok;
}

async function check(options: OptionsOf<'check'>, { output, ...run }: Run): Promise<boolean> {
  const { checkManifest } = await import('../manifest/check.js');
  let ok = true;
  for (const manifest of options.manifests) {
    ok = (await checkManifest(manifest, { ...run, writer: output.writer }, options)) && ok;
  }
  return ok;
}

/** The files in the manifests, to be counted; `undefined` where a manifest can be read only once. */
async function filesOfManifests(
  options: OptionsOf<'check'>,
  places: Places,
): Promise<FoundFiles | undefined> {
  for (const manifest of options.manifests) if (!(await isRegular(manifest, places))) return undefined;
  return readManifests(options);
}

async function* readManifests({ manifests, algorithm }: OptionsOf<'check'>) {
  const { ManifestReader } = await import('../manifest/manifest-reader.js');
  for (const manifest of manifests) {
    for await (const entries of new ManifestReader(manifest, algorithm).entries())
      yield entries.map(({ path }) => ({ path, regular: false }));
  }
}

function readsStandardInput(options: OptionsOf<'hash' | 'check'>): boolean {
  const inputs = options.mode === 'hash' ? options.inputs : options.manifests;
  return 'file' in inputs ? inputs.file === '-' : inputs.includes('-');
}
