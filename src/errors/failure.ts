/**
 * Errors on their way between threads.
 *
 * Structured clone keeps only an error's name, message and stack, makes a Uint8Array of a Buffer, and fails on some of what can be
 * thrown. So what was thrown is first made into plain data (`encodeFailure`) and rebuilt on the other side (`decodeFailure`) as
 * what it was: an error with its class where both sides have that class, its code, cause, `errors` and own properties.
 *
 * One `Failure` stands for one object however often it is referred to, so cyclic causes come through as cycles.
 */
export { decodeFailure } from './decode.js';
export { encodeFailure } from './encode.js';
export type { Failure } from './form.js';
