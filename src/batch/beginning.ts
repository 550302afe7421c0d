/**
 * The start of a batch: fresh, from its journal, or with the failed items of its journal. Opens the files to
 * match.
 */
import { resolve } from 'node:path';
import { BatchError } from './errors.js';
import { changesOf, type Identity, identifyInput, identifyTask } from './journal/identity.js';
import { type JournalState, readJournal } from './journal/state.js';
import type { BatchSettings } from './options.js';
import { continuedFileSink, descriptorSink, replacedFileSink } from './output/sink.js';

/**
 * True: the failed items are to be run again. False: an interrupted pass over them goes on, or there is none.
 */
export function startsPass({ retryFailed }: BatchSettings, state: JournalState | undefined): boolean {
  return retryFailed && state !== undefined && (state.end === 'complete' || state.todo === undefined);
}

export function identityOf(settings: BatchSettings): Identity {
  const { inputs, task, output, errors, format, separator, ordered, tag } = settings;
  return {
    task: identifyTask(task),
    settings: { format, separator: separator === 0 ? 'NUL' : 'newline', ordered, tag },
    inputs: inputs.map(identifyInput),
    output: typeof output === 'string' ? resolve(output) : `descriptor ${output}`,
    errors: errors === undefined ? undefined : resolve(errors),
  };
}

/** The state from which to go on; `undefined` for a fresh start. @throws BatchError */
export function formerState(settings: BatchSettings, identity: Identity): JournalState | undefined {
  const path = settings.journal as string;
  const state = readJournal(path);
  if (state === undefined) {
    if (settings.retryFailed)
      throw new BatchError(`${path}: there is no journal whose failed items could be run again`);
    return undefined;
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
  const changes = changesOf(state.identity, identity);
  if (changes.length > 0 && !settings.force) {
    throw new BatchError(
      `${path}: since this journal began, ${changes.join('; ')} (--force goes on nevertheless)`,
    );
  }
  return state;
}

export function openSinks(settings: BatchSettings, state: JournalState | undefined, changed: () => void) {
  const { output, errors, journal } = settings;
  const errorsBase = startsPass(settings, state) ? 0 : (state?.errors ?? 0);
  const open = (path: string, base: number) =>
    journal === undefined ? replacedFileSink(path, changed) : continuedFileSink(path, base, changed);
  const outputSink =
    typeof output === 'number' ? descriptorSink(output, changed) : open(output, state?.output ?? 0);
  return { output: outputSink, errors: errors === undefined ? undefined : open(errors, errorsBase) };
}
