/** Advice for each captured variable: what it probably is, and what to write instead. */
import { builtinExporting, builtinNamed } from './builtins.js';
import type { FreeName } from './scope.js';

const WAYS_OUT =
  'Pass values as arguments, submit(fn, [value]); import modules inside the function, await import(…); ' +
  "or put the function into a module and use tasks(new URL('./module.js', import.meta.url)).";

/** A free name with its position in the function's source. */
export interface Captured extends FreeName {
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
}

/**
 * The message of a `CapturedVariableError`.
 * @param taskName the function's name
 * @param isAsync whether it is async, so that it could `await import(…)`
 */
export function captureMessage(taskName: string, isAsync: boolean, captured: readonly Captured[]): string {
  const lines = captured.map(
    (each) => `  ${each.name} (line ${each.line}, column ${each.column}): ${advice(each, taskName, isAsync)}`,
  );
  return [
    `the function '${taskName}' uses what is around it, which does not exist in a worker thread:`,
    ...lines,
    WAYS_OUT,
  ].join('\n');
}

const FIXED: Readonly<Record<string, string>> = {
  this: 'belongs to the surroundings here; pass what is needed of it as an argument',
  super: 'belongs to an object or class, which is not sent; call a function instead',
  arguments: "belongs to the function around this arrow function; use rest parameters, '(...args) => …'",
  'new.target': 'belongs to the function around this arrow function',
  'import.meta': 'exists only in a module; pass import.meta.url, or what is needed of it, as an argument',
  __dirname: 'exists only in a CommonJS file; pass it as an argument',
  __filename: 'exists only in a CommonJS file; pass it as an argument',
  module: 'exists only in a CommonJS file',
  exports: 'exists only in a CommonJS file; pass what is needed of it as an argument',
  __webpack_require__: 'is how webpack loads modules; use tasks(…) with a file that webpack leaves alone',
};

/** Advice for a name that is called: functions cannot be arguments. */
const CALLED =
  "is a function or class, which cannot be an argument: define it inside the function, or import its module there, await import('…')";

function advice(name: FreeName, taskName: string, isAsync: boolean): string {
  if (name.inBlock)
    return 'is declared in a block, and in strict code exists only there; declare it outside of the block';
  if (name.name === taskName) {
    return `is the function itself; for recursion make it a named function, 'function ${taskName}(…) { … }'`;
  }
  if (name.name.startsWith('#'))
    return 'is private to its class, which is not sent; pass its value as an argument';
  return (
    (Object.hasOwn(FIXED, name.name) ? FIXED[name.name] : undefined) ??
    compiledImportAdvice(name, isAsync) ??
    importAdvice(name, isAsync) ??
    helperAdvice(name) ??
    (name.called ? CALLED : 'pass it as an argument')
  );
}

/**
 * Names that tools give to imported modules: vite and vitest `__vi_import_0__`, esbuild `import_node_crypto`,
 * TypeScript `node_crypto_1`, swc `_nodecrypto`, webpack `node_crypto__WEBPACK_IMPORTED_MODULE_0__`.
 */
const COMPILED_IMPORTS: readonly RegExp[] = [
  /^__(?:vi|vite_ssr|vi_ssr)_import_.*__$/,
  /^_*(?<module>.+?)__WEBPACK_(?:IMPORTED|EXTERNAL)_MODULE_.*$/,
  /^import_(?<module>.+)$/,
  /^(?<module>.+)_\d+$/,
  /^_(?<module>[a-z]\w*)$/,
];

function compiledImportAdvice({ name, members }: FreeName, isAsync: boolean): string | undefined {
  // Imported modules are always used as `module.member`.
  if (members.size === 0) return undefined;
  const match = COMPILED_IMPORTS.map((pattern) => pattern.exec(name)).find((found) => found !== null);
  if (match === undefined) return undefined;
  const wanted = [...members];
  const like = match.groups?.module;
  const module =
    builtinExporting(wanted[0] as string, like) ?? (like === undefined ? undefined : builtinNamed(like));
  // Other numbered or underscored names may just as well be the program's own.
  if (module === undefined && !/_import_|^import_|WEBPACK/.test(name)) return undefined;
  return `holds what the file imports (${wanted.join(', ')}); ${importInside(`{ ${wanted.map(bindingFor).join(', ')} }`, module, isAsync)}`;
}

function bindingFor(member: string): string {
  return member === 'default' ? 'default: imported' : member;
}

function importAdvice({ name, members }: FreeName, isAsync: boolean): string | undefined {
  const [member] = members;
  const whole = builtinNamed(name);
  if (whole !== undefined && member !== undefined) {
    return `if this is the import of ${whole}, ${importInside(name, whole, isAsync)}`;
  }
  const module = builtinExporting(name);
  return module === undefined
    ? undefined
    : `if this is imported from ${module}, ${importInside(`{ ${name} }`, module, isAsync)}`;
}

/** `__privateAdd`, `__decorateClass`: helpers for syntax that the compiler's target does not have. */
function helperAdvice({ name }: FreeName): string | undefined {
  if (!/^__[a-z]\w*$/i.test(name)) return undefined;
  return "is a helper that a compiler put beside the function; compile for a newer target, as 'es2022' or 'node20'";
}

function importInside(binding: string, module: string | undefined, isAsync: boolean): string {
  const code = `const ${binding} = await import(${module === undefined ? "'…'" : `'${module}'`})`;
  return `write \`${code}\` inside the function${isAsync ? '' : ' (and make it async)'}`;
}
