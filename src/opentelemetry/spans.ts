/**
 * A span for each request, from submit to its end. Its parent is the span in which it was submitted, to which
 * it has a link as well: the request of a `map` may carry items of a caller that has gone on.
 */
import type { Span, Tracer } from '@opentelemetry/api';
import { attempt, messageOf } from '../errors/printing.js';
import {
  IdleObserver,
  type ObservedRequest,
  type ObservedRun,
  type ObservedWorker,
  type Thrown,
} from '../ledger/observer.js';
import type { RequestOutcome } from '../ledger/outcome.js';
import type { Carrier } from '../protocol/messages.js';
import type { Api } from './api.js';
import type { CallSdk } from './guarded-observer.js';
import { inject } from './traceparent.js';

export class Spans extends IdleObserver {
  readonly #api: Api;
  readonly #tracer: Tracer;
  readonly #pool: string;
  readonly #call: CallSdk;
  readonly #open = new Map<ObservedRequest, Span>();
  /** What travels with the request that is just being submitted, and is filled when its span is there. */
  #carrier: Record<string, string> | undefined;

  constructor(api: Api, tracer: Tracer, pool: string, call: CallSdk) {
    super();
    this.#api = api;
    this.#tracer = tracer;
    this.#pool = pool;
    this.#call = call;
  }

  /** Called in `submit`, right before `submitted`. */
  readonly capture = (): Carrier => {
    this.#carrier = {};
    return this.#carrier;
  };

  override submitted(request: ObservedRequest): void {
    const { context, trace, SpanKind } = this.#api;
    const active = context.active();
    const caller = trace.getSpanContext(active);
    const span = this.#tracer.startSpan(
      request.task.name,
      {
        kind: SpanKind.INTERNAL,
        links: caller === undefined ? [] : [{ context: caller }],
        attributes: {
          'leastwork.pool.name': this.#pool,
          'leastwork.task.name': request.task.name,
          'leastwork.request.id': request.id,
          ...(request.items > 1 && { 'leastwork.request.items': request.items }),
        },
      },
      active,
    );
    this.#open.set(request, span);
    const carrier = this.#carrier;
    this.#carrier = undefined;
    if (carrier !== undefined) inject(this.#api, trace.setSpan(active, span), carrier);
  }

  override ran(request: ObservedRequest, { id }: ObservedWorker, run: ObservedRun): void {
    const span = this.#open.get(request);
    if (span === undefined) return;
    const { startedAt, runTime } = run;
    span.setAttribute('leastwork.worker.id', id);
    span.setAttribute('leastwork.request.run_time', runTime / 1000);
    if (request.queuedAt === undefined) return;
    span.setAttribute('leastwork.request.wait_time', (startedAt - request.queuedAt) / 1000);
  }

  override settled(request: ObservedRequest, outcome: RequestOutcome, thrown: Thrown | undefined): void {
    const span = this.#open.get(request);
    if (span === undefined) return;
    this.#open.delete(request);
    try {
      span.setAttribute('leastwork.request.outcome', outcome);
      // To leave a loop over `map` or `stream` gives requests up, and is no error.
      if (thrown !== undefined) this.#failed(span, thrown.error);
    } finally {
      span.end();
    }
  }

  /** Ends all spans that are open. */
  stop(): void {
    for (const span of this.#open.values()) this.#call(() => span.end());
    this.#open.clear();
  }

  #failed(span: Span, error: unknown): void {
    const { SpanStatusCode } = this.#api;
    span.setAttribute('error.type', typeOf(error));
    span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error ?? '') });
    if (attempt(() => error instanceof Error) === true) span.recordException(error as Error);
  }
}

/** What kind of error it is. The reason of an abort may be anything, and resist being looked at. */
function typeOf(error: unknown): string {
  const given = attempt(() => {
    if (!(error instanceof Error)) return undefined;
    const { code, name } = error as { readonly code?: unknown; readonly name: unknown };
    return typeof code === 'string' ? code : name;
  });
  return typeof given === 'string' ? given : '_OTHER';
}
