/** Plain data → thrown value, in the thread that waits for it. Used by both sides. */
import { classNamed } from './classes.js';
import { defineOwn } from './define-own.js';
import { NotCloneableError } from './errors.js';
import type { BufferFailure, ContainerFailure, ErrorFailure, Failure, Part } from './form.js';
import { keyOf } from './properties.js';
import { withoutStack } from './stackless.js';

/**
 * Rebuilds a thrown value.
 *
 * Errors of global classes and of this package's come back as such; those of a subclass come back as the
 * nearest such class, under the subclass's name. A value that could not be sent becomes a
 * `NotCloneableError`.
 */
export function decodeFailure(failure: Failure): unknown {
  return failure.kind === 'opaque'
    ? new NotCloneableError('the thrown value', failure.text)
    : decodePart(failure, new Map());
}

/** Values made so far. One may be met again, even inside itself. */
type Made = Map<Failure, unknown>;

/** A part that could not be sent is its printed text. */
function decodePart(part: Part, made: Made): unknown {
  if (typeof part !== 'object' || part === null) return part;
  if (part.kind === 'value') return part.value;
  if (part.kind === 'opaque') return part.text;
  return made.get(part) ?? make(part, made);
}

function make(failure: BufferFailure | ContainerFailure | ErrorFailure, made: Made): unknown {
  switch (failure.kind) {
    case 'error':
      return makeError(failure, made);
    case 'buffer': {
      const { buffer, byteOffset, byteLength } = failure.bytes;
      return remember(Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength), failure, made);
    }
    default:
      return makeContainer(failure, made);
  }
}

function remember<T>(value: T, failure: Failure, made: Made): T {
  made.set(failure, value);
  return value;
}

function makeContainer(failure: ContainerFailure, made: Made): unknown {
  const { kind, keys, parts } = failure;
  const each = (take: (part: unknown, i: number) => void): void => {
    for (const [i, part] of parts.entries()) take(decodePart(part, made), i);
  };
  switch (kind) {
    case 'list': {
      const list: unknown[] = remember([], failure, made);
      each((part) => list.push(part));
      return list;
    }
    case 'set': {
      const set = remember(new Set<unknown>(), failure, made);
      each((part) => set.add(part));
      return set;
    }
    case 'map': {
      const map = remember(new Map<unknown, unknown>(), failure, made);
      each((part, i) => map.set(decodePart(keys[i], made), part));
      return map;
    }
    case 'record': {
      const record = remember({}, failure, made);
      each((part, i) => defineOwn(record, keys[i] as string, part));
      return record;
    }
  }
}

/**
 * Makes an error that structured clone has copied what it was, by what `encodeDetails` gave.
 */
export function applyDetails(error: Error, details: Failure): void {
  if (details.kind !== 'error') return;
  const made: Made = new Map([[details, error]]);
  if (!(error instanceof Error)) restoreFields(error, details);
  Object.setPrototypeOf(error, classNamed(details.class).prototype);
  complete(error, details, made);
}

/**
 * Of an error that is none to V8 structured clone has made a plain object: a DOMException in older versions
 * of Node, one of a class without `class`. Getters of `DOMException.prototype` would refuse it.
 */
function restoreFields(clone: object, { name, message, class: className }: ErrorFailure): void {
  if (!Object.hasOwn(clone, 'message')) defineOwn(clone, 'message', message, false);
  if (className !== 'DOMException') return;
  defineOwn(clone, 'name', name, false);
  defineOwn(clone, 'code', withoutStack(() => new DOMException('', name)).code, false);
}

function makeError(failure: ErrorFailure, made: Made): Error {
  return complete(remember(construct(failure), failure, made), failure, made);
}

function complete(error: Error, failure: ErrorFailure, made: Made): Error {
  if (error.name !== failure.name) defineOwn(error, 'name', failure.name, false);
  defineOwn(error, 'stack', failure.stack ?? `${failure.name}: ${failure.message}`, false);
  if (failure.cause !== undefined) defineOwn(error, 'cause', decodePart(failure.cause, made), false);
  if (failure.errors !== undefined) {
    const errors = failure.errors.map((each) => decodePart(each, made));
    defineOwn(error, 'errors', errors, false);
  }
  for (const { key, value, enumerable } of failure.others) {
    defineOwn(error, keyOf(key), decodePart(value, made), enumerable);
  }
  for (const key of Object.keys(failure.own)) {
    defineOwn(error, key, decodePart(failure.own[key], made));
  }
  return error;
}

/** Runs no constructor of the class, whose parameters are unknown here, and captures no stack. */
function construct(failure: ErrorFailure): Error {
  return withoutStack(() =>
    failure.class === 'DOMException'
      ? (new DOMException(failure.message, failure.name) as unknown as Error)
      : Reflect.construct(Error, [failure.message], classNamed(failure.class)),
  );
}
