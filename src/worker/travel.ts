/** In which ways the arguments of a request can travel. */
import type { Request, RequestExtras } from '../requests/request.js';
import { takeOver } from '../values/whole-bytes.js';

/** Whether the arguments alone travel, and may be written as bytes. */
export function mayBePlain({ extras }: Request): boolean {
  return (
    extras === undefined ||
    (extras.transfer === undefined && extras.context === undefined && extras.chunk === undefined)
  );
}

/** Whether there is something that a slot has no place for. */
export function needsMessage(request: Request): boolean {
  const { extras } = request;
  if (extras === undefined) return false;
  return (
    extras.transfer !== undefined ||
    extras.context !== undefined ||
    extras.chunk !== undefined ||
    extras.carrier !== undefined
  );
}

/**
 * Takes buffers from the caller, for a request that is first sent. What cannot be taken is left to be
 * transferred: the error of that says why.
 */
export function takeBuffers(request: Request, extras: RequestExtras, buffers: readonly ArrayBuffer[]): void {
  const args = takeOver(request.args, buffers);
  extras.taken = undefined;
  if (args === undefined) extras.transfer = buffers as ArrayBuffer[];
  else request.args = args;
}
