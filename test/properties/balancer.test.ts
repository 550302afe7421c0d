import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { Balancer, type PolicyName, type SubmitOptions } from 'leastwork';
import { describe, expect, it } from 'vitest';

/** A kind of request: submits number n of it and gives what must come of it. */
type Kind = (
  balancer: Balancer,
  n: number,
  options: SubmitOptions,
) => [Promise<unknown>, PromiseSettledResult<unknown>];

const resolves = (value: unknown): PromiseSettledResult<unknown> => ({ status: 'fulfilled', value });
const rejects = (reason: unknown): PromiseSettledResult<unknown> => ({ status: 'rejected', reason });

const kinds = {
  inSlot: (b, n, o) => [b.submit((v) => v + 1, [n], o), resolves(n + 1)],
  text: (b, n, o) => [
    b.submit((a, c) => `${a}${c}`, ['\u00e9\u4e00'.repeat(n % 50), n] as const, o),
    resolves(`${'\u00e9\u4e00'.repeat(n % 50)}${n}`),
  ],
  object: (b, n, o) => [
    b.submit((v) => ({ list: [...v.list, 1] }), [{ list: [n] }], o),
    resolves({ list: [n, 1] }),
  ],
  buffer: (b, n, o) => [
    b.submit((v) => v.subarray(1), [Buffer.alloc(1 + (n % 600), n)], o),
    resolves(Buffer.alloc(n % 600, n)),
  ],
  large: (b, n, o) => [b.submit((v) => v.length, ['x'.repeat(20_000 + n)], o), resolves(20_000 + n)],
  transferred: (b, n, o) => {
    const bytes = new Uint8Array(300).fill(n);
    return [b.submit((v) => v[299], [bytes], { ...o, transfer: [bytes.buffer] }), resolves(n % 256)];
  },
  async: (b, n, o) => [b.submit(async (v) => await Promise.resolve(v), [n], o), resolves(n)],
  throws: (b, n, o) => [
    b.submit((v) => Promise.reject(Object.assign(new RangeError('no'), { v })), [n], o),
    rejects(expect.objectContaining({ name: 'RangeError', v: n })),
  ],
  uncloneable: (b, n, o) => [
    b.submit((v: unknown) => v, [[n, () => n]], o),
    rejects(expect.objectContaining({ code: 'ERR_NOT_CLONEABLE', path: 'arguments[0][1]' })),
  ],
  badResult: (b, n, o) => [
    b.submit((v) => [v, Symbol.iterator], [n], o),
    rejects(expect.objectContaining({ code: 'ERR_NOT_CLONEABLE', path: 'the result[1]' })),
  ],
  fresh: (b, n, o) => [b.submit(new Function(`return ${n}`) as () => number, [], o), resolves(n)],
  spin: (b, n, o) => [
    b.submit(
      (ms, v) => {
        const end = performance.now() + ms;
        while (performance.now() < end);
        return v;
      },
      [n % 7 === 0 ? 4 : 0.3, n],
      o,
    ),
    resolves(n),
  ],
} satisfies Record<string, Kind>;

const policies: PolicyName[] = [
  'least-pending',
  'least-work',
  'round-robin',
  'power-of-two',
  'hash',
  'rendezvous',
  'peak-ewma',
  'weighted-by-load',
  'pick-first',
];

const request = fc.record({
  kind: fc.constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[])),
  priority: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, fc.constantFrom(-1, 1, 0.5)),
  key: fc.constantFrom(undefined, 'a', 'b', 'c'),
  /** After how many turns of the event loop it is aborted, if at all. */
  abort: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, fc.nat(4)),
  /** Whether the event loop turns before the next one. */
  pause: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, fc.constant(true)),
});

const scenario = fc.record({
  workers: fc.integer({ min: 1, max: 3 }),
  window: fc.constantFrom(1, 2, 16, 'auto' as const),
  windowBytes: fc.constantFrom(1, 30_000, 4_000_000),
  policy: fc.constantFrom(...policies),
  requests: fc.array(request, { minLength: 50, maxLength: 400 }),
});

describe('a Balancer', () => {
  it('gives each request its own outcome, whatever the mixture, the windows and the policy', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ requests, ...options }) => {
        const balancer = new Balancer({ ...options, grace: Number.POSITIVE_INFINITY });
        const outcomes: [Promise<unknown>, PromiseSettledResult<unknown>, boolean][] = [];
        for (const [n, { kind, priority, key, abort, pause }] of requests.entries()) {
          const control = new AbortController();
          const submitOptions: SubmitOptions = { priority, key };
          if (abort !== undefined) submitOptions.signal = control.signal;
          const isPlain = abort === undefined && priority === undefined && key === undefined;
          const [promise, expected] = kinds[kind](
            balancer,
            n,
            isPlain ? (undefined as never) : submitOptions,
          );
          promise.catch(() => {});
          outcomes.push([promise, expected, abort !== undefined]);
          if (abort !== undefined) {
            void (async () => {
              for (let i = 0; i < abort; i++) await turn();
              control.abort('aborted');
            })();
          }
          if (pause) await turn();
        }
        const settled = await Promise.allSettled(outcomes.map(([promise]) => promise));
        for (const [i, outcome] of settled.entries()) {
          const [, expected, mayAbort] = outcomes[i]!;
          if (mayAbort && outcome.status === 'rejected' && outcome.reason === 'aborted') continue;
          expect(outcome).toEqual(expected);
        }
        await balancer.close();
        expect(balancer.stats()).toMatchObject({ queued: 0, pending: 0, submitted: requests.length });
      }),
      { numRuns: 25 },
    );
  }, 120_000);
});
