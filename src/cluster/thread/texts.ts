/**
 * A function of a served module, with its result as texts: so that any result is written as on one machine.
 */
import { loadExport } from '../../../workers/functions/module.js';
import type { Texts } from '../../batch/remote.js';
import { textsOf } from '../../batch/thread/results.js';

/** A function, and the item that it is called with. */
export interface TextCall {
  readonly name: string;
  readonly url: string;
  readonly base: string;
  readonly path: readonly string[];
  readonly item: unknown;
}

/** @throws TaskNotFoundError; whatever the function throws */
export function callForTexts({ item, ...address }: TextCall): Texts | Promise<Texts> {
  const fn = loadExport({ kind: 'module', ...address, id: 0 });
  return typeof fn === 'function' ? textsOf(fn(item)) : fn.then((loaded) => textsOf(loaded(item)));
}
