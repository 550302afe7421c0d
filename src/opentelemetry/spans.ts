/**
 * A span for each request, from submit to its end. Its parent is the span in which it was submitted, to which
 * it has a link as well: the request of a `map` may carry items of a caller that has gone on.
 */
import type { Span, Tracer } from '@opentelemetry/api';
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
import { inject } from './traceparent.js';

export class Spans extends IdleObserver {
  readonly #api: Api;
  readonly #tracer: Tracer;
  readonly #pool: string;
  readonly #open = new Map<ObservedRequest, Span>();
  /** What travels with the request that is just being submitted, and is filled when its span is there. */
  #carrier: Record<string, string> | undefined;

  constructor(api: Api, tracer: Tracer, pool: string) {
    super();
    this.#api = api;
    this.#tracer = tracer;
    this.#pool = pool;
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
    span.setAttribute('leastwork.request.outcome', outcome);
    // To leave a loop over `map` or `stream` gives requests up, and is no error.
    if (thrown !== undefined) this.#failed(span, thrown.error);
    span.end();
  }

  /** Ends all spans that are open. */
  stop(): void {
    for (const span of this.#open.values()) span.end();
    this.#open.clear();
  }

  #failed(span: Span, error: unknown): void {
    const { SpanStatusCode } = this.#api;
    if (error instanceof Error) {
      span.recordException(error);
      const { code } = error as { code?: unknown };
      span.setAttribute('error.type', typeof code === 'string' ? code : error.name);
    } else {
      span.setAttribute('error.type', '_OTHER');
    }
    span.setStatus({
      code: SpanStatusCode.ERROR,
      message: error instanceof Error ? error.message : String(error ?? ''),
    });
  }
}
