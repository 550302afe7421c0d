/** Makes a value that came by message what it was: Buffers, errors, and plain data that came as bytes. */
import type { CarriedValue } from '../protocol/messages.js';
import { restoreErrors } from './error-details.js';
import { restoreBuffers } from './restore-buffers.js';
import { readTree } from './tree-reader.js';
import { lookAtYoungBuffers } from './young-buffers.js';

export function restore(message: CarriedValue): void {
  lookAtYoungBuffers();
  restoreBuffers(message.buffers);
  restoreErrors(message.errors);
  if (message.tree === undefined) return;
  message.value = readTree(message.tree);
  message.tree = undefined;
}
