/**
 * Helpers that compilers put into the file around a function, for inline functions that use them.
 *
 * The names are those of `src/tasks/source/helpers.ts`. TypeScript's come from `tslib`, which is loaded when
 * one is used; the few of esbuild are written here as esbuild writes them.
 */
import { createRequire } from 'node:module';
import { defineOwn } from '../../src/errors/define-own.js';

const requireHere = createRequire(import.meta.url);

/** The parts of a function's surroundings that helpers may need. */
export interface HelperSurroundings {
  readonly require: NodeJS.Require;
  readonly import: (specifier: string) => Promise<unknown>;
}

/** The value that a helper's name stands for. */
export function helperFor(name: string, around: HelperSurroundings): unknown {
  if (name.startsWith('cov_')) return () => COUNTERS;
  if (name === '__require') return around.require;
  if (name.endsWith('_ssr_dynamic_import__')) return around.import;
  if (name === 'tslib_1') return tslib();
  if (Object.hasOwn(ESBUILD, name)) return ESBUILD[name as keyof typeof ESBUILD];
  return tslib()[name];
}

// biome-ignore lint/suspicious/noExplicitAny: functions of any kind
function tslib(): Record<string, (...args: any[]) => unknown> {
  return requireHere('tslib');
}

/**
 * Counters of code coverage, without effect: each property is this object again, its number is 0, and writes
 * are dropped.
 */
const COUNTERS: object = new Proxy(() => COUNTERS, {
  __proto__: null,
  get: (_target, key) => (key === Symbol.toPrimitive ? () => 0 : COUNTERS),
  set: () => true,
  apply: () => COUNTERS,
} as ProxyHandler<() => object>);

type Properties = Record<PropertyKey, unknown>;

/** https://github.com/evanw/esbuild/blob/main/internal/runtime/runtime.go */
const ESBUILD = {
  __name: (target: object, value: string) =>
    Object.defineProperty(target, 'name', {
      __proto__: null,
      value,
      configurable: true,
    } as PropertyDescriptor),

  __publicField: (target: object, key: PropertyKey, value: unknown) => {
    defineOwn(target, key, value);
    return value;
  },

  __pow: (base: number, exponent: number) => base ** exponent,

  __toESM: (module: object, isNodeMode?: boolean) => {
    const namespace: Properties = {};
    if (isNodeMode || (module as { __esModule?: boolean } | null)?.__esModule !== true) {
      defineOwn(namespace, 'default', module);
    }
    for (const key of Object.getOwnPropertyNames(module ?? {})) {
      if (!Object.hasOwn(namespace, key)) {
        const get = () => (module as Properties)[key];
        Object.defineProperty(namespace, key, {
          __proto__: null,
          get,
          enumerable: true,
        } as PropertyDescriptor);
      }
    }
    return namespace;
  },

  __spreadValues: (target: Properties, source: Properties | undefined) => {
    for (const key of Reflect.ownKeys(source ?? {})) {
      if (Object.prototype.propertyIsEnumerable.call(source, key))
        defineOwn(target, key, (source as Properties)[key]);
    }
    return target;
  },

  __spreadProps: (target: object, source: object) =>
    Object.defineProperties(target, Object.getOwnPropertyDescriptors(source)),

  __objRest: (source: Properties, excluded: readonly PropertyKey[]) => {
    const rest: Properties = {};
    for (const key of Reflect.ownKeys(source ?? {})) {
      const left = !excluded.includes(key) && Object.prototype.propertyIsEnumerable.call(source, key);
      if (left) rest[key] = source[key];
    }
    return rest;
  },

  // As TypeScript's, with other parameters.
  __using: (stack: unknown[], value: unknown, isAsync?: boolean) =>
    tslib().__addDisposableResource?.({ stack }, value, isAsync === true),

  __callDispose: (stack: unknown[], error: unknown, hasError?: boolean) =>
    tslib().__disposeResources?.({ stack, error, hasError: hasError === true }),

  __async: (self: unknown, args: unknown, generator: (...args: unknown[]) => Generator) =>
    new Promise((resolve, reject) => {
      const run = Reflect.apply(generator, self, (args as unknown[] | null) ?? []);
      const step = (advance: () => IteratorResult<unknown>) => {
        try {
          const { done, value } = advance();
          if (done) resolve(value);
          else
            Promise.resolve(value).then(
              (given) => step(() => run.next(given)),
              (error) => step(() => run.throw(error)),
            );
        } catch (error) {
          reject(error);
        }
      };
      step(() => run.next());
    }),
};
