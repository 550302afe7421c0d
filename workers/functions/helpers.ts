/**
 * What compilers put into the files around a function, for inline functions that use it.
 *
 * The names are those of `src/tasks/source/helpers.ts`. TypeScript's come from `tslib`, which is loaded only if one is used;
 * the few of esbuild follow what it writes itself.
 */
import { createRequire } from 'node:module';

const requireHere = createRequire(import.meta.url);

/** What a helper may need of the function's surroundings. */
export interface HelperSurroundings {
  readonly require: NodeJS.Require;
  readonly import: (specifier: string) => Promise<unknown>;
}

/** Gives the value that a helper's name stands for. */
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

/** Counts nothing: whatever is read of it is itself, it is 0 as a number, and what is written to it is gone. */
const COUNTERS: object = new Proxy(() => COUNTERS, {
  get: (_target, key) => (key === Symbol.toPrimitive ? () => 0 : COUNTERS),
  set: () => true,
  apply: () => COUNTERS,
});

type Properties = Record<PropertyKey, unknown>;

function define(target: object, key: PropertyKey, value: unknown): unknown {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  return value;
}

/** https://github.com/evanw/esbuild/blob/main/internal/runtime/runtime.go */
const ESBUILD = {
  __name: (target: object, value: string) =>
    Object.defineProperty(target, 'name', { value, configurable: true }),

  __publicField: define,

  __pow: (base: number, exponent: number) => base ** exponent,

  __toESM: (module: object, isNodeMode?: boolean) => {
    const namespace: Properties = {};
    if (isNodeMode || (module as { __esModule?: boolean } | null)?.__esModule !== true) {
      define(namespace, 'default', module);
    }
    for (const key of Object.getOwnPropertyNames(module ?? {})) {
      if (!Object.hasOwn(namespace, key)) {
        Object.defineProperty(namespace, key, { get: () => (module as Properties)[key], enumerable: true });
      }
    }
    return namespace;
  },

  __spreadValues: (target: Properties, source: Properties | undefined) => {
    for (const key of Reflect.ownKeys(source ?? {})) {
      if (Object.prototype.propertyIsEnumerable.call(source, key))
        define(target, key, (source as Properties)[key]);
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

  // The same as TypeScript's, called in another way.
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
