/** The task of a machine's threads that runs items of a batch. */
export { callForTexts } from './thread/texts.js';
