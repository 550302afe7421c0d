import type { BatchOptions } from '../../batch/index.js';
import { programAddress } from '../module-address.js';
import type { MapOptions } from './options.js';

/** The options of the command as those of `runBatch`. */
export function batchOptions(options: MapOptions, task: BatchOptions['task']): BatchOptions {
  return {
    input: options.inputs,
    task,
    base: programAddress(),
    output: options.output ?? 1,
    errors: options.errors,
    journal: options.journal,
    resume: options.resume,
    retryFailed: options.retryFailed,
    force: options.force,
    format: options.format,
    separator: options.separator,
    ordered: !options.unordered,
    tag: options.tag,
    retry: {
      attempts: options.retries + 1,
      ...(options.retryDelay === undefined ? {} : { delay: options.retryDelay }),
    },
    timeout: options.timeout,
    halt: options.halt,
  };
}
