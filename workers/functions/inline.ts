import { createRequire } from 'node:module';
import { NotAFunctionError } from '../../src/errors/errors.js';
import type { InlineDefinition } from '../../src/protocol/messages.js';
import { helperFor } from './helpers.js';
import { compileIn, importFrom } from './importer.js';

type TaskFunction = (...args: unknown[]) => unknown;

/**
 * Makes the function that was sent as source.
 *
 * Its `require` and `import()` resolve as in the program's entry file, and its frames in stacks carry a name beside
 * that file, with lines and columns counted from the function's beginning: `at add (file:///app/inline:add:1:12)`.
 * @throws NotAFunctionError the source does not compile
 */
export function compileInline(definition: InlineDefinition): TaskFunction {
  const { name, base, helpers } = definition;
  const parameters = ['require', ...helpers];
  const surroundings = { require: createRequire(base), import: importFrom(base) };
  const values = [surroundings.require, ...helpers.map((helper) => helperFor(helper, surroundings))];
  const fn = compile(definition, parameters)(...values) as TaskFunction;
  if (fn.name !== name && name !== '(anonymous)')
    Object.defineProperty(fn, 'name', { value: name, configurable: true });
  return fn;
}

const SLOPPY = 'return ';
const STRICT = '"use strict";return ';

function compile(definition: InlineDefinition, parameters: readonly string[]): CallableFunction {
  const { name, base, sloppy } = definition;
  // A URL has no place for half of a pair of surrogates, which a name may have.
  const file = new URL(`./inline:${encodeURIComponent(name.replace(/\p{Surrogate}/gu, '\ufffd'))}`, base)
    .href;
  // Two more than the prefix: with them the source is an expression.
  const compileAs = (prefix: string) =>
    compileIn(file, prefix + definition.source, parameters, prefix.length + 2);
  try {
    if (!sloppy) return compileAs(STRICT);
  } catch {
    // An arrow or method of non-strict code looks like one of strict code; only some of its syntax tells.
  }
  try {
    return compileAs(SLOPPY);
  } catch (error) {
    throw new NotAFunctionError(
      `the source of '${name}' does not compile in a worker: ${(error as Error).message}`,
    );
  }
}
