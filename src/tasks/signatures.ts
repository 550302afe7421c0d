/**
 * How arguments and results of `submit`, `map` and `stream` follow from the task: types only.
 *
 * One signature cannot do it. Where the function's parameters have no types of their own, `(a, b) => a + b`, they must
 * come from the arguments; where the function is generic, the arguments decide as well; where it is overloaded, only a
 * look at each of its signatures helps. So `submit` has one signature for each, the likeliest first: `SubmitBare`,
 * `SubmitWith` and `SubmitOverloaded` are their parameters. (`Balancer.submit` names its own: documentation of single
 * parameters is shown for such only.)
 */

// biome-ignore lint/suspicious/noExplicitAny: any function whatever, as only `any` allows
export type AnyTask = (...args: any[]) => any;

/**
 * The signatures of a function as `[parameters, result]`, overloads included, up to six; the missing ones have
 * `unknown[]` as their parameters.
 */
type Signatures<F> = F extends {
  (...args: infer A1): infer R1;
  (...args: infer A2): infer R2;
  (...args: infer A3): infer R3;
  (...args: infer A4): infer R4;
  (...args: infer A5): infer R5;
  (...args: infer A6): infer R6;
}
  ? [A1, R1] | [A2, R2] | [A3, R3] | [A4, R4] | [A5, R5] | [A6, R6]
  : never;

type ParametersOfEach<S> = S extends [infer A extends unknown[], unknown]
  ? unknown[] extends A
    ? never
    : readonly [...A]
  : never;

type ResultOfMatching<S, A> = S extends [infer P extends unknown[], infer R]
  ? unknown[] extends P
    ? never
    : A extends readonly [...P]
      ? R
      : never
  : never;

/** The parameters of any of a function's overloads. */
export type OverloadParameters<F> = ParametersOfEach<Signatures<F>>;

/** The result of those of a function's overloads that take these arguments. */
export type OverloadResult<F, A> = ResultOfMatching<Signatures<F>, A>;

/** `submit` of a function that can do without arguments. */
export type SubmitBare<R, Options> = [task: () => R, args?: readonly [], options?: Options];

/** `submit` of a function and its arguments: either may give the other its types. */
export type SubmitWith<A extends unknown[], R, Options> = [
  task: (...args: A) => R,
  args: readonly [...A],
  options?: Options,
];

/** `submit` of an overloaded function, and arguments that one of its signatures takes. */
export type SubmitOverloaded<F extends AnyTask, A extends OverloadParameters<F>, Options> = [
  task: F,
  args: A,
  options?: Options,
];

/** `submit`, for any of its options. */
export interface Submit<Options> {
  <R>(...call: SubmitBare<R, Options>): Promise<Awaited<R>>;
  <A extends unknown[], R>(...call: SubmitWith<A, R, Options>): Promise<Awaited<R>>;
  <F extends AnyTask, const A extends OverloadParameters<F>>(
    ...call: SubmitOverloaded<F, A, Options>
  ): Promise<Awaited<OverloadResult<F, A>>>;
}

/** What a task may give to be streamed: a generator's or any other iterable object's values; not a string's letters. */
export type Streamed<T> = Values<T> | PromiseLike<Values<T>>;

type Values<T> = (Iterable<T> & object) | (AsyncIterable<T> & object);

/** `stream`, for any of its options. */
export interface Stream<Options> {
  <T>(...call: SubmitBare<Streamed<T>, Options>): AsyncGenerator<Awaited<T>, void, undefined>;
  <A extends unknown[], T>(
    ...call: SubmitWith<A, Streamed<T>, Options>
  ): AsyncGenerator<Awaited<T>, void, undefined>;
}
