import { describe, expect, it } from 'vitest';
import { CapturedVariableError, NotAFunctionError } from '../../../dist/src/errors/errors.js';
import { analyzeFunction } from '../../../dist/src/tasks/source/analyze.js';

/** Made by Node itself, out of reach of what vitest does to this file. */
function evaluate<T>(code: string): T {
  return new Function(`return (${code})`)() as T;
}

type Fn = (...args: never[]) => unknown;

function errorOf(code: string): CapturedVariableError | NotAFunctionError {
  try {
    analyzeFunction(evaluate<Fn>(code));
  } catch (error) {
    return error as CapturedVariableError;
  }
  throw new Error('was not refused');
}

describe('analyzeFunction', () => {
  it.each([
    ['an arrow', '(a, b) => a + b', [1, 2], 3],
    ['an arrow that is followed by a comment', '(() => { return (a) => a // same\n})()', [1], 1],
    ['a function', 'function (a) { return a }', [1], 1],
    ['a named function that calls itself', 'function f(n) { return n < 2 ? 1 : n * f(n - 1) }', [4], 24],
    ['a method', '({ add(a, b) { return a + b } }).add', [1, 2], 3],
    ['a method with a quoted name', '({ "add up"(a, b) { return a + b } })["add up"]', [1, 2], 3],
    ['a method with a computed name', '({ ["a" + "dd"](a, b) { return a + b } }).add', [1, 2], 3],
    [
      'a method with a symbol for its name',
      '({ [Symbol.iterator](a) { return a } })[Symbol.iterator]',
      [1],
      1,
    ],
    ['a method with a number for its name', '({ 7(a) { return a } })[7]', [1], 1],
    ['a method with an odd computed name', '({ ["]" + "{("](a) { return a } })["]{("]', [1], 1],
    ['a method named __proto__', '({ __proto__(a) { return a } }).__proto__', [1], 1],
    ['a method named get', '({ get(a) { return a } }).get', [1], 1],
    ['a method named async', '({ async(a) { return a } }).async', [1], 1],
    ['a method named function', '({ function(a) { return a } }).function', [1], 1],
    ['a method named class', '({ class(a) { return a } }).class', [1], 1],
    ['a static method', '(class { static add(a, b) { return a + b } }).add', [1, 2], 3],
    ['a field of a class', 'new (class { add = (a, b) => a + b })().add', [1, 2], 3],
    ['default and rest parameters', '(a, b = 2, ...c) => [a, b, c]', [1, undefined, 3], [1, 2, [3]]],
  ])('gives an expression of %s', (_title, code, args, result) => {
    const { source } = analyzeFunction(evaluate<Fn>(code));
    const again = evaluate<(...args: unknown[]) => unknown>(source);
    expect(again(...args)).toEqual(result);
  });

  it.each([
    ['parentheses', `(a) => ${'('.repeat(20_000)}a${')'.repeat(20_000)}`],
    ['operators', `(a) => ${'a+'.repeat(50_000)}a`],
    ['calls', `(a) => a${'.concat("")'.repeat(20_000)}`],
  ])('says that a function of very many nested %s cannot be analysed', (_title, code) => {
    const fn = () => 1;
    // By its text alone: V8's own stack may be too short to make it here.
    const analyse = () => analyzeFunction(fn, code);
    expect(analyse).toThrow(/^'fn' is too deeply nested to be analysed: .*tasks\(/);
    expect(analyse).toThrow(NotAFunctionError);
  });

  it.each<[string, PropertyDescriptor]>([
    [
      'that is read from a getter that throws',
      {
        get: () => {
          throw new Error('name');
        },
      },
    ],
    ['that is a symbol', { value: Symbol('s') }],
    ['that is a number', { value: 5 }],
    ['that is empty', { value: '' }],
  ])('takes a function with a name %s', (title, name) => {
    const fn = evaluate<Fn>(`() => ${JSON.stringify(title)}`);
    expect(analyzeFunction(Object.defineProperty(fn, 'name', name)).name).toBe('(anonymous)');
  });

  it('cuts a long name, but no pair of surrogates', () => {
    const name = `${'a'.repeat(199)}\u{1f600}`;
    const fn = evaluate<Fn>("() => 'cut'");
    expect(analyzeFunction(Object.defineProperty(fn, 'name', { value: name })).name).toBe('a'.repeat(199));
  });

  it.each([
    ['(a) => a', false, false],
    ['async (a) => a', true, false],
    ['function* (a) {}', false, true],
    ['async function* (a) {}', true, true],
    ['({ async *m(a) {} }).m', true, true],
    ['({ async m(a) {} }).m', true, false],
  ])('tells of %s whether it is async and a generator', (code, isAsync, isGenerator) => {
    const { async, generator } = analyzeFunction(evaluate<Fn>(code));
    expect([async, generator]).toEqual([isAsync, isGenerator]);
  });

  it('tells the name, and functions of sloppy code apart', () => {
    const sloppy = evaluate<Fn>('function add(a) { return a }');
    const strict = evaluate<Fn>('(() => { "use strict"; return function add(a) { return a } })()');
    expect(analyzeFunction(sloppy)).toMatchObject({ name: 'add', sloppy: true });
    expect(analyzeFunction(strict)).toMatchObject({ name: 'add', sloppy: false });
    expect(analyzeFunction(evaluate<Fn>('(() => (anonymous) => 1)()'))).toMatchObject({
      name: '(anonymous)',
    });
  });

  it.each([
    '(a) => { a.b }',
    'function add(a) { a.b }',
    'add(a) { a.b }',
    '["ad" + "d"](a) { a.b }',
    'async *add(a) { a.b }',
    '"add"(a) { a.b }',
  ])('keeps columns, but for two characters before: %s', (text) => {
    const method = !/^(function|\()/.test(text);
    const { source } = analyzeFunction(evaluate<Fn>(method ? `({ ${text} }).add` : text));
    expect(source.indexOf('a.b') - 2).toBe(text.indexOf('a.b'));
  });

  it('knows a text again', () => {
    const make = () => evaluate<Fn>('(again) => again * 2');
    expect(analyzeFunction(make())).toBe(analyzeFunction(make()));
  });

  it.each([
    ['a class', 'class Task {}', /'Task' is a class/],
    ['a class without a name', 'class {}', /is a class/],
    ['a class that extends', 'class extends Array {}', /is a class/],
    ['a native function', 'Math.max', /'max' is a native function/],
    ['a bound function without a name', '(() => 1).bind(null)', /^this is a bound function/],
    ['a bound function', '(function add() {}).bind(null)', /'bound add' is a bound function/],
    ['a Proxy', 'new Proxy(() => 1, {})', /is a Proxy/],
    [
      'a getter',
      'Object.getOwnPropertyDescriptor({ get size() { return 1 } }, "size").get',
      /'get size' is a getter/,
    ],
    ['a setter', 'Object.getOwnPropertyDescriptor({ set size(x) {} }, "size").set', /'set size' is a setter/],
    [
      'a private method',
      'new (class { #m() {} get() { return this.#m } })().get()',
      /'#m' is a private method/,
    ],
  ])('refuses %s', (_title, code, message) => {
    const error = errorOf(code);
    expect(error).toBeInstanceOf(NotAFunctionError);
    expect(error.code).toBe('ERR_NOT_A_FUNCTION');
    expect(error.message).toMatch(message);
  });

  it('lists each captured variable with its place', () => {
    const error = errorOf(
      '(a) => {\n  const x = factor * a;\n  return x + offset + factor;\n}',
    ) as CapturedVariableError;
    expect(error).toBeInstanceOf(CapturedVariableError);
    expect(error.variables).toEqual([
      { name: 'factor', line: 2, column: 13 },
      { name: 'offset', line: 3, column: 14 },
    ]);
    expect(error.message).toMatch(/factor \(line 2, column 13\): pass it as an argument/);
    expect(error.message).toMatch(/submit\(fn, \[value\]\).*await import.*tasks\(new URL/);
  });

  it.each(['add(a) { return a + outer }', 'async *add(a) { yield outer }'])(
    'gives places in methods: %s',
    (text) => {
      const error = errorOf(`({ ${text} }).add`) as CapturedVariableError;
      expect(error.variables).toEqual([{ name: 'outer', line: 1, column: text.indexOf('outer') + 1 }]);
    },
  );

  it.each([
    [
      'an import of Node',
      '() => createHash("md5")',
      /createHash .*`const \{ createHash \} = await import\('node:crypto'\)`.*make it async/,
    ],
    [
      'the same in an async function',
      'async () => createHash("md5")',
      /import\('node:crypto'\)` inside the function$/m,
    ],
    [
      'a module of Node',
      '() => fs.readFileSync("x")',
      /if this is the import of node:fs, .*`const fs = await import/,
    ],
    ['crypto, which is also a global', '() => crypto.createHash("md5")', /the import of node:crypto/],
    [
      'esbuild in CommonJS',
      '() => (0, import_node_zlib.gzipSync)("x")',
      /`const \{ gzipSync \} = await import\('node:zlib'\)`/,
    ],
    [
      'TypeScript in CommonJS',
      '() => (0, promises_1.readFile)("x")',
      /`const \{ readFile \} = await import\('node:fs\/promises'\)`/,
    ],
    [
      'swc',
      '() => (0, _nodecrypto.createHash)("x")',
      /`const \{ createHash \} = await import\('node:crypto'\)`/,
    ],
    [
      'webpack',
      '() => (0, sharp__WEBPACK_IMPORTED_MODULE_3__.resize)()',
      /holds what the file imports \(resize\); .*import\('…'\)/,
    ],
    ['vite', '() => (0, __vite_ssr_import_0__.cpus)()', /`const \{ cpus \} = await import\('node:os'\)`/],
    [
      'itself',
      '(() => { const f = (n) => f(n - 1); return f })()',
      /is the function itself; .*'function f\(…\) \{ … \}'/,
    ],
    ['this', '(() => () => this.x)()', /this .*belongs to the surroundings/],
    ['__dirname', '() => __dirname', /only in a CommonJS file; pass it/],
    ['an underscored name of the user', '() => _config.x', /_config .*: pass it as an argument/],
    ['a numbered name of the user', '() => config_2.x', /config_2 .*: pass it as an argument/],
    ['a function of the user', '(a) => helper(a)', /helper .*: is a function or class, .*: define it inside/],
    ['a class of the user', '() => new Point(1)', /Point .*: is a function or class, .*: define it inside/],
    ['a tag of the user', '() => html`<b></b>`', /html .*: is a function or class/],
    ['a function that is named first', '() => [helper, helper()]', /helper .*: is a function or class/],
    ['a value that is given to a function', '(f) => f(helper)', /helper .*: pass it as an argument/],
  ])('gives advice that fits: %s', (_title, code, message) => {
    expect(errorOf(code).message).toMatch(message);
  });

  it.each(['constructor', 'toString', 'valueOf', 'hasOwnProperty', 'toLocaleString', '__proto__'])(
    'reports a variable named %s, as every object has',
    (name) => {
      for (const use of [name, `${name}()`, `[${name}.length]`, `${name} = 1`, `({ a: ${name} })`]) {
        expect(errorOf(`() => ${use}`)).toMatchObject({ variables: [{ name }] });
      }
    },
  );

  it('lets pass what every object has where it is used as such a global', () => {
    for (const code of [
      '(o) => toString.call(o)',
      '(o, k) => hasOwnProperty.call(o, k) && propertyIsEnumerable.apply(o, [k])',
      '(toString, constructor) => [toString, constructor]',
      '(o) => [o.toString(), o.constructor, { valueOf: 1 }]',
    ]) {
      expect(() => analyzeFunction(evaluate<Fn>(code)), code).not.toThrow();
    }
    expect(errorOf('() => constructor.call(1)')).toMatchObject({ variables: [{ name: 'constructor' }] });
  });

  it('reports a function used outside of its block, which strict code keeps there', () => {
    const error = errorOf('(() => { "use strict"; return () => { { function f() {} } return f(); } })()');
    expect(error).toMatchObject({ variables: [{ name: 'f' }] });
    expect(error.message).toContain('f (line 1, column 36): is declared in a block');
    // A plain function of sloppy code says so; of other functions their syntax may.
    for (const code of [
      'function task() { { function f() { return 1; } } return f(); }',
      '() => { { function f() { return 010; } } return f(); }',
      '({ task() { { function f() { return 010; } } return f(); } }).task',
    ]) {
      expect(() => analyzeFunction(evaluate<Fn>(code)), code).not.toThrow();
    }
  });

  it('lets pass the real global crypto, and what asks with typeof first', () => {
    expect(() => analyzeFunction(evaluate<Fn>('() => crypto.randomUUID()'))).not.toThrow();
    expect(() =>
      analyzeFunction(evaluate<Fn>('() => typeof Deno === "object" && Deno.version')),
    ).not.toThrow();
    expect(() => analyzeFunction(evaluate<Fn>('(x) => require("node:path").join(x)'))).not.toThrow();
  });
});
