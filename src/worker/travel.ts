/** In which ways the arguments of a request can travel. */
import type { Request } from '../requests/request.js';

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
