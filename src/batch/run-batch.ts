/** One batch, from its options to its report. */
import type { Balancer } from '../balancer.js';
import { awaitedIfBare, rejectCaller } from '../errors/async-stack.js';
import { checked } from '../errors/checked.js';
import { withoutOwnFrames } from '../errors/own-frame.js';
import { invalid } from '../options/validate.js';
import { Batch, type BatchReport } from './batch.js';
import { giveUp, openFiles } from './beginning.js';
import { BatchError } from './errors.js';
import type { Executor } from './executor.js';
import { LocalExecutor } from './local-executor.js';
import { type BatchOptions, type BatchSettings, batchSettings } from './options.js';
import { type RemoteRunner, textMapperOf } from './remote.js';
import { RemoteExecutor } from './remote-executor.js';

/**
 * Runs a function over the lines of files, on the threads of a Balancer or on the machines of a Cluster.
 *
 * A failing item does not end the batch: it is counted and written to `errors`.
 * @param runner a Balancer, or a Cluster whose machines serve the function, which then is a module's export.
 *   It stays open
 * @returns when all is written
 * @throws InvalidOptionError
 * @throws BatchError the batch cannot start or continue: a file, the function's module, or the journal is
 *   unusable
 * @throws LocalOnlyError an inline function for a Cluster
 * @throws NoMachineError no machine of the Cluster serves the function
 */
export async function runBatch(runner: Balancer | RemoteRunner, options: BatchOptions): Promise<BatchReport> {
  let batch: Batch | undefined;
  const settings = checked(() => batchSettings(options));
  // First, since it refuses what cannot be, before any file is opened.
  const executor = checked(() => executorOf(runner, settings, settings.function, () => batch?.pump()));
  try {
    const files = await openFiles(settings, () => batch?.wrote(), settings.signal);
    if (files === undefined) return { ...NOTHING, outcome: 'interrupted' };
    try {
      batch = new Batch(executor, settings, files);
    } catch (error) {
      giveUp(files);
      throw error;
    }
    try {
      settings.onStart?.(batch);
      return await batch.run(settings.signal);
    } finally {
      files.unlock();
    }
  } catch (error) {
    return await rejectCaller(error instanceof BatchError ? awaitedIfBare(withoutOwnFrames(error)) : error);
  }
}

/** The report of a batch that was interrupted before its files were open. */
const NOTHING = {
  items: 0,
  failed: 0,
  firstFailure: undefined,
  retried: 0,
  before: { items: 0, failed: 0 },
  bytes: 0,
  outputBytes: 0,
  seconds: 0,
  shares: [],
} as const satisfies Partial<BatchReport>;

function executorOf(
  runner: Balancer | RemoteRunner,
  { timeout, concurrency, format, task: { name } }: BatchSettings,
  task: BatchOptions['task'],
  onHungry: () => void,
): Executor {
  const mapper = textMapperOf(runner);
  if (mapper === undefined) {
    if (typeof (runner as Partial<Balancer> | null)?.stats !== 'function')
      throw invalid('runBatch(runner)', runner, 'a Balancer or a Cluster');
    return new LocalExecutor(runner as Balancer, timeout, concurrency, name);
  }
  return new RemoteExecutor(mapper, task, { timeout, format }, onHungry);
}
