/** Results of tasks, as they go into replies. */
import type { ChunkOutcome } from './messages.js';
import { encodeThrown, encodeValue } from './values/encode.js';

/** The length of a text in bytes, if that is more than may be sent. */
export function excessOf(text: string, maxPayload: number): number | undefined {
  // A character of UTF-16 takes up to 3 bytes.
  if (text.length * 3 <= maxPayload) return undefined;
  const bytes = Buffer.byteLength(text);
  return bytes > maxPayload ? bytes : undefined;
}

/** The outcome of an item that has a result. */
export function outcomeOf(value: unknown, maxPayload: number): ChunkOutcome {
  try {
    const text = encodeValue(value, 'the result');
    const bytes = excessOf(text, maxPayload);
    return bytes === undefined ? text : { big: bytes };
  } catch (error) {
    return { e: encodeThrown(error) };
  }
}

export function lengthOf(outcome: ChunkOutcome): number {
  if (typeof outcome === 'string') return outcome.length;
  return 'e' in outcome ? outcome.e.length : 0;
}
