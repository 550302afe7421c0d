/**
 * Analyses an inline function: whether it can run elsewhere, and what has to be sent of it.
 *
 * Measured (Node 20, 2-core machine): 100 ns for each character of a long function; the first function of a
 * process that is not simple takes about 3 ms, while the parser is cold, and 5 ms for loading the parser. Known
 * texts cost a lookup.
 */
import { types } from 'node:util';
import { CapturedVariableError, NotAFunctionError } from '../../errors/errors.js';
import { type Captured, captureMessage } from './advice.js';
import { BoundedMap } from './bounded-map.js';
import { freeNames } from './free-names.js';
import { isGlobalName, isMethodOfObjects, lacksMembers } from './globals.js';
import { isHelperName } from './helpers.js';
import { shortName } from './name.js';
import { asExpression, isStrictCode, type ParsedFunction, parseFunction } from './parse.js';
import type { FreeName } from './scope.js';
import { isSimple } from './simple.js';

/** What a worker needs to create the function. */
export interface FunctionAnalysis {
  /** The function's name, or `(anonymous)`. */
  readonly name: string;
  /** An expression that evaluates to it. */
  readonly source: string;
  /** Whether it is non-strict code, as a plain `function` in a CommonJS file may be. */
  readonly sloppy: boolean;
  /** Names of the compiler helpers that it uses. */
  readonly helpers: readonly string[];
  readonly generator: boolean;
  readonly async: boolean;
}

type AnyFunction = (...args: never[]) => unknown;

/**
 * Texts that are kept. An arrow in a loop is a new function each time; by its text it is parsed only once.
 * Programs that make ever new and long functions must not fill the memory.
 */
const byText = new BoundedMap<string, FunctionAnalysis>({
  entries: 1_000,
  bytes: 16 * 2 ** 20,
  sizeOf: (key, { source }) => 2 * (key.length + source.length),
});

/**
 * A key that functions of the same source share: their text.
 * @throws NotAFunctionError it is native, bound or a Proxy, and so has no source
 */
export function sourceKey(fn: AnyFunction): string {
  const text = textOf(fn);
  return isSloppy(fn, text) ? SLOPPY + text : text;
}

/** Prefix of the keys of non-strict functions; no function's text begins with it. */
const SLOPPY = '~';

/**
 * Reads a function's source and checks that it can run elsewhere.
 *
 * Cached by text; O(length of the text) for a new text.
 * @param key the function's `sourceKey`, if the caller has it
 * @throws NotAFunctionError it is native, bound, a class, a getter, or otherwise has no source of its own
 * @throws CapturedVariableError it uses names that a worker does not have
 */
export function analyzeFunction(fn: AnyFunction, key = sourceKey(fn)): FunctionAnalysis {
  let analysis = byText.get(key);
  if (analysis === undefined) {
    const sloppy = key.startsWith(SLOPPY);
    analysis = analyzeText(sloppy ? key.slice(SLOPPY.length) : key, shortName(fn), sloppy);
    byText.set(key, analysis);
  }
  return analysis;
}

function analyzeText(text: string, name: string, sloppy: boolean): FunctionAnalysis {
  try {
    return analyze(text, name, sloppy);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new NotAFunctionError(
      `'${name}' is too deeply nested to be analysed: put it into a module and use tasks(new URL('./module.js', import.meta.url))`,
    );
  }
}

function analyze(text: string, name: string, sloppy: boolean): FunctionAnalysis {
  if (isSimple(text))
    return { name, source: asExpression(text), sloppy, helpers: [], generator: false, async: false };
  const parsed = parseFunction(text, name);
  const { node, method, expression } = parsed;
  let free = freeNames(node, method, !sloppy);
  // The worker does the same: source that does not compile as strict code is evaluated as non-strict.
  if (!sloppy && free.some(isCaptured) && !isStrictCode(expression)) free = freeNames(node, method);
  const captured = free.filter(isCaptured);
  if (captured.length > 0) throw capturedError(name, text, parsed, captured);
  return {
    name,
    source: expression,
    sloppy,
    helpers: free.map((each) => each.name).filter(isHelperName),
    generator: node.generator,
    async: node.async,
  };
}

function isCaptured(free: FreeName): boolean {
  const { name, members } = free;
  return isGlobalName(name) ? lacksMembers(name, members) : !isHelperName(name) && !isMethodOfObjects(free);
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
  const text = Function.prototype.toString.call(fn);
  if (!text.endsWith('[native code] }')) return text;
  const name = shortName(fn);
  const what = types.isProxy(fn)
    ? 'the function is a Proxy'
    : name.startsWith('bound ')
      ? `${name === 'bound ' ? 'this' : `'${name}'`} is a bound function`
      : `'${name}' is a native function`;
  throw new NotAFunctionError(
    `${what}, which has no source to send: wrap it, as in (...args) => … , or use tasks(url)`,
  );
}

/**
 * Only plain functions of non-strict code allow reading their `caller`, a feature older than strict mode; up
 * to Node 25 it is an own property. For other functions it throws, which costs 2 µs: so arrows and methods
 * are not asked.
 */
function isSloppy(fn: AnyFunction, text: string): boolean {
  if (!text.startsWith('function')) return false;
  if (Object.hasOwn(fn, 'caller')) return true;
  try {
    void (fn as { caller?: unknown }).caller;
    return true;
  } catch {
    return false;
  }
}
