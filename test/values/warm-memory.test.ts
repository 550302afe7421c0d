import { MessagePort } from 'node:worker_threads';
import { expect, it, onTestFinished, vi } from 'vitest';
import { keepMemoryWarm } from '../../dist/src/values/warm-memory.js';

it.runIf(process.platform === 'linux')('frees one large piece of memory, with the first large copy', () => {
  const spy = vi.spyOn(MessagePort.prototype, 'postMessage');
  onTestFinished(() => spy.mockRestore());
  keepMemoryWarm(1_000);
  expect(spy).not.toHaveBeenCalled();
  keepMemoryWarm(2 ** 20);
  keepMemoryWarm(2 ** 20);
  expect(spy).toHaveBeenCalledOnce();
  // It has been given away, and nobody receives it.
  const [[piece]] = spy.mock.calls[0] as [[ArrayBuffer]];
  expect(piece.byteLength).toBe(0);
});
