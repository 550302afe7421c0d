/** The task of a machine's threads that tells what a module has to offer. */
export { exportsOf } from './thread/exports.js';
