/**
 * What Piscina loads in a new thread. It is CommonJS since Piscina tries `require` first: where Node can require ES modules, it would
 * load an ES module that way, and Node 20 aborts the whole process when a thread is ended in the middle of that.
 *
 * The rest is in one file, which the build makes of `main.ts` and all that it imports. It is loaded while the main thread hears that
 * this one is up and sends the call of `install`.
 */
import type { WorkerInit } from '../src/protocol/messages.js' with { 'resolution-mode': 'import' };

type Main = typeof import('./main.js', { with: { 'resolution-mode': 'import' }});

const load = (): Main => require('./main.cjs');
setImmediate(load);

exports.install = (init: WorkerInit): void => load().install(init);
