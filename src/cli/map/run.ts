import { statSync } from 'node:fs';
import { isatty } from 'node:tty';
import { BatchFileError, type BatchReport, type RunningBatch, runBatch } from '../../batch/index.js';
import { ownDescriptor } from '../../batch/output/own-descriptor.js';
import { type Balancer, BalancerError } from '../../index.js';
import { UsageError } from '../arguments.js';
import { errnoOf } from '../files/errno.js';
import type { Bar } from '../terminal/bar.js';
import { formatCount } from '../terminal/format.js';
import type { Watch } from '../watch.js';
import { isWatched } from '../watch-options.js';
import { batchOptions } from './batch-options.js';
import { CHUNKS_PER_WORKER } from './chunks.js';
import type { MapCluster } from './cluster-options.js';
import { dryRun } from './dry-run.js';
import { EXIT_UNABLE, SEE_HELP } from './exits.js';
import { explain } from './explain.js';
import { taskOf } from './function.js';
import { listenForInterrupts } from './interrupt.js';
import type { MapOptions } from './options.js';
import { showBatchProgress } from './progress.js';
import { failureText, summaryJson, summaryText } from './summary.js';

/** As a shell shows it for a program ended by a closed pipe. */
const EXIT_BROKEN_PIPE = 141;

/**
 * Runs the batch. Gives the exit code.
 * @param balancer undefined: it runs elsewhere, or not at all
 */
export async function runMap(options: MapOptions, balancer: Balancer | undefined): Promise<number> {
  try {
    if (options.dryRun) return await dryRun(options);
    if (options.cluster !== undefined) return await mapThere(options, options.cluster);
    return await mapHere(options, balancer as Balancer);
  } catch (error) {
    if (errnoOf(error) === 'EPIPE') return EXIT_BROKEN_PIPE;
    process.stderr.write(`leastwork: ${explain(error, options)}\n`);
    if (!options.dryRun && hasBegun(options.journal) && isOfSurroundings(error)) {
      process.stderr.write('leastwork: what is done is kept: run the same command with --resume to go on\n');
    }
    if (error instanceof UsageError) process.stderr.write(SEE_HELP);
    return EXIT_UNABLE;
  }
}

async function mapHere(options: MapOptions, balancer: Balancer): Promise<number> {
  const task = taskOf(options);
  const watch = await watchOf(balancer, options);
  return await map(options, task, balancer, async () => await watch?.stop());
}

/** On the machines of a cluster. */
async function mapThere(options: MapOptions, where: MapCluster): Promise<number> {
  const task = taskOf(options);
  const { openCluster } = await import('./cluster.js');
  const cluster = openCluster(where, (message) => process.stderr.write(`leastwork: ${message}\n`));
  return await map(options, task, cluster, () => cluster.close({ timeout: 0 }));
}

async function map(
  options: MapOptions,
  task: ReturnType<typeof taskOf>,
  runner: Parameters<typeof runBatch>[0],
  close: () => Promise<void>,
): Promise<number> {
  let bar: Bar | undefined;
  // The bar is loaded meanwhile.
  let isOver = false;
  let running: RunningBatch | undefined;
  // Files may wait to be opened, as a FIFO for its reader.
  const isRunning = (): boolean => running !== undefined;
  const interrupt = listenForInterrupts(isRunning, () => {
    bar?.stop();
    running?.discard();
  });
  interrupt.signal.addEventListener('abort', () => {
    bar?.clear();
    process.stderr.write('leastwork: finishing the items that run; once more to end at once\n');
  });
  // No bar over a terminal that is also the input, or where results or failed items go.
  const hasBar =
    process.stderr.isTTY &&
    options.summary === 'text' &&
    !(options.inputs.includes('-') && isatty(0)) &&
    ![options.output ?? '/dev/stdout', options.errors].some(isTerminal);
  let report: BatchReport;
  try {
    report = await runBatch(runner, {
      ...batchOptions(options, task),
      concurrency: options.workers * CHUNKS_PER_WORKER,
      signal: interrupt.signal,
      onStart(batch) {
        running = batch;
        const { progress } = batch;
        if (hasBar) {
          showBatchProgress(process.stderr, progress).then((shown) => {
            bar = shown;
            if (isOver) shown.stop();
          });
        }
      },
    });
  } finally {
    isOver = true;
    bar?.stop();
    await close();
  }
  if (options.summary === 'text') process.stderr.write(summaryText(report, options.errors));
  if (options.summary === 'json') process.stderr.write(summaryJson(report));
  // The summaries have it.
  if (report.outcome === 'halted' && options.summary === 'none' && report.firstFailure !== undefined)
    process.stderr.write(`leastwork: ${failureText(report.firstFailure)}\n`);
  if (report.outcome !== 'complete') process.stderr.write(`leastwork: ${howToGoOn(options, report)}\n`);
  if (report.outcome === 'interrupted') interrupt.die();
  return report.outcome === 'complete' && report.failed + stillFailed(options, report) === 0 ? 0 : 1;
}

async function watchOf(balancer: Balancer, { watch }: MapOptions): Promise<Watch | undefined> {
  if (!isWatched(watch)) return undefined;
  const { startWatch } = await import('../watch.js');
  return await startWatch(balancer, watch, (url) => process.stderr.write(`leastwork: dashboard: ${url}\n`));
}

function isTerminal(path: string | undefined): boolean {
  if (path === undefined) return false;
  const descriptor = ownDescriptor(path);
  return descriptor === undefined ? path === '/dev/tty' : isatty(descriptor);
}

/** Failed items of earlier runs, unless this run was to retry them. */
function stillFailed({ retryFailed }: MapOptions, { before }: BatchReport): number {
  return retryFailed ? 0 : before.failed;
}

function howToGoOn({ journal, output }: MapOptions, { outcome, failed }: BatchReport): string {
  const why = outcome === 'halted' ? `halted after ${formatCount(failed, 'failed item')}` : 'interrupted';
  if (journal !== undefined)
    return `${why}; what is done is kept: run the same command with --resume to go on`;
  const kept = output === undefined ? '' : `; ${output} is left as it was`;
  return `${why}${kept}; with --journal FILE and --output FILE a batch can be gone on with`;
}

/** Whether there is a journal with something in it. */
function hasBegun(journal: string | undefined): boolean {
  return journal !== undefined && (statSync(journal, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/** Not of what was asked for: it may be asked for again. */
function isOfSurroundings(error: unknown): boolean {
  if (error instanceof BalancerError) return error.code === 'ERR_ENGINE' || error.code === 'ERR_NO_MACHINE';
  return error instanceof BatchFileError;
}
