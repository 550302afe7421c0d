/**
 * Errors on their way between threads.
 *
 * Structured clone keeps only an error's name, message and stack, makes a Uint8Array of a Buffer, and refuses
 * some values that can be thrown. So a thrown value is first made into plain data (`encodeFailure`), and
 * rebuilt on the other side (`decodeFailure`): an error with its code, cause, `errors`, own properties, and
 * its class if both sides have that.
 *
 * One `Failure` stands for one object however often it is referred to, so cyclic causes come through as
 * cycles.
 */
export { applyDetails, decodeFailure } from './decode.js';
export { encodeDetails, encodeFailure } from './encode.js';
export type { Failure } from './form.js';
