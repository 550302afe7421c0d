/**
 * The properties of an error beside its own enumerable ones: own properties that are not enumerable or under
 * symbols, and those that its class keeps on the prototype, as in `get status()`. Used by both sides.
 */
import { nameOfShared } from './classes.js';
import type { PropertyName } from './form.js';
import { attempt } from './printing.js';

/** More prototypes than any real class has. */
const MAX_DEPTH = 50;

export interface FoundProperty {
  readonly key: PropertyKey;
  readonly value: unknown;
  readonly enumerable: boolean;
}

/** Never throws. */
export function otherProperties(error: object, isKnown: (key: PropertyKey) => boolean): FoundProperty[] {
  const found = new Map<PropertyKey, FoundProperty>();
  const add = (key: PropertyKey, enumerable: boolean): void => {
    const value = attempt(() => (error as Record<PropertyKey, unknown>)[key]);
    found.set(key, { key, value, enumerable });
  };
  for (const key of attempt(() => Reflect.ownKeys(error)) ?? []) {
    const descriptor = attempt(() => Object.getOwnPropertyDescriptor(error, key));
    if (isKnown(key) || descriptor === undefined) continue;
    const enumerable = descriptor.enumerable === true;
    if (typeof key === 'string' ? !enumerable : enumerable || isShared(key)) add(key, enumerable);
  }
  for (const prototype of ownPrototypes(error)) {
    for (const key of attempt(() => Reflect.ownKeys(prototype)) ?? []) {
      if (isKnown(key) || found.has(key) || key === 'constructor' || key === '__proto__') continue;
      if (typeof key === 'symbol' && !isShared(key)) continue;
      const descriptor = attempt(() => Object.getOwnPropertyDescriptor(prototype, key));
      // Methods belong to the class, which the other side does not have.
      if (descriptor === undefined || typeof descriptor.value === 'function') continue;
      if (descriptor.get === undefined && !('value' in descriptor)) continue;
      add(key, false);
    }
  }
  return [...found.values()].filter(({ value, enumerable }) => enumerable || isData(value));
}

/** Whether the other side can have the same symbol. */
function isShared(key: symbol): boolean {
  return wellKnown.has(key) || Symbol.keyFor(key) !== undefined;
}

/** A function or `undefined` says nothing where it is out of sight. */
function isData(value: unknown): boolean {
  return value !== undefined && typeof value !== 'function';
}

/** The prototypes up to the first that both sides have. */
function ownPrototypes(error: object): object[] {
  const prototypes: object[] = [];
  let prototype = attempt(() => Object.getPrototypeOf(error) as object | null) ?? null;
  while (prototype !== null && prototypes.length < MAX_DEPTH && nameOfShared(prototype) === undefined) {
    // One that every object has is no class of errors.
    if (prototype === Object.prototype) return prototypes;
    prototypes.push(prototype);
    const below: object = prototype;
    prototype = attempt(() => Object.getPrototypeOf(below) as object | null) ?? null;
  }
  return prototypes;
}

const wellKnown = new Map<symbol, string>(
  Object.getOwnPropertyNames(Symbol).flatMap((name) => {
    const value: unknown = (Symbol as unknown as Record<string, unknown>)[name];
    return typeof value === 'symbol' ? [[value, name] as const] : [];
  }),
);

/** @returns the key as it travels */
export function nameOf(key: PropertyKey): PropertyName {
  if (typeof key !== 'symbol') return String(key);
  const name = wellKnown.get(key);
  if (name !== undefined) return { symbol: 'well-known', name };
  const registered = Symbol.keyFor(key);
  return registered === undefined
    ? { symbol: 'own', name: key.description ?? '' }
    : { symbol: 'registered', name: registered };
}

/**
 * The key of a name. A symbol that is neither well-known nor registered comes as another one of that
 * description.
 */
export function keyOf(name: PropertyName): PropertyKey {
  if (typeof name === 'string') return name;
  switch (name.symbol) {
    case 'well-known':
      return (Symbol as unknown as Record<string, symbol>)[name.name] ?? Symbol(name.name);
    case 'registered':
      return Symbol.for(name.name);
    case 'own':
      return Symbol(name.name);
  }
}
