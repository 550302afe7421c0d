import { statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { checkBatch, readJournal, runBatch } from '../../batch/index.js';
import { programAddress } from '../module-address.js';
import { formatBytes, formatCount } from '../terminal/format.js';
import { print } from '../terminal/print.js';
import { newBalancer } from './balancer.js';
import { batchOptions } from './batch-options.js';
import type { MapCluster } from './cluster-options.js';
import { taskOf } from './function.js';
import type { MapOptions } from './options.js';

/**
 * Prints the plan. Returns the exit code; throws if the batch could not run: a file is not there or may not be
 * written, the journal is of another batch, the function does not load, no machine serves it.
 */
export async function dryRun(options: MapOptions): Promise<number> {
  const task = taskOf(options);
  const { fn, cluster, format, separator, inputs, output, errors, journal } = options;
  const name = fn.kind === 'text' ? fn.text : `${fn.module}#${fn.export.join('.')}`;
  const unit = format === 'csv' ? 'record' : separator === '\0' ? 'NUL-ended line' : 'line';
  const lines = [
    `function  ${name}, for each ${unit}${format === 'ndjson' ? ', parsed as JSON' : ''}`,
    ...inputs.map((input) => `input     ${describeInput(input)}`),
    `output    ${output ?? 'standard output'}, ${options.unordered ? 'as results come' : 'in the order of the input'}`,
    `errors    ${errors ?? 'counted only'}`,
    cluster === undefined ? `workers   ${options.workers}` : `machines  ${await machinesOf(cluster, task)}`,
  ];
  await checkBatch(batchOptions(options, task));
  if (cluster === undefined) await load(options, task);
  if (journal !== undefined) lines.push(`journal   ${journal}: ${describeJournal(journal)}`);
  await print(`${lines.join('\n')}\n`);
  return 0;
}

/** Loads the function in a thread, as a batch without items does. */
async function load(options: MapOptions, task: ReturnType<typeof taskOf>): Promise<void> {
  const balancer = newBalancer({ ...options, workers: 1 });
  try {
    const base = programAddress();
    await runBatch(balancer, { input: Readable.from([]), task, base, format: options.format });
  } finally {
    await balancer.close({ timeout: 0 });
  }
}

/** Rejects if none serves the function: as a batch without items does. */
async function machinesOf(where: MapCluster, task: ReturnType<typeof taskOf>): Promise<string> {
  const { openCluster, describeEngine } = await import('./cluster.js');
  const cluster = openCluster(where, (message) => process.stderr.write(`leastwork: ${message}\n`));
  try {
    await runBatch(cluster, { input: Readable.from([]), task });
    return `those that serve it, at ${describeEngine(where)}`;
  } finally {
    await cluster.close({ timeout: 0 });
  }
}

function describeInput(input: string): string {
  if (input === '-') return 'standard input';
  const stats = statSync(input, { throwIfNoEntry: false });
  return stats?.isFile() ? `${input}, ${formatBytes(stats.size)}` : input;
}

function describeJournal(path: string): string {
  const state = readJournal(path);
  if (state === undefined) return 'would begin';
  return `${formatCount(state.items, 'item')} done, ${state.failed} failed, ${state.end}`;
}
