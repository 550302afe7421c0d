/** Results of the function as lines of output. */
import type { Texts } from '../remote.js';

/** Whether a value is a promise or an async iterable. */
export function isLater(value: unknown): value is PromiseLike<unknown> | AsyncIterable<unknown> {
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'function' && typeof (value as { then?: unknown }).then === 'function';
  }
  return (
    typeof (value as { then?: unknown }).then === 'function' ||
    typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function'
  );
}

/** Lines of a value: none for `undefined`, one per value of an iterable, else one. */
export function linesOf(value: unknown, tag: string): string {
  if (typeof value === 'string') return `${tag}${value}\n`;
  // As JSON has it, without its price; what is not finite is null there.
  if (typeof value === 'number' && Number.isFinite(value)) return `${tag}${value}\n`;
  if (value === undefined) return '';
  if (typeof value === 'object' && value !== null) {
    if (value instanceof Uint8Array) return `${tag}${Buffer.from(value).toString('utf8')}\n`;
    if (typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function') {
      let lines = '';
      for (const each of value as Iterable<unknown>) lines += lineOf(each, tag);
      return lines;
    }
  }
  return lineOf(value, tag);
}

/** Lines of a promise or an async iterable. */
export async function laterLinesOf(later: unknown, tag: string): Promise<string> {
  const value = await later;
  const isAsync =
    typeof (value as Partial<AsyncIterable<unknown>> | null | undefined)?.[Symbol.asyncIterator] ===
    'function';
  if (!isAsync) return linesOf(value, tag);
  let lines = '';
  for await (const each of value as AsyncIterable<unknown>) lines += lineOf(each, tag);
  return lines;
}

function lineOf(value: unknown, tag: string): string {
  const text = textOf(value);
  return text === undefined ? '' : `${tag}${text}\n`;
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  // As JSON it would be `{}`, without a word.
  if (typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function')
    throw new TypeError('there is a promise among the results: await it, as with Promise.all');
  const json = value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : JSON.stringify(value);
  if (json === undefined) throw new TypeError(`the result is a ${typeof value}, which cannot be written`);
  return json;
}

/**
 * The same as texts, of which `linesOf` makes the same lines elsewhere: none, one, or several.
 * @throws TypeError it cannot be written
 */
export function textsOf(value: unknown): Texts | Promise<Texts> {
  if (isLater(value)) return laterTextsOf(value);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return textOf(value);
  if (typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] !== 'function') return textOf(value);
  const texts: string[] = [];
  for (const each of value as Iterable<unknown>) add(texts, each);
  return texts;
}

async function laterTextsOf(later: unknown): Promise<Texts> {
  const value = await later;
  const isAsync =
    typeof (value as Partial<AsyncIterable<unknown>> | null | undefined)?.[Symbol.asyncIterator] ===
    'function';
  if (!isAsync) return textsOf(value);
  const texts: string[] = [];
  for await (const each of value as AsyncIterable<unknown>) add(texts, each);
  return texts;
}

function add(texts: string[], value: unknown): void {
  const text = textOf(value);
  if (text !== undefined) texts.push(text);
}
