/**
 * Types only: how arguments and results of `submit`, `map` and `stream` follow from the task.
 *
 * One signature is not enough. If the function's parameters have no types, `(a, b) => a + b`, they must be
 * inferred from the arguments; the arguments also decide if the function is generic; if it is overloaded,
 * each of its signatures has to be tried. So `submit` has one signature for each case, the most frequent one
 * first: `SubmitBare`, `SubmitWith` and `SubmitOverloaded` are their parameters. (`Balancer.submit` repeats
 * them with named parameters, since editors show the documentation only of those.)
 */

// biome-ignore lint/suspicious/noExplicitAny: any function whatever, as only `any` allows
export type AnyTask = (...args: any[]) => any;

/**
 * Up to six signatures of an overloaded function, as `[parameters, result]`. If it has fewer, the others have
 * the parameters `unknown[]`.
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

/** The parameters of a function's overloads, as a union. */
export type OverloadParameters<F> = ParametersOfEach<Signatures<F>>;

/** The result of the overloads that accept these arguments. */
export type OverloadResult<F, A> = ResultOfMatching<Signatures<F>, A>;

/** Parameters of `submit` for a function that can be called without arguments. */
export type SubmitBare<R, Options> = [task: () => R, args?: readonly [], options?: Options];

/** Parameters of `submit` for a function with arguments: the types of one may be inferred from the other. */
export type SubmitWith<A extends unknown[], R, Options> = [
  task: (...args: A) => R,
  args: readonly [...A],
  options?: Options,
];

/** Parameters of `submit` for an overloaded function, with arguments that one of its signatures accepts. */
export type SubmitOverloaded<F extends AnyTask, A extends OverloadParameters<F>, Options> = [
  task: F,
  args: A,
  options?: Options,
];

/** The signatures of `submit`. */
export interface Submit<Options> {
  <R>(...call: SubmitBare<R, Options>): Promise<Awaited<R>>;
  <A extends unknown[], R>(...call: SubmitWith<A, R, Options>): Promise<Awaited<R>>;
  <F extends AnyTask, const A extends OverloadParameters<F>>(
    ...call: SubmitOverloaded<F, A, Options>
  ): Promise<Awaited<OverloadResult<F, A>>>;
}

/** Results that can be streamed: generators and other iterable objects, but not strings. */
export type Streamed<T> = Values<T> | PromiseLike<Values<T>>;

type Values<T> = (Iterable<T> & object) | (AsyncIterable<T> & object);

/** The signatures of `stream`. */
export interface Stream<Options> {
  <T>(...call: SubmitBare<Streamed<T>, Options>): AsyncGenerator<Awaited<T>, void, undefined>;
  <A extends unknown[], T>(
    ...call: SubmitWith<A, Streamed<T>, Options>
  ): AsyncGenerator<Awaited<T>, void, undefined>;
}
