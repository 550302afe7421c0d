import { describe, expect, it } from 'vitest';
import { freeNames } from '../../../dist/src/tasks/source/free-names.js';
import { parseFunction } from '../../../dist/src/tasks/source/parse.js';

/** Free names of a function's text, but for globals that the cases use. */
function free(text: string, strict = false): string[] {
  const { node, method } = parseFunction(text, 'task');
  const globals = new Set(['Math', 'console', 'undefined', 'Object', 'Error', 'Symbol', 'eval']);
  return freeNames(node, method, strict)
    .map((each) => each.name)
    .filter((name) => !globals.has(name));
}

/** Texts that use nothing from around them. */
const CLOSED: Record<string, string> = {
  parameters: '(a, { b, c: { d } }, [e, , ...f], g = a + d, ...h) => [a, b, d, e, f, g, h]',
  'computed key of a pattern': '(k, { [k]: v }) => v',
  'a default that calls a later function of its own': '(f = () => g(), g = 1) => f()',
  'var is hoisted': '() => { x = 1; if (x) { var x; } return x; }',
  'var in for': '() => { for (var i = 0; i < 3; i++); return i; }',
  'for of with let': '(xs) => { for (const [k, v] of xs) console.log(k, v); }',
  'for in': '(o) => { for (let key in o) console.log(key); }',
  'for await': 'async (xs) => { for await (const x of xs) console.log(x); }',
  'functions are hoisted': '() => { return f(); function f() { return g(); } function g() { return 1; } }',
  'function in a block, sloppy': 'function task() { { function inner() {} } return inner; }',
  'named function expression': 'function task(n) { return n && task(n - 1); }',
  'inner named function expression': '() => (function loop(n) { return n && loop(n - 1); })(3)',
  arguments: 'function task() { return arguments.length; }',
  'arguments in an inner arrow': 'function task() { return (() => arguments[0])(); }',
  'this of a plain function': 'function task() { return this; }',
  'this of an inner function': '() => function () { return this; }',
  'new.target of a plain function': 'function task() { return new.target; }',
  catch: '() => { try { f(); } catch ({ message }) { return message; } function f() {} }',
  'catch without a name': '() => { try { } catch { return 1; } }',
  labels: '() => { outer: for (;;) { for (;;) { continue outer; } break outer; } }',
  'property names': '(o) => ({ a: o.b, c() { return o?.d?.[0]; }, get e() { return 1; }, "f": 2 })',
  'shorthand of a local': '(a) => ({ a })',
  'class with everything': `() => {
    class A { static #n = 0; static s = A.#n; #p = 1; q = this.#p; static { this.t = A.s; }
      constructor() { this.x = new.target; } get v() { return this.#p; } has(o) { return #p in o; } }
    return class B extends A { constructor() { super(); } m() { return super.v; } };
  }`,
  'class expression knows its name': '() => class A { make() { return new A(); } }',
  'super in an object': '() => ({ m() { return super.toString(); } })',
  switch: '(n) => { switch (n) { case 1: let x = 1; return x; default: return 0; } }',
  'typeof guard': '() => typeof jQuery === "undefined" ? 1 : jQuery.fn',
  'let of the same name in two blocks': '() => { { let a = 1; a; } { let a = 2; a; } }',
  'a generator': 'function* task(n) { const x = yield n; yield* [x]; }',
  'an async generator': 'async function* task(n) { yield await n; }',
  'template and tag': `(a) => { const tag = (s, ...v) => v; return tag\`\${a}\`; }`,
  'dynamic import': 'async (name) => (await import(name)).default',
  'a method': 'add(a, b) { return a + b; }',
  'an async method': 'async add(a, b) { return a + b; }',
  'a generator method': '*add(a, b) { yield a; }',
  'a method named get': 'get(key) { return key; }',
  'a method named async': 'async(key) { return key; }',
  'a quoted method': '"a b"(x) { return x; }',
  'a method with a computed key': '[someKey + 1](x) { return x; }',
  'names inside with': 'function task(o) { with (o) { return whatever; } }',
  'comments, strings and expressions that look like names':
    '() => { /* x */ return "y" + /z/u.source; } // w',
  'a line comment at the end': 'function task() { return 1 } // end',
  'destructuring assignment': '() => { let a, b; [a, { b }] = [1, { b: 2 }]; return a + b; }',
  'helper of TypeScript that is given this':
    '() => { function __awaiter() {} return __awaiter(this, void 0, void 0, null); }',
};

