/** A pull iterator of what becomes of a source's items. It opens and closes the source, and an abort ends it. */
import { errorOfIteration } from '../errors/async-stack.js';
import { fromProgram } from '../errors/checked.js';
import { BalancerClosedError } from '../errors/errors.js';
import { listenToAbort, unlistenToAbort } from '../requests/abort-listeners.js';
import type { MapSource } from './map-source.js';
import type { OpenLoops } from './open-loops.js';
import { PullIterator } from './pull-iterator.js';

export abstract class SourceIterator extends PullIterator {
  protected readonly source: MapSource;
  /** The error of the source, while outcomes are to come before it. */
  protected sourceError: { readonly error: unknown } | undefined;
  /** A task has failed, and its error ends the iteration after the outcomes before it. */
  protected isFailing = false;
  readonly #signal: AbortSignal | undefined;
  #closed: Promise<unknown> | undefined;

  constructor(loops: OpenLoops, source: MapSource, signal: AbortSignal | undefined) {
    super(loops);
    this.source = source;
    this.#signal = signal;
  }

  /** What the error says that ends it where no item is taken any more; `undefined`: that the Balancer is closed. */
  protected get closedMessage(): string | undefined {
    return undefined;
  }

  /** Why nothing can be begun, as an error, if so. */
  protected get refusal(): Error | undefined {
    return undefined;
  }

  protected override begin(): void {
    if (this.#signal?.aborted === true) {
      this.end({ error: this.#signal.reason });
      return;
    }
    const { refusal } = this;
    if (refusal !== undefined) {
      this.end({ error: fromProgram(refusal) });
      return;
    }
    if (this.#signal !== undefined) listenToAbort(this.#signal, this.#onAbort);
    try {
      this.source.open();
    } catch (error) {
      this.end({ error });
    }
  }

  protected override async leave(): Promise<void> {
    const wasEnded = this.state === 'ended';
    this.end();
    try {
      await this.#closed;
    } catch (error) {
      if (!wasEnded) throw error;
    }
  }

  /** No item is taken any more: outcomes of earlier items are given, and then the error. */
  override shut(): void {
    this.hurry();
    if (this.state !== 'running' || this.source.isOver || this.isFailing) return;
    void this.source.close();
    this.source.end();
    this.sourceFailed(errorOfIteration(() => new BalancerClosedError(this.closedMessage)));
  }

  /** The outcomes of the items that the source gave before come first. */
  abstract sourceFailed(error: unknown): void;

  /**
   * To be called by `clear`, which returns the result.
   * @param isAwaited an item has been asked for and has not come
   */
  protected closeSource(isAwaited: boolean): Promise<unknown> | undefined {
    const closed = this.source.close();
    // A source that has just been asked for an item may take forever.
    this.#closed = isAwaited ? undefined : closed;
    // So may its end: until then an abort still ends the wait.
    if (this.#closed === undefined) this.#unlisten();
    else this.#closed.then(this.#unlisten, this.#unlisten);
    return this.#closed;
  }

  readonly #onAbort = (): void => this.endNow({ error: this.#signal?.reason });

  readonly #unlisten = (): void => {
    if (this.#signal !== undefined) unlistenToAbort(this.#signal, this.#onAbort);
  };
}
