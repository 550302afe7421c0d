/**
 * A function → what is sent of it, once it is known to work on its own.
 *
 * Measured (Node 20, 2-core machine): PARSECOST
 */
import { types } from 'node:util';
import { CapturedVariableError, NotAFunctionError } from '../errors.js';
import { type Captured, captureMessage } from './advice.js';
import { BoundedMap } from './bounded-map.js';
import { isGlobalName, lacksMembers } from './globals.js';
import { isHelperName } from './helpers.js';
import { type ParsedFunction, parseFunction } from './parse.js';
import { type FreeName, freeNames } from './scope.js';

/** What a worker needs to make the function anew. */
export interface FunctionDescription {
  /** The function's name, or `(anonymous)`. */
  readonly name: string;
  /** Its text, as `Function.prototype.toString` gives it. */
  readonly text: string;
  /** An expression that evaluates to it. */
  readonly source: string;
  /** It is of non-strict code, as a plain `function` in a CommonJS file may be. */
  readonly sloppy: boolean;
  /** Helpers of compilers that it uses. */
  readonly helpers: readonly string[];
  readonly generator: boolean;
  readonly async: boolean;
}

type AnyFunction = (...args: never[]) => unknown;

/** Texts remembered, so that a function made anew, as an arrow in a loop is, is not parsed anew. */
const MAX_TEXTS = 1_000;

const byFunction = new WeakMap<object, FunctionDescription>();
const byText = new BoundedMap<string, FunctionDescription>(MAX_TEXTS);

/**
 * Reads a function's source and checks that it can run elsewhere.
 *
 * Cached by identity and by text. O(length of the text) for a text that is new.
 * @throws NotAFunctionError it is native, bound, a class, a getter, or otherwise has no source of its own
 * @throws CapturedVariableError it uses names that a worker does not have
 */
export function describeFunction(fn: AnyFunction): FunctionDescription {
  const known = byFunction.get(fn);
  if (known !== undefined) return known;
  const text = textOf(fn);
  const sloppy = isSloppy(fn);
  const key = sloppy ? `sloppy ${text}` : text;
  let description = byText.get(key);
  if (description === undefined) {
    description = describe(text, nameOf(fn), sloppy);
    byText.set(key, description);
  }
  byFunction.set(fn, description);
  return description;
}

function describe(text: string, name: string, sloppy: boolean): FunctionDescription {
  const parsed = parseFunction(text, name);
  const free = freeNames(parsed.node, parsed.method);
  const captured = free.filter((each) => isCaptured(each));
  if (captured.length > 0) throw capturedError(name, text, parsed, captured);
  return {
    name,
    text,
    source: parsed.expression,
    sloppy,
    helpers: free.map((each) => each.name).filter(isHelperName),
    generator: parsed.node.generator,
    async: parsed.node.async,
  };
}

function isCaptured({ name, members }: FreeName): boolean {
  return isGlobalName(name) ? lacksMembers(name, members) : !isHelperName(name);
}

function capturedError(
  name: string,
  text: string,
  parsed: ParsedFunction,
  free: readonly FreeName[],
): CapturedVariableError {
  const captured = free.map(
    (each): Captured => ({ ...each, ...position(text, each.offset - parsed.prefix) }),
  );
  return new CapturedVariableError(
    captureMessage(name, parsed.node.async, captured),
    captured.map((each) => ({ name: each.name, line: each.line, column: each.column })),
  );
}

function position(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1) as string).length + 1 };
}

function textOf(fn: AnyFunction): string {
  const text = types.isProxy(fn) ? '[native code] }' : Function.prototype.toString.call(fn);
  if (!/\[native code\]\s*\}$/.test(text)) return text;
  const name = nameOf(fn);
  const what = types.isProxy(fn)
    ? 'the function is a Proxy'
    : name.startsWith('bound ')
      ? `'${name}' is a bound function`
      : `'${name}' is a native function`;
  throw new NotAFunctionError(
    `${what}, which has no source to send: wrap it, as in (...args) => … , or use tasks(url)`,
  );
}

function nameOf(fn: AnyFunction): string {
  let name: unknown;
  try {
    name = fn.name;
  } catch {
    // A `name` of the user's own making.
  }
  return typeof name === 'string' && name !== '' ? name.slice(0, 200) : '(anonymous)';
}

/** Only plain functions of non-strict code have own `caller` and `arguments` (a V8 trait, older than strict mode). */
function isSloppy(fn: AnyFunction): boolean {
  return Object.hasOwn(fn, 'caller');
}
