/// <reference types="node" preserve="true" />
/** `leastwork/batch`: functions over files of any size. */

export type { BatchReport } from './batch.js';
export { checkBatch } from './check-batch.js';
export { BatchError, BatchFileError } from './errors.js';
export type { HaltRule } from './halt.js';
export type { BatchInput } from './input/source.js';
export type { Identity, InputIdentity } from './journal/identity.js';
export type { DoneRange, FailedLine } from './journal/record.js';
export { type JournalEnd, type JournalState, readJournal } from './journal/state.js';
export type { Format } from './layout.js';
export type { BatchOptions, BatchProgress, RunningBatch } from './options.js';
export type { RemoteRunner, TextMapper, Texts } from './remote.js';
export type { FirstFailure } from './results.js';
export type { RetryOptions } from './retry.js';
export { runBatch } from './run-batch.js';
