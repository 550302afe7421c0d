/**
 * Names that compilers put into functions, and that a worker provides (`workers/functions/helpers.ts`).
 *
 * They stand for helper functions in the file around the function: esbuild and tsx keep function names with
 * `__name(…)`, TypeScript writes `__awaiter(…)` for old targets, istanbul counts with `cov_1x2y3z()`, vitest
 * turns `import()` into a call.
 */
const HELPERS: ReadonlySet<string> = new Set([
  // esbuild, tsx
  '__name',
  '__toESM',
  '__require',
  '__publicField',
  '__spreadValues',
  '__spreadProps',
  '__objRest',
  '__async',
  '__pow',
  '__using',
  '__callDispose',
  // vite, vitest
  '__vite_ssr_dynamic_import__',
  '__vi_ssr_dynamic_import__',
  // TypeScript: the helpers of `tslib`, and `tslib` itself as CommonJS files import it
  'tslib_1',
  '__assign',
  '__asyncDelegator',
  '__asyncGenerator',
  '__asyncValues',
  '__await',
  '__awaiter',
  '__addDisposableResource',
  '__disposeResources',
  '__classPrivateFieldGet',
  '__classPrivateFieldIn',
  '__classPrivateFieldSet',
  '__decorate',
  '__esDecorate',
  '__extends',
  '__generator',
  '__importDefault',
  '__importStar',
  '__makeTemplateObject',
  '__metadata',
  '__param',
  '__propKey',
  '__read',
  '__rest',
  '__runInitializers',
  '__setFunctionName',
  '__spread',
  '__spreadArray',
  '__spreadArrays',
  '__values',
]);

/** A coverage counter of istanbul (nyc, vitest, jest). */
const COUNTER = /^cov_[\w$]+$/;

/** Whether a worker provides this name to inline functions that use it. */
export function isHelperName(name: string): boolean {
  return HELPERS.has(name) || COUNTER.test(name);
}
