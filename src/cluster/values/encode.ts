/**
 * Values as text, as they go through the engine: JSON, with tags for what JSON does not have.
 *
 * Everybody who can write to the engine can write what a machine reads. So the form is one whose reader can
 * do nothing but build plain data: no class but those of the list in `decode.ts`, no code, no prototype. (Of
 * `v8.deserialize` Node says that it is not to be given what others may have written.) Text is also what
 * PostgreSQL's and Redis' own tools, and Bull Board, show.
 *
 * A tagged value is an object `{"$": [tag, …]}`. An object that has a property `$` of its own is tagged
 * itself.
 */
import { types } from 'node:util';
import { encodeFailure } from '../../errors/encode.js';
import { NotCloneableError } from '../../errors/errors.js';

/** Nesting that the reader takes. */
export const MOST_DEPTH = 1_000;

/** Of typed arrays, by their `Symbol.toStringTag`. */
const ARRAYS = new Set([
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
]);

const tagged = (...parts: readonly unknown[]): object => ({ $: parts });

/** What most tasks return that return nothing: it is written, and read, without a detour. */
export const UNDEFINED = JSON.stringify(tagged('undefined'));

/** Where a value is: in that one, under that key. */
interface Place {
  readonly above: Place | undefined;
  readonly value: object | undefined;
  readonly depth: number;
  readonly key: string | number | (() => string);
}

/**
 * @param root names the value in errors, as in `arguments`
 * @throws NotCloneableError it holds what cannot be sent to another machine, or refers to itself
 */
export function encodeValue(value: unknown, root: string | (() => string)): string {
  if (value === undefined) return UNDEFINED;
  if (isAsItIs(value)) return JSON.stringify(value);
  const place: Place = { above: undefined, value: undefined, depth: 0, key: root };
  return JSON.stringify(form(value, place));
}

/** Whether JSON carries it as it is; of primitives alone. */
export function isAsItIs(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    default:
      return value === null;
  }
}

/** The value itself, where JSON carries it as it is; else its tagged form. */
function form(value: unknown, place: Place): unknown {
  if (isAsItIs(value)) return value;
  switch (typeof value) {
    case 'number':
      return tagged('number', Object.is(value, -0) ? '-0' : String(value));
    case 'undefined':
      return tagged('undefined');
    case 'bigint':
      return tagged('bigint', String(value));
    case 'object':
      return formOfObject(value as object, place);
    default:
      throw refused(place, `a ${typeof value}`);
  }
}

function formOfObject(value: object, above: Place): unknown {
  if (types.isProxy(value)) throw refused(above, 'a Proxy');
  if (above.depth >= MOST_DEPTH) throw refused(above, `nested more than ${MOST_DEPTH} deep`);
  for (let at: Place | undefined = above; at !== undefined; at = at.above)
    if (at.value === value) throw refused(above, 'a reference to what it is in');
  if (Array.isArray(value)) return formOfArray(value, above);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return formOfRecord(value, above);
  return formOfBuiltin(value, above) ?? formOfInstance(value, above);
}

function inside(above: Place, value: object, key: string | number): Place {
  return { above, value, depth: above.depth + 1, key };
}

/** As in `arguments[0].callback`. */
function nameOf({ above, key }: Place): string {
  if (above === undefined) return typeof key === 'function' ? key() : String(key);
  if (typeof key === 'string' && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key))
    return `${nameOf(above)}.${key}`;
  return `${nameOf(above)}[${typeof key === 'number' ? key : JSON.stringify(key)}]`;
}

function formOfArray(value: readonly unknown[], above: Place): unknown {
  const list: unknown[] = new Array(value.length);
  // Holes become `undefined`: a list of them would be as long as its length says.
  for (let i = 0; i < value.length; i++) {
    const part = value[i];
    list[i] = isAsItIs(part) ? part : form(part, inside(above, value, i));
  }
  return list;
}

function formOfRecord(value: object, above: Place): unknown {
  const record: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(value)) {
    const part = (value as Record<string, unknown>)[key];
    record[key] = isAsItIs(part) ? part : form(part, inside(above, value, key));
  }
  return Object.hasOwn(record, '$') ? tagged('object', record) : record;
}

function formOfBuiltin(value: object, above: Place): object | undefined {
  if (ArrayBuffer.isView(value)) return formOfView(value, above);
  if (types.isDate(value)) {
    const time = Date.prototype.getTime.call(value);
    return tagged('Date', Number.isNaN(time) ? null : time);
  }
  if (types.isMap(value)) {
    const entries = [...Map.prototype.entries.call(value)];
    return tagged(
      'Map',
      entries.map((entry, i) => formOfArray(entry, inside(above, value, i))),
    );
  }
  if (types.isSet(value)) {
    const values = [...Set.prototype.values.call(value)];
    return tagged(
      'Set',
      values.map((part, i) => form(part, inside(above, value, i))),
    );
  }
  if (types.isRegExp(value)) return tagged('RegExp', value.source, value.flags);
  if (types.isAnyArrayBuffer(value)) {
    if (types.isSharedArrayBuffer(value)) throw refused(above, 'memory shared with this process');
    return tagged('ArrayBuffer', Buffer.from(value).toString('base64'));
  }
  return undefined;
}

function formOfView(value: ArrayBufferView, above: Place): object {
  if (types.isSharedArrayBuffer(value.buffer)) throw refused(above, 'memory shared with this process');
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  const kind = types.isDataView(value) ? 'DataView' : (value as unknown as Uint8Array)[Symbol.toStringTag];
  if (kind !== 'DataView' && !ARRAYS.has(kind)) throw refused(above, `a ${kind}`);
  return tagged(kind, bytes);
}

/** As structured clone does: an instance of a class of the program becomes its properties. */
function formOfInstance(value: object, above: Place): unknown {
  const kind = Object.prototype.toString.call(value);
  if (types.isNativeError(value)) return tagged('Error', form(encodeFailure(value), above));
  if (types.isBoxedPrimitive(value)) throw refused(above, `an object around a primitive (${kind})`);
  if (kind !== '[object Object]' || types.isExternal(value)) throw refused(above, `an object of ${kind}`);
  return formOfRecord(value, above);
}

function refused(place: Place, what: string): NotCloneableError {
  const path = nameOf(place);
  const error = new NotCloneableError(path, what);
  error.message = `${path} is ${what}, which cannot be sent to another machine (plain data, bytes, Date, Map, Set, bigint, RegExp and errors can)`;
  return error;
}
