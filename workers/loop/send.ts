/** Sends a value to the main thread by message: a result, a yielded value or a progress value. */
import type { Transferable } from 'node:worker_threads';
import { NotCloneableError } from '../../src/errors/errors.js';
import type { Channel } from '../../src/protocol/channel.js';
import type { CarriedValue, ToMain, ToWorker } from '../../src/protocol/messages.js';
import { cloneError } from '../../src/values/clone-errors.js';
import { sendErrors } from '../../src/values/error-details.js';
import { pack } from '../../src/values/pack.js';
import { detachedAt } from '../../src/values/transfer-list.js';
import { copyOf } from '../../src/values/tree-bytes.js';
import { writeTree } from '../../src/values/tree-writer.js';
import { transferListOf } from '../task.js';
import { withoutWorkLoop } from './frames.js';

export type WorkerChannel = Channel<ToWorker, ToMain>;

/** The parts of a message that carries a value. */
export type ValueParts = CarriedValue;

type MessageOf = (parts: ValueParts) => ToMain;

/** Keeps plain data that was written as bytes, so that no message is needed. @returns false: it has no room */
type Keep = (tree: Uint8Array) => boolean;

/**
 * Sends a value that `transfer()` may have marked.
 *
 * @param what the value's name for the error, as in `the result`
 * @throws NotCloneableError saying where in the value; then nothing was sent
 */
export function sendMarked(
  channel: WorkerChannel,
  marked: unknown,
  what: string,
  messageOf: MessageOf,
  keep?: Keep,
): void {
  const mayBeMarked = isObject(marked) || typeof marked === 'function';
  let value = marked;
  let list: readonly object[] | undefined;
  try {
    if (mayBeMarked) list = transferListOf(marked);
    if (list !== undefined) value = (marked as { value: unknown }).value;
    const detached = list === undefined ? -1 : detachedAt(list);
    if (detached >= 0) {
      throw new NotCloneableError(`the list of transfer()[${detached}]`, 'a detached ArrayBuffer');
    }
  } catch (error) {
    throw refusal(error, value, list, what);
  }
  send(channel, value, list, what, messageOf, keep);
}

/** Sends a value that is not marked. Otherwise as `sendMarked`. */
export function send(
  channel: WorkerChannel,
  given: unknown,
  list: readonly object[] | undefined,
  what: string,
  messageOf: MessageOf,
  keep?: Keep,
): void {
  try {
    const bytes = list === undefined && isObject(given) ? writeTree(given) : undefined;
    if (bytes !== undefined) {
      if (keep?.(bytes) === true) return;
      const tree = copyOf(bytes);
      channel.send(messageOf({ value: undefined, tree, buffers: undefined, errors: undefined }), [tree]);
      return;
    }
    const { value, buffers, signals, errors, moved, stuck } = pack(given, list, true);
    if (stuck || signals !== undefined)
      throw new Error('structured clone would make an empty object of a part');
    const transfers = list as readonly Transferable[] | undefined;
    const all = moved.length === 0 ? transfers : [...(transfers ?? []), ...moved];
    sendErrors(errors, withoutWorkLoop, (details) =>
      channel.send(messageOf({ value, tree: undefined, buffers, errors: details }), all),
    );
  } catch (error) {
    throw refusal(error, given, list, what);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function refusal(
  cause: unknown,
  value: unknown,
  transfer: readonly object[] | undefined,
  what: string,
): NotCloneableError {
  return cause instanceof NotCloneableError
    ? cause
    : cloneError(value, what, { cause, transfer, list: 'the list of transfer()' });
}
