/**
 * What was thrown, as text: an error with all that it holds. Where this form does not take a part of it, or all
 * of it is longer than may be sent, it goes with as much as can: that part alone is its printed text.
 */
import { defineOwn } from '../../errors/define-own.js';
import { encodeFailure } from '../../errors/encode.js';
import type { BufferFailure, ContainerFailure, ErrorFailure, Failure, Part } from '../../errors/form.js';
import { limit, print } from '../../errors/printing.js';
import { encodeValue } from './encode.js';
import { excessOf } from './excess.js';

/** Characters of names and messages that are kept where there is room for nothing else. */
const FEW = 100;
/** What an error, or a part, takes beside its content; a guess. */
const FRAME = 150;

/**
 * Never throws.
 * @param maxPayload most bytes
 * @param trim gives the part of a stack to keep; default: all of it
 */
export function encodeThrown(thrown: unknown, maxPayload: number, trim?: (stack: string) => string): string {
  const failure = encodeFailure(thrown, trim);
  let text = attemptText(failure, maxPayload);
  // What a part takes is guessed.
  for (let room = maxPayload; text === undefined && room > FRAME; room /= 2)
    text = attemptText(new Excerpt(room).of(failure), maxPayload);
  return text ?? encodeValue(least(failure), 'the error');
}

/** `undefined`: it cannot be sent, or is too long. */
function attemptText(failure: Failure, maxPayload: number): string | undefined {
  try {
    const text = encodeValue(failure, 'the error');
    return excessOf(text, maxPayload) === undefined ? text : undefined;
  } catch {
    return undefined;
  }
}

/** As much of a failure as there is room for, what comes first before what comes later. */
class Excerpt {
  /** Bytes. */
  #room: number;
  /** What is around the part that is looked at. */
  readonly #above = new Set<Failure>();

  constructor(room: number) {
    this.#room = room;
  }

  of(failure: Failure): Failure {
    if (this.#above.has(failure)) return this.#opaque('[Circular]');
    this.#above.add(failure);
    try {
      return this.#inside(failure);
    } finally {
      this.#above.delete(failure);
    }
  }

  #inside(failure: Failure): Failure {
    switch (failure.kind) {
      case 'error':
        return this.#error(failure);
      case 'opaque':
        return this.#opaque(failure.text);
      case 'value':
        if (typeof failure.value === 'string') return { kind: 'value', value: this.#text(failure.value) };
        return this.#whole(failure, failure.value);
      case 'buffer':
        return this.#whole(failure, failure.bytes, bufferOf(failure));
      default:
        return this.#container(failure);
    }
  }

  #error({ kind, name, message, stack, own, others, cause, errors, ...error }: ErrorFailure): ErrorFailure {
    this.#room -= FRAME;
    const taken: ErrorFailure = {
      ...error,
      kind,
      name: this.#text(name),
      message: this.#text(message),
      stack: stack === undefined ? undefined : this.#text(stack),
      own: {},
      others: [],
      cause: undefined,
      errors: undefined,
    };
    // What is short says most: a code, a status.
    const parts = Object.entries(own).sort(([, a], [, b]) => Number(isObject(a)) - Number(isObject(b)));
    for (const [key, part] of parts) if (this.#takes(key)) defineOwn(taken.own, key, this.#part(part));
    for (const other of others)
      if (this.#takes(other.key)) taken.others.push({ ...other, value: this.#part(other.value) });
    if (cause !== undefined && this.#room > 0) taken.cause = this.of(cause);
    if (errors !== undefined) taken.errors = this.#list(errors);
    return taken;
  }

  #container({ kind, keys, parts }: ContainerFailure): ContainerFailure {
    this.#room -= FRAME;
    const taken: ContainerFailure = { kind, keys: [], parts: [] };
    for (const [i, part] of parts.entries()) {
      if (this.#room <= 0) break;
      if (i < keys.length) taken.keys.push(this.#part(keys[i]));
      taken.parts.push(this.#part(part));
    }
    return taken;
  }

  #list(parts: readonly Part[]): Part[] {
    const taken: Part[] = [];
    for (const part of parts) {
      if (this.#room <= 0) break;
      taken.push(this.#part(part));
    }
    return taken;
  }

  #part(part: Part): Part {
    this.#room--;
    if (typeof part === 'string') return this.#text(part);
    if (isObject(part)) return this.of(part);
    this.#takes(part);
    return part;
  }

  /** The value, if there is room for it; else its printed text. */
  #whole(failure: Failure, value: unknown, printed = value): Failure {
    try {
      const bytes = Buffer.byteLength(encodeValue(value, 'the error'));
      if (bytes + FRAME > this.#room) return this.#opaque(print(printed));
      this.#room -= bytes + FRAME;
      return failure;
    } catch {
      return this.#opaque(print(printed));
    }
  }

  #opaque(text: string): Failure {
    return { kind: 'opaque', text: this.#text(text) };
  }

  /** A text, or its beginning. */
  #text(text: string): string {
    const bytes = bytesOf(text);
    // A part of what is left, so that something is left for what follows.
    const most = Math.max(0, this.#room / 2);
    const kept = bytes <= most ? text : limit(text, Math.floor((text.length * most) / bytes / 2));
    this.#room -= kept === text ? bytes : bytesOf(kept);
    return kept;
  }

  /** @returns whether there is room for it, and more */
  #takes(value: unknown): boolean {
    this.#room -= bytesOf(value) + FRAME / 10;
    return this.#room > 0;
  }
}

function bufferOf({ bytes }: BufferFailure): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isObject(part: Part): part is Failure {
  return typeof part === 'object' && part !== null;
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? ''));
}

function least(failure: Failure): Failure {
  if (failure.kind !== 'error') return { kind: 'opaque', text: 'a value that is too long' };
  return {
    kind: 'error',
    class: failure.class,
    name: limit(failure.name, FEW),
    message: limit(failure.message, FEW),
    stack: undefined,
    own: {},
    others: [],
    cause: undefined,
    errors: undefined,
  };
}
