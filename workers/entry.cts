/**
 * What Piscina loads in a new thread. It is CommonJS since Piscina tries `require` first: where Node can require ES modules, it would
 * load the ES module that way, and Node 20 aborts the whole process when a thread is ended in the middle of that.
 */
import type { WorkerInit } from '../src/protocol.js' with { 'resolution-mode': 'import' };

exports.install = async (init: WorkerInit): Promise<void> => {
  const { install } = await import('./main.js');
  install(init);
};
