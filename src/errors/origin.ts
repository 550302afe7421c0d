/**
 * Where an inline function was first submitted. Its own place in the source is nowhere to be had: V8 shows
 * only its text. Mostly both are on the same line.
 */
import { isOwnFrame } from './own-frame.js';
import { captureStack, stackText } from './stack-text.js';

/** Enough for our own frames, and one of the program. */
const FRAMES = 24;

/** The frame of the program that has called this package, as `file:line:column`; `undefined`: unknown. */
export function callerPlace(): string | undefined {
  const limit = Error.stackTraceLimit;
  // An assignment would throw where `Error` is frozen.
  Reflect.set(Error, 'stackTraceLimit', FRAMES);
  const holder: { stack?: unknown } = {};
  try {
    captureStack(holder, callerPlace);
    const stack = stackText(holder);
    if (stack === undefined) return undefined;
    const frame = stack.split('\n').find((line) => line.startsWith('    at ') && !isOwnFrame(line));
    return frame === undefined ? undefined : /(?:\(|at (?:async )?)([^()]+:\d+:\d+)\)?$/.exec(frame)?.[1];
  } finally {
    Reflect.set(Error, 'stackTraceLimit', limit);
  }
}

/** For messages: an empty text if the place is unknown. */
export function originInWords(place: string | undefined): string {
  return place === undefined ? '' : ` (first submitted at ${place})`;
}

/** The frame that `showOrigin` adds. */
const NAME = 'first submit';

/**
 * Adds a frame below those of the function: where it was first submitted.
 * @param name of the function, as in the file name of its frames
 */
export function showOrigin(error: unknown, name: string, place: string | undefined): unknown {
  if (place === undefined || !(error instanceof Error)) return error;
  const lines = (stackText(error) ?? '').split('\n');
  const file = `/inline:${encodeURIComponent(name)}:`;
  const last = lines.findLastIndex((line) => line.startsWith('    at ') && line.includes(file));
  if (last < 0) return error;
  lines.splice(last + 1, 0, `    at ${NAME} (${place})`);
  try {
    error.stack = lines.join('\n');
  } catch {
    // The task threw a frozen error.
  }
  return error;
}

/** The stack without that frame, if the others show the same line. */
export function withoutKnownOrigin(stack: string, frames: readonly string[]): string {
  const [line, place] = new RegExp(`\\n {4}at ${NAME} \\((.*:\\d+):\\d+\\)`).exec(stack) ?? [];
  if (line === undefined || !frames.some((frame) => frame.includes(`${place}:`))) return stack;
  return stack.replace(line, '');
}
