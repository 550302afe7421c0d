/** Thrown values as plain data, in which form they go from thread to thread. Used by both sides. */

/** A thrown value, as plain data that structured clone always takes. */
export type Failure = ErrorFailure | ValueFailure | OpaqueFailure | BufferFailure | ContainerFailure;

/** A part of a value. Primitives stand for themselves, so that long lists of them stay short. */
export type Part = Failure | Primitive;

export type Primitive = string | number | bigint | boolean | null | undefined;

export interface ErrorFailure {
  readonly kind: 'error';
  /** Nearest class on the prototype chain that both sides have, as in `TypeError`. */
  readonly class: string;
  readonly name: string;
  readonly message: string;
  /** The stack where it was thrown, if it was a string. */
  readonly stack: string | undefined;
  /** Own enumerable properties. */
  readonly own: Record<string, Part>;
  /** Other properties: not enumerable, under symbols, or kept by the class on its prototype. */
  readonly others: OtherProperty[];
  cause: Failure | undefined;
  errors: Part[] | undefined;
}

export interface OtherProperty {
  readonly key: PropertyName;
  readonly value: Part;
  readonly enumerable: boolean;
}

/**
 * A string stands for itself; a symbol goes by the name of a well-known one, or by its key or description.
 */
export type PropertyName =
  | string
  | { readonly symbol: 'well-known' | 'registered' | 'own'; readonly name: string };

/** A value that structured clone takes as it is: a primitive, a Date, bytes. */
export interface ValueFailure {
  readonly kind: 'value';
  readonly value: unknown;
}

/** A value that cannot be sent, in print. */
export interface OpaqueFailure {
  readonly kind: 'opaque';
  readonly text: string;
}

/** A Buffer, of which structured clone would make a Uint8Array. */
export interface BufferFailure {
  readonly kind: 'buffer';
  readonly bytes: Uint8Array;
}

/** An array, plain object, Map or Set: its parts may be errors, of which structured clone keeps little. */
export interface ContainerFailure {
  readonly kind: 'list' | 'record' | 'map' | 'set';
  /** One for each part of a record or Map; else empty. */
  readonly keys: Part[];
  readonly parts: Part[];
}
