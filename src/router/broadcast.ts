/** `Router.broadcast`: one task on the workers of several Balancers. */

import { fromProgram } from '../errors/checked.js';
import { InvalidOptionError } from '../errors/errors.js';
import type { BroadcastOptions } from '../options/broadcast.js';
import type { BroadcastOutcome } from '../pool/broadcasts.js';
import type {
  AnyTask,
  OverloadParameters,
  OverloadResult,
  SubmitBare,
  SubmitOverloaded,
  SubmitWith,
} from '../tasks/signatures.js';

/** Type of `broadcast`. */
export interface Broadcast {
  <R>(...call: SubmitBare<R, BroadcastOptions>): Promise<BroadcastOutcome<Awaited<R>>[]>;
  <A extends unknown[], R>(
    ...call: SubmitWith<A, R, BroadcastOptions>
  ): Promise<BroadcastOutcome<Awaited<R>>[]>;
  <F extends AnyTask, const A extends OverloadParameters<F>>(
    ...call: SubmitOverloaded<F, A, BroadcastOptions>
  ): Promise<BroadcastOutcome<Awaited<OverloadResult<F, A>>>[]>;
}

/** Where an outcome of a Router's `broadcast` comes from. */
export interface Routed {
  /** The first pattern that leads to the worker's Balancer; through a nested Router `'image/* > *'`. */
  readonly route: string;
}

/** What became of a Router's broadcast on one worker. Ids and slots are those within its Balancer. */
export type RoutedOutcome<R> = BroadcastOutcome<R> & Routed;

type Receiver = { readonly broadcast?: Broadcast };

/**
 * Runs the task on all workers of all targets, each of which is asked once.
 * @throws InvalidOptionError a target has no `broadcast`; then nobody has been asked
 * @throws the error of the first target that has refused, after all others have run it
 */
export async function broadcastToAll(
  routes: ReadonlyMap<string, Receiver>,
  task: AnyTask,
  args: readonly unknown[] | undefined,
  options: BroadcastOptions | undefined,
): Promise<RoutedOutcome<unknown>[]> {
  const patterns = new Map<Receiver, string>();
  for (const [pattern, target] of routes) {
    if (typeof target.broadcast !== 'function')
      throw new InvalidOptionError(
        'Router broadcast',
        `the route '${pattern}', whose target has no broadcast`,
        'Balancers everywhere; call router.route(task).broadcast(…) for one of them',
      );
    if (!patterns.has(target)) patterns.set(target, pattern);
  }
  const runs = Array.from(patterns, async ([target, pattern]) => {
    const outcomes = await (target as Required<Receiver>).broadcast(task, args as never, options);
    return outcomes.map((outcome) => ({ ...outcome, route: routeOf(pattern, outcome) }));
  });
  const ends = await Promise.allSettled(runs);
  return ends.flatMap((end) => {
    if (end.status === 'rejected') throw fromProgram(end.reason);
    return end.value;
  });
}

/** Outcomes of a nested Router have a route already. */
function routeOf(pattern: string, outcome: object): string {
  const { route } = outcome as Partial<Routed>;
  return route === undefined ? pattern : `${pattern} > ${route}`;
}
