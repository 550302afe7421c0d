/** A trace while it is written: what `balancer.trace` gives. */
import { BalancerError } from '../errors/errors.js';
import type { Observer } from '../ledger/observer.js';
import { type TraceOptions, traceOptions } from './options.js';
import { TraceFile } from './trace-file.js';
import { type TracedState, Tracer } from './tracer.js';

/** What a trace needs of a Balancer. */
export interface Traced {
  readonly name: string;
  /** Tells the observer from now on what happens. @returns ends that */
  observe(observer: Observer): () => void;
  /** Calls the listener when the Balancer is closed. @returns it will not be called any more */
  onClosed(listener: () => void): () => void;
}

/**
 * A running trace. It ends with `stop`, with the Balancer, or when its file cannot be written any more: then
 * the process gets a warning. A process that is killed leaves a file that can be opened.
 */
export class Trace {
  /** As it was given. */
  readonly file: string | URL;
  readonly #output: TraceFile;
  readonly #end: () => void;

  /**
   * @param state the state of the Balancer now
   * @throws InvalidOptionError
   * @throws BalancerError with code `ERR_TRACE_FILE`: the file cannot be created, or another trace writes it
   */
  constructor(given: string | URL | TraceOptions, traced: Traced, state: () => TracedState) {
    const { file, arrows } = traceOptions(given);
    this.file = file;
    try {
      this.#output = new TraceFile(file, (error) => warn(file, error));
    } catch (cause) {
      throw fileError(`it cannot have the file '${file}'`, cause);
    }
    const tracer = new Tracer(traced.name, this.#output, arrows, state);
    const unobserve = traced.observe(tracer);
    const forget = traced.onClosed(() => this.#end());
    this.#end = () => {
      unobserve();
      forget();
      tracer.stop();
    };
  }

  /**
   * Ends the trace. Runs that go on end in it here. Can be called repeatedly.
   * @throws BalancerError with code `ERR_TRACE_FILE`: the file could not be written to its end
   */
  async stop(): Promise<void> {
    this.#output.onError = undefined;
    this.#end();
    if (this.#output.error !== undefined)
      throw fileError('its file could not be written', this.#output.error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Nobody may ever call `stop`. */
function warn(file: string | URL, error: unknown): void {
  const { message, code } = fileError(`the file '${file}' could not be written, and ends early`, error);
  process.emitWarning(message, { code });
}

function fileError(what: string, cause: unknown): BalancerError {
  return new BalancerError('ERR_TRACE_FILE', `the trace: ${what}: ${(cause as Error).message}`, { cause });
}
