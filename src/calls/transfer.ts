/** How the parts of the arguments that a request transfers will travel. */
import type { Transferable } from 'node:worker_threads';
import type { RequestExtras } from '../requests/request.js';
import { checkTransferList } from '../values/transfer-list.js';
import { areWholeBytes } from '../values/whole-bytes.js';

/**
 * Nothing is taken from the caller yet.
 * @throws InvalidOptionError
 */
export function chooseTransfer(
  args: readonly unknown[],
  extras: RequestExtras,
  transfer: readonly Transferable[],
): void {
  const { context } = extras;
  if (context !== undefined || !areWholeBytes(args, transfer)) {
    checkTransferList('submit options.transfer', transfer, [args, context], 'the arguments');
    return;
  }
  extras.transfer = undefined;
  extras.taken = transfer as readonly ArrayBuffer[];
}
