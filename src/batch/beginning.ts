/**
 * The start of a batch: fresh, from its journal, or with the failed items of its journal. Opens the files to
 * match.
 */
import { resolve } from 'node:path';
import { isOnePlace, refuseSharedFiles } from './distinct-files.js';
import { BatchError } from './errors.js';
import { changesOf, type Identity, identifyInput, identifyTask } from './journal/identity.js';
import { lockJournal, type Unlock } from './journal/lock.js';
import { type JournalState, loadJournal } from './journal/state.js';
import type { BatchSettings } from './options.js';
import {
  type Continuation,
  continuedFileSink,
  descriptorSink,
  replacedFileSink,
  type Sink,
  sharedSinks,
} from './output/sink.js';

/**
 * True: the failed items are to be run again. False: an interrupted pass over them goes on, or there is none.
 */
export function startsPass({ retryFailed }: BatchSettings, state: JournalState | undefined): boolean {
  return retryFailed && state !== undefined && (state.end === 'complete' || state.todo === undefined);
}

export async function identityOf(settings: BatchSettings): Promise<Identity> {
  const { inputs, task, output, errors, format, separator, ordered, tag } = settings;
  return {
    task: await identifyTask(task),
    settings: { format, separator: separator === 0 ? 'NUL' : 'newline', ordered, tag },
    inputs: await Promise.all(inputs.map(identifyInput)),
    output: typeof output === 'string' ? resolve(output) : `descriptor ${output}`,
    errors: errors === undefined ? undefined : resolve(errors),
  };
}

/** What a batch goes on from, and writes to. */
export interface BatchFiles {
  /** Undefined: there is no journal. */
  readonly identity: Identity | undefined;
  readonly state: JournalState | undefined;
  /** Whether the identity is not the one that the journal has. */
  readonly isChanged: boolean;
  /** Lets other runs have the journal. */
  readonly unlock: Unlock;
  readonly sinks: { readonly output: Sink; readonly errors: Sink | undefined };
}

/**
 * Opens the files. What may wait does not block the main thread.
 * @param changed called after each write, and on failure
 * @returns `undefined`: the signal came meanwhile, for a FIFO may have no reader
 * @throws BatchError
 */
export async function openFiles(
  settings: BatchSettings,
  changed: () => void,
  signal: AbortSignal | undefined,
): Promise<BatchFiles | undefined> {
  const opening = open(settings, changed, signal);
  if (signal === undefined) return await opening;
  let abort: () => void = () => {};
  const aborted = new Promise<undefined>((resolve) => {
    abort = () => resolve(undefined);
    signal.addEventListener('abort', abort);
  });
  try {
    const files = await Promise.race([opening, aborted]);
    if (files === undefined) opening.then(giveUp).catch(() => {});
    return files;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function open(
  settings: BatchSettings,
  changed: () => void,
  signal: AbortSignal | undefined,
): Promise<BatchFiles> {
  await refuseSharedFiles(settings);
  const { journal } = settings;
  if (journal === undefined) {
    const sinks = await openSinks(settings, undefined, changed, signal);
    return { identity: undefined, state: undefined, isChanged: false, unlock() {}, sinks };
  }
  const unlock = await lockJournal(journal);
  try {
    const identity = await identityOf(settings);
    const former = await formerState(settings, identity);
    return {
      identity,
      ...former,
      unlock,
      sinks: await openSinks(settings, former.state, changed, signal),
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** Of a batch that does not begin. */
export function giveUp({ sinks, unlock }: BatchFiles): void {
  discard(sinks);
  unlock();
}

/** Removes temporary files. Synchronous, for signals. */
export function discard({ output, errors }: BatchFiles['sinks']): void {
  output.discard();
  errors?.discard();
}

const FRESH = { state: undefined, isChanged: false };

/** The state from which to go on; none for a fresh start. @throws BatchError */
export async function formerState(
  settings: BatchSettings,
  identity: Identity,
): Promise<Pick<BatchFiles, 'state' | 'isChanged'>> {
  const path = settings.journal as string;
  const state = await loadJournal(path);
  if (state === undefined) {
    if (settings.retryFailed)
      throw new BatchError(`${path}: there is no journal whose failed items could be run again`);
    return FRESH;
  }
  if (!settings.resume && !settings.retryFailed) {
    throw new BatchError(
      `${path}: this journal exists: add --resume to go on with it, or remove it to begin anew`,
    );
  }
  if (settings.retryFailed && state.todo === undefined && state.end !== 'complete') {
    throw new BatchError(
      `${path}: this batch is not complete: finish it with --resume before its failed items are run again`,
    );
  }
  // Of what was never done anything may have changed.
  if (state.pass === 1 && state.done.length === 0 && state.end !== 'complete') return FRESH;
  const changes = changesOf(state.identity, identity);
  if (changes.length > 0 && !settings.force) {
    throw new BatchError(
      `${path}: since this journal began, ${changes.join('; ')} (--force goes on nevertheless)`,
    );
  }
  return { state, isChanged: changes.length > 0 };
}

/** Where output and failed items of a journal are gone on with. */
function continuations(settings: BatchSettings, state: JournalState | undefined) {
  const isExact = state !== undefined && state.end !== 'open' && !settings.force;
  const output: Continuation = { base: state?.output ?? 0, isExact };
  const errors: Continuation = startsPass(settings, state)
    ? { base: 0, isExact: false }
    : { base: state?.errors ?? 0, isExact };
  return { output, errors };
}

/** Whether they are as the journal says. @throws BatchError */
export async function checkSinks(settings: BatchSettings, state: JournalState | undefined): Promise<void> {
  if (settings.journal === undefined) return;
  const { output, errors } = continuations(settings, state);
  if (typeof settings.output === 'string') await continuedFileSink(settings.output, output, () => {});
  if (settings.errors !== undefined) await continuedFileSink(settings.errors, errors, () => {});
}

async function openSinks(
  settings: BatchSettings,
  state: JournalState | undefined,
  changed: () => void,
  signal: AbortSignal | undefined,
): Promise<BatchFiles['sinks']> {
  const { output, errors, journal } = settings;
  const from = continuations(settings, state);
  const begin = (path: string, continuation: Continuation) =>
    journal === undefined
      ? replacedFileSink(path, changed, signal)
      : continuedFileSink(path, continuation, changed);
  const makeOutput =
    typeof output === 'number' ? () => descriptorSink(output, changed) : await begin(output, from.output);
  if (journal === undefined && (await isOnePlace(settings))) {
    return sharedSinks(makeOutput());
  }
  const makeErrors = errors === undefined ? undefined : await begin(errors, from.errors);
  // In one turn, so that a signal does not come where one of two temporary files is there.
  const made = makeOutput();
  try {
    return { output: made, errors: makeErrors?.() };
  } catch (error) {
    made.discard();
    throw error;
  }
}