/** Texts and what they use from around them. */
const OPEN: Record<string, [text: string, names: string[]]> = {
  'a variable': ['(a) => a * factor', ['factor']],
  'each once, in order': ['() => b + a + b', ['b', 'a']],
  'a call': ['() => helper()', ['helper']],
  'in a default': ['(a = base) => a', ['base']],
  'in a computed key': ['(o) => ({ [key]: o })', ['key']],
  'in a pattern key': ['({ [key]: v }) => v', ['key']],
  shorthand: ['() => ({ config })', ['config']],
  'assignment to an undeclared name': ['() => { count = 1; }', ['count']],
  'increment of an undeclared name': ['() => count++', ['count']],
  'undeclared in for of': ['(xs) => { for (x of xs); }', ['x']],
  'undeclared in a destructuring assignment': ['(o) => { ({ a: found } = o); }', ['found']],
  'out of its block': ['() => { { let inner = 1; inner; } return inner; }', ['inner']],
  'out of its catch': ['() => { try {} catch (error) {} return error; }', ['error']],
  'a default does not see the body': ['(a = late) => { var late = 1; return a + late; }', ['late']],
  "a function expression's name outside of it": ['() => { (function f() {})(); return f; }', ['f']],
  'a super class': ['() => class extends Base {}', ['Base']],
  'a field': ['() => class { x = outer; }', ['outer']],
  'this of an arrow': ['() => this.x', ['this']],
  'this of an inner arrow': ['() => () => this', ['this']],
  'this of a method': ['add() { return this.x; }', ['this']],
  'super of a method': ['add() { return super.add(); }', ['super']],
  'arguments of an arrow': ['() => arguments[0]', ['arguments']],
  'new.target of an arrow': ['() => new.target', ['new.target']],
  'import.meta': ['() => import.meta.url', ['import.meta']],
  'a private name': ['add(o) { return o.#secret; }', ['#secret']],
  'a private name in': ['(o) => #secret in o', ['#secret']],
  'typeof of a property': ['() => typeof config.x', ['config']],
  'object of with': ['function task() { with (scope) { x; } }', ['scope']],
  'a method has no name of its own': ['fact(n) { return n && fact(n - 1); }', ['fact']],
  'an arrow has no name of its own': ['(n) => n && fact(n - 1)', ['fact']],
  'in a template': [`() => \`\${name}\``, ['name']],
  'a tag': ['() => sql`x`', ['sql']],
  'using a resource': ['() => { using file = open(); return file; }', ['open']],
};

describe('free names', () => {
  it.each(Object.entries(CLOSED))('none: %s', (_title, text) => {
    expect(free(text)).toEqual([]);
  });

  it.each(Object.entries(OPEN))('some: %s', (_title, [text, names]) => {
    expect(free(text)).toEqual(names);
  });

  const LEAK = '{ function inner() {} inner(); } return inner;';
  it.each<[string, string, boolean, string[]]>([
    ['stays there', `() => { ${LEAK} }`, true, ['inner']],
    ['is seen in the whole function of sloppy code', `() => { ${LEAK} }`, false, []],
    [
      'stays there where the function says that it is strict',
      `() => { "use strict"; ${LEAK} }`,
      false,
      ['inner'],
    ],
    [
      'stays there where an outer one says so',
      `() => { "use strict"; return () => { ${LEAK} } }`,
      false,
      ['inner'],
    ],
    ['stays there in a class', `() => class { m() { ${LEAK} } }`, false, ['inner']],
    ['stays there if it is async', '() => { { async function inner() {} } return inner; }', false, ['inner']],
    ['is no other than that of the function', `() => { function inner() {} ${LEAK} }`, true, []],
    ['in no block is hoisted', '() => { return inner(); function inner() {} }', true, []],
    ['in the block of another', '() => { { function a() { return b(); } function b() {} a(); } }', true, []],
    ['in a switch', '(n) => { switch (n) { case 1: return f(); default: function f() {} } }', true, []],
  ])('a function that is declared in a block %s', (_title, text, strict, names) => {
    expect(free(text, strict)).toEqual(names);
  });
});
