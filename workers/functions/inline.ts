import { createRequire } from 'node:module';
import { NotAFunctionError } from '../../src/errors/errors.js';
import type { InlineDefinition } from '../../src/protocol/messages.js';
import { helperFor } from './helpers.js';
import { compileIn, importFrom } from './importer.js';
import type { TaskFunction } from './task-function.js';

/**
 * Compiles a function that was sent as source text.
 *
 * Its `require` and `import()` resolve as in the program's entry file. Its frames in stacks show a file name
 * beside that file, with lines and columns counted from the function's beginning: `at add
 * (file:///app/inline:add:1:12)`.
 * @throws NotAFunctionError the source does not compile
 */
export function compileInline(definition: InlineDefinition): TaskFunction {
  const { name, base, helpers } = definition;
  const parameters = ['require', ...helpers];
  const surroundings = {
    require: createRequire(base),
    import: (specifier: string) => importFrom(base)(specifier),
  };
  const values = [surroundings.require, ...helpers.map((helper) => helperFor(helper, surroundings))];
  const fn = compile(definition, parameters)(...values) as TaskFunction;
  if (fn.name !== name && name !== '(anonymous)')
    Object.defineProperty(fn, 'name', {
      __proto__: null,
      value: name,
      configurable: true,
    } as PropertyDescriptor);
  return fn;
}

const SLOPPY = 'return ';
const STRICT = '"use strict";return ';

function compile(definition: InlineDefinition, parameters: readonly string[]): CallableFunction {
  const { name, base, sloppy } = definition;
  // A URL cannot hold half of a pair of surrogates, which a name may have.
  const file = new URL(`./inline:${encodeURIComponent(name.replace(/\p{Surrogate}/gu, '\ufffd'))}`, base)
    .href;
  // The definition's source begins with two characters of its own, which make it an expression.
  const compileAs = (prefix: string) =>
    compileIn(file, prefix + definition.source, parameters, prefix.length + 2);
  try {
    if (!sloppy) return compileAs(STRICT);
  } catch {
    // An arrow function or method of non-strict code may look strict; only some of its syntax shows.
  }
  try {
    return compileAs(SLOPPY);
  } catch (error) {
    throw new NotAFunctionError(
      `the source of '${name}' does not compile in a worker: ${(error as Error).message}`,
    );
  }
}
