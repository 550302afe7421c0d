/**
 * What runs a batch elsewhere, as a Cluster does: by a registered symbol, so that neither has to load the
 * other.
 */
import type { MapOutcome } from '../options/outcome.js';

/** Results as texts, of which lines are made: none, one, or several. */
export type Texts = string | undefined | readonly string[];

/** The property of what runs batches on other machines. */
export const textMapper: unique symbol = Symbol.for('leastwork.textMapper') as never;

/** Runs functions that machines have, and gives their results as texts. */
export interface TextMapper {
  /** @throws LocalOnlyError, NotAFunctionError the machines cannot have this function */
  mustBeRemote(task: (item: never) => unknown): void;
  /** Resolves when a machine has answered that it serves the function; rejects if none does. */
  served(task: (item: never) => unknown): Promise<void>;
  /**
   * Runs the function for each item. Outcomes come in any order; what concerns all items is thrown.
   * @param options `timeout`: longest run of an item, in ms; 0: none
   */
  map(
    source: AsyncIterable<unknown>,
    task: (item: never) => unknown,
    options: { readonly timeout: number; readonly signal: AbortSignal },
  ): AsyncIterable<MapOutcome<unknown, Texts>>;
}

/** What has a `TextMapper`: a Cluster. */
export interface RemoteRunner {
  readonly [textMapper]: TextMapper;
}

export function textMapperOf(runner: unknown): TextMapper | undefined {
  return (runner as Partial<RemoteRunner> | null | undefined)?.[textMapper];
}
