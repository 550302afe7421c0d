/**
 * Parses a function's source text: gives its syntax tree, and an expression that evaluates to the same
 * function.
 *
 * `Function.prototype.toString` gives the exact text. For functions, arrows and classes that is an
 * expression; for methods it is part of an object literal: `add(a, b) { … }`.
 */
import type { ArrowFunctionExpression, FunctionExpression, Node, Options } from 'acorn';
import { NotAFunctionError } from '../../errors/errors.js';
import { parse } from './parser.js';

/** A parsed function. */
export interface ParsedFunction {
  readonly node: FunctionExpression | ArrowFunctionExpression;
  /**
   * An expression that evaluates to the function. The text is at its third character, or a part of the text
   * where it was.
   */
  readonly expression: string;
  /** Length of the code that was put before the text for parsing; the tree's offsets include it. */
  readonly prefix: number;
  /** Whether it is written as a method, so that `this` and `super` mean an object. */
  readonly method: boolean;
}

/**
 * As lenient as possible: the text comes from a function that exists, so it is valid. Code that cannot work
 * in a worker gets better messages than a parser's.
 */
const OPTIONS: Options = {
  ecmaVersion: 'latest',
  sourceType: 'script',
  allowImportExportEverywhere: true,
  allowSuperOutsideMethod: true,
  checkPrivateFields: false,
};

/** The wrapper is a function, so that `new.target` and `arguments` can be parsed. */
const FUNCTION_PREFIX = '(function(){return(';
const METHOD_PREFIX = '({';

/**
 * Parses a function's text.
 * @param text as `Function.prototype.toString` gives it
 * @param name for messages, and in place of a method's key
 * @throws NotAFunctionError it is a class, a getter or setter, a private method, or cannot be parsed
 * @throws Error the parser, which is loaded with the first function, could not be loaded; the next call tries
 *   again
 * @throws RangeError it is nested too deeply for the stack
 */
export function parseFunction(text: string, name: string): ParsedFunction {
  if (/^class\b(?!\s*\()/.test(text)) {
    throw new NotAFunctionError(
      `'${name}' is a class, and calling it needs \`new\`: submit a function that creates and uses it, or a module's export through tasks(url)`,
    );
  }
  return parseExpression(text) ?? parseMethod(text, name);
}

/** The text of a function that is an expression, with the text at its third character. */
export function asExpression(text: string): string {
  return `( ${text}\n)`;
}

function parseExpression(text: string): ParsedFunction | undefined {
  const tree = tryParse(`${FUNCTION_PREFIX}${text}\n)})`);
  if (tree === undefined) return undefined;
  // The tree of `(function(){return(X)})`, down to X.
  const wrapper = (tree as unknown as { body: [{ expression: FunctionExpression }] }).body[0].expression;
  const node = (wrapper.body.body[0] as unknown as { argument: Node }).argument;
  if (node.type !== 'FunctionExpression' && node.type !== 'ArrowFunctionExpression') return undefined;
  return {
    node: node as FunctionExpression | ArrowFunctionExpression,
    expression: asExpression(text),
    prefix: FUNCTION_PREFIX.length,
    method: false,
  };
}

function parseMethod(text: string, name: string): ParsedFunction {
  if (/^(?:async\s*)?(?:\*\s*)?#/.test(text)) {
    throw new NotAFunctionError(`'${name}' is a private method, which exists only inside its class`);
  }
  const problem: { message?: string } = {};
  const tree = tryParse(`${METHOD_PREFIX}${text}\n})`, problem);
  const properties = (
    tree as unknown as { body: [{ expression?: { properties?: MethodNode[] } }] } | undefined
  )?.body[0]?.expression?.properties;
  const property = properties?.length === 1 ? properties[0] : undefined;
  if (property === undefined) {
    throw new NotAFunctionError(
      `the source of '${name}' cannot be read as a function${problem.message === undefined ? '' : ` (${problem.message})`}`,
    );
  }
  if (property.kind !== 'init') {
    throw new NotAFunctionError(
      `'${name}' is a ${property.kind}ter, not a function: pass a function that does its work`,
    );
  }
  return {
    node: property.value,
    expression: methodExpression(text, name, property.value),
    prefix: METHOD_PREFIX.length,
    method: true,
  };
}

/**
 * Whether an expression is valid in strict code, too: arrows and methods do not tell which code they come
 * from.
 */
export function isStrictCode(expression: string): boolean {
  return tryParse(`(function(){"use strict";return${expression}})`) !== undefined;
}

interface MethodNode {
  readonly kind: 'init' | 'get' | 'set';
  readonly value: FunctionExpression;
}

/**
 * The method with the function's name as its key, since a computed key may not work elsewhere. Padded, so
 * that columns in stacks stay right.
 */
function methodExpression(text: string, name: string, node: FunctionExpression): string {
  const start = node.start - METHOD_PREFIX.length;
  const quoted = JSON.stringify(name);
  const key = /^[a-z$_][\w$]*$/i.test(name) ? name : quoted;
  const head = `${METHOD_PREFIX}${node.async ? 'async ' : ''}${node.generator ? '*' : ''}${key}`;
  return `${head.padEnd(METHOD_PREFIX.length + start)}${text.slice(start)}\n})[${quoted}]`;
}

function tryParse(text: string, problem?: { message?: string }): Node | undefined {
  try {
    return parse(text, OPTIONS);
  } catch (error) {
    const { message } = error as Error;
    // The stack was too short, which says nothing about the text. The parser mostly reports it as a
    // SyntaxError.
    if (error instanceof RangeError || /^Not enough stack/.test(message)) throw new RangeError(message);
    // The parser could not be loaded, which says nothing about the text either. Its own errors have a
    // position.
    if (!(error instanceof SyntaxError && 'pos' in error)) throw error;
    if (problem !== undefined) problem.message = message;
    return undefined;
  }
}
