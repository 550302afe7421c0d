/** The task of a machine's threads that runs items of chunks. */
export { runItems } from './thread/items.js';
