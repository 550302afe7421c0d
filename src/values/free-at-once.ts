import { MessageChannel } from 'node:worker_threads';
import { withCleanPrototype } from '../protocol/clean-prototype.js';

/**
 * Frees the memory of buffers now, and not when the garbage collector comes to them: what is sent to nobody is
 * freed.
 */
export function freeAtOnce(buffers: readonly ArrayBuffer[]): void {
  const { port1, port2 } = withCleanPrototype(() => new MessageChannel());
  port2.close();
  port1.postMessage(buffers, buffers);
  port1.close();
}
