/** What was thrown, as plain data: the form in which it goes from one thread to the other. Used by both sides. */

/** What a task threw, as plain data that structured clone always takes. */
export type Failure = ErrorFailure | ValueFailure | OpaqueFailure | BufferFailure | ContainerFailure;

/** A part of something: primitives stand for themselves, so that long lists of them stay short. */
export type Part = Failure | Primitive;

export type Primitive = string | number | bigint | boolean | null | undefined;

/** Something that is an error. */
export interface ErrorFailure {
  readonly kind: 'error';
  /** Nearest class on the prototype chain that both sides have, as in `TypeError`. */
  readonly class: string;
  readonly name: string;
  readonly message: string;
  /** The stack where it was thrown, if it was a string. */
  readonly stack: string | undefined;
  /** Own enumerable properties, and those of `cause` and `errors` that exist. */
  readonly own: Record<string, Part>;
  cause: Failure | undefined;
  errors: Part[] | undefined;
}

/** Something that structured clone takes as it is: a primitive, a Date, bytes. */
export interface ValueFailure {
  readonly kind: 'value';
  readonly value: unknown;
}

/** Something that cannot be sent: its printed form. */
export interface OpaqueFailure {
  readonly kind: 'opaque';
  readonly text: string;
}

/** A Buffer, of which structured clone would make a Uint8Array. */
export interface BufferFailure {
  readonly kind: 'buffer';
  readonly bytes: Uint8Array;
}

/** An array, an object without a class, a Map or a Set: its parts may be errors, of which structured clone keeps little. */
export interface ContainerFailure {
  readonly kind: 'list' | 'record' | 'map' | 'set';
  /** Of a record and of a Map: one for each part. */
  readonly keys: Part[];
  readonly parts: Part[];
}
