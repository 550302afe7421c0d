/**
 * The file that Piscina loads in a new thread. It is CommonJS: Piscina tries `require` first, which in newer
 * Nodes loads ES modules, too, and Node 20 aborts the whole process if a thread is ended in the middle of
 * that.
 *
 * The rest is one file, which the build makes of `main.ts` and its imports. It is loaded while the main
 * thread hears that this thread is up and sends the call of `install`.
 */
import type { WorkerInit } from '../src/protocol/messages.js' with { 'resolution-mode': 'import' };

type Main = typeof import('./main.js', { with: { 'resolution-mode': 'import' }});

const load = (): Main => require('./main.cjs');
setImmediate(load);

exports.install = (init: WorkerInit): void => load().install(init);
