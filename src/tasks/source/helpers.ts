/**
 * Names that tools put into functions when they compile them, and that a worker supplies (`workers/functions/helpers.ts`).
 *
 * They stand for helper functions in the file around the function: esbuild and tsx keep names by `__name(…)`,
 * TypeScript writes `__awaiter(…)` for old targets, istanbul counts by `cov_1x2y3z()`, vitest turns `import()` into a
 * call.
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
  // TypeScript: those of `tslib`, and `tslib` itself as a CommonJS file imports it
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

/** Whether a worker supplies this name to inline functions that use it. */
export function isHelperName(name: string): boolean {
  return HELPERS.has(name) || COUNTER.test(name);
}
