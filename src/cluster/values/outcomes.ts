/**
 * Outcomes of a chunk as one text, the inside of a JSON list: a thread writes it, the machine passes it on,
 * and the submitter parses it, once each. Values are written as by `encode.ts`, with these differences, since
 * most tasks return nothing: `null` stands for `undefined`, and a tag for `null`; where there is nothing else
 * the text is empty. What was thrown is a tag, too, and so is a result that is too long.
 */
import { decodeThrown, restoreValue } from './decode.js';
import { encodeValue, isAsItIs } from './encode.js';
import { excessOf } from './excess.js';
import { encodeThrown } from './thrown.js';

const NULL = { $: ['null'] };
/** Characters of a value that is no text; a guess. */
const FEW = 8;

export class OutcomeWriter {
  readonly #maxPayload: number;
  #text = '';
  /** At the end, not in the text: what JSON carries as it is. */
  #plain: unknown[] = [];
  /** All so far are `undefined`. */
  #isVoid = true;
  count = 0;
  failures = 0;
  /** Characters, about. */
  length = 0;

  /** @param maxPayload most bytes of one result */
  constructor(maxPayload: number) {
    this.#maxPayload = maxPayload;
  }

  value(value: unknown): void {
    if (value === undefined) {
      if (this.#isVoid) this.count++;
      else this.#add(null, FEW);
    } else if (typeof value === 'string' && value.length * 6 <= this.#maxPayload)
      this.#add(value, value.length + 3);
    else if (typeof value !== 'string' && value !== null && isAsItIs(value)) this.#add(value, FEW);
    else if (value === null) this.#add(NULL, 2 * FEW);
    else this.#write(value);
  }

  /** @param trim see `encodeThrown` */
  thrown(thrown: unknown, trim?: (stack: string) => string): void {
    const text = encodeThrown(thrown, this.#maxPayload, trim);
    this.failures++;
    this.#add({ $: ['thrown', text] }, text.length);
  }

  /** The inside of the list. */
  end(): string {
    if (this.#plain.length > 0) {
      const list = JSON.stringify(this.#plain);
      this.#append(list.slice(1, -1));
      this.#plain = [];
    }
    return this.#text;
  }

  #write(value: unknown): void {
    this.#noVoid();
    let text: string;
    try {
      text = encodeValue(value, 'the result');
    } catch (error) {
      this.thrown(error);
      return;
    }
    const bytes = excessOf(text, this.#maxPayload);
    if (bytes !== undefined) {
      this.failures++;
      this.#add({ $: ['big', bytes] }, 2 * FEW);
      return;
    }
    this.end();
    this.#append(text);
    this.count++;
    this.length += text.length;
  }

  #noVoid(): void {
    if (!this.#isVoid) return;
    this.#isVoid = false;
    for (let i = 0; i < this.count; i++) this.#plain.push(null);
  }

  #add(form: unknown, length: number): void {
    this.#noVoid();
    this.#plain.push(form);
    this.count++;
    this.length += length;
  }

  #append(text: string): void {
    this.#text = this.#text === '' ? text : `${this.#text},${text}`;
  }
}

/** Joins two texts, of so many outcomes each. */
export function joinOutcomes(before: string, count: number, after: string, more: number): string {
  if (count === 0 || (before === '' && after === '')) return after;
  return `${before === '' ? nulls(count) : before},${after === '' ? nulls(more) : after}`;
}

function nulls(count: number): string {
  return `null${',null'.repeat(count - 1)}`;
}

/** What has become of an item. */
export interface OutcomeReceiver<T> {
  value(of: T, value: unknown): void;
  thrown(of: T, error: unknown): void;
  tooLarge(of: T, bytes: number): void;
}

/**
 * Reads one outcome of the list.
 * @param hasTags whether there are any in the list
 */
export function readOutcome<T>(form: unknown, hasTags: boolean, of: T, receiver: OutcomeReceiver<T>): void {
  if (form === null) receiver.value(of, undefined);
  else if (typeof form !== 'object' || !hasTags) receiver.value(of, form);
  else readTagged(form, of, receiver);
}

function readTagged<T>(form: object, of: T, receiver: OutcomeReceiver<T>): void {
  const parts: unknown = Object.hasOwn(form, '$') ? (form as { $?: unknown }).$ : undefined;
  const [tag, content] = Array.isArray(parts) ? parts : [];
  if (tag === 'thrown') receiver.thrown(of, decodeThrown(content));
  else if (tag === 'null') receiver.value(of, null);
  else if (tag === 'big' && Number.isSafeInteger(content)) receiver.tooLarge(of, content);
  else readValue(form, of, receiver);
}

function readValue<T>(form: object, of: T, receiver: OutcomeReceiver<T>): void {
  let value: unknown;
  try {
    value = restoreValue(form);
  } catch (error) {
    receiver.thrown(of, error);
    return;
  }
  receiver.value(of, value);
}
