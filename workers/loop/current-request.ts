/** The request that this thread runs, as its task sees it through `leastwork/task`. */
import type { Window } from '../../src/protocol/window.js';
import { enter, type RequestContext } from '../task.js';

export class CurrentRequest implements RequestContext {
  readonly #window: Window;
  readonly #progress: (id: number, value: unknown) => void;
  #id = 0;
  #value: unknown;
  #controller: AbortController | undefined;
  #reason: unknown;
  #isEntered = false;

  constructor(window: Window, progress: (id: number, value: unknown) => void) {
    this.#window = window;
    this.#progress = progress;
  }

  /** A request starts. Its signal is made when the task asks for it. */
  begin(id: number, value: unknown): void {
    this.#id = id;
    this.#value = value;
    this.#controller = undefined;
    this.#reason = undefined;
  }

  /** Code that runs from now on belongs to the request. */
  enter(): void {
    if (this.#isEntered) return;
    this.#isEntered = true;
    enter(this);
  }

  /**
   * Code that runs from now on belongs to no request. Not needed between two that follow each other, since
   * nothing else runs there.
   */
  leave(): void {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    enter(undefined);
    this.begin(0, undefined);
  }

  /** The main thread asks it to stop, by message: fires the signal's event. */
  abort(id: number, reason: unknown): void {
    if (id !== this.#id) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }

  get requestId(): number {
    return this.#id;
  }

  get value(): unknown {
    return this.#value;
  }

  get signal(): AbortSignal {
    this.#controller ??= this.#makeController();
    return this.#controller.signal;
  }

  progress(value: unknown): void {
    this.#progress(this.#id, value);
  }

  #makeController(): AbortController {
    const id = this.#id;
    const controller = new AbortController();
    const { signal } = controller;
    const window = this.#window;
    if (this.#reason !== undefined) controller.abort(this.#reason);
    // A synchronous task never turns its event loop and so hears no message. Shared memory says it as well.
    const look = () => {
      if (!isAborted.call(signal) && window.marks.isCancelled(id)) {
        controller.abort(new DOMException('This operation was aborted', 'AbortError'));
      }
    };
    const aborted = () => {
      look();
      return isAborted.call(signal);
    };
    const throwIfAborted = () => {
      look();
      AbortSignal.prototype.throwIfAborted.call(signal);
    };
    // A descriptor with a prototype would inherit what that has been polluted with.
    Object.defineProperty(signal, 'aborted', { __proto__: null, get: aborted } as PropertyDescriptor);
    Object.defineProperty(signal, 'throwIfAborted', {
      __proto__: null,
      value: throwIfAborted,
    } as PropertyDescriptor);
    return controller;
  }
}

const isAborted = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted')!.get as () => boolean;
