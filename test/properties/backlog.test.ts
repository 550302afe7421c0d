import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backlog } from '../../dist/src/requests/backlog.js';
import type { Request } from '../../dist/src/requests/request.js';

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('push' as const), count: fc.nat(40), seed: fc.nat() }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('shift' as const), count: fc.nat(30) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove' as const), at: fc.nat(10_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('take all' as const) }) },
);

const SESSIONS = [1, 2].map(() => ({ bind: () => undefined, settled() {} }));

/** One request, as the backlog sees it, and what it counts as. */
interface Entry {
  readonly request: Request;
  readonly priority: number;
}

/** What leaves next: the most urgent, of these the one that came first. */
function next(list: readonly Entry[]): Entry | undefined {
  return list.reduce<Entry | undefined>(
    (best, entry) => (best === undefined || entry.priority > best.priority ? entry : best),
    undefined,
  );
}

describe('a backlog', () => {
  it.each([
    ['of one priority', 1],
    ['of several priorities', 4],
  ])('%s is a list, the most urgent first, from which anything can be taken', (_, priorities) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), fc.boolean(), (steps, startsLong) => {
        const backlog = new Backlog();
        const list: Entry[] = [];
        let id = 0;
        const push = (count: number, seed = 0): void => {
          for (let i = 0; i < count; i++) {
            const random = (Math.imul(id + seed, 0x9e3779b1) >>> 8) % (3 * priorities);
            const session = SESSIONS[Math.floor(random / priorities)];
            const request = { id: id++, priority: random % priorities, extras: { session } };
            const before = list.filter((other) => session && other.request.extras?.session === session);
            const priority = Math.min(request.priority, before.at(-1)?.priority ?? request.priority);
            const entry = { request: request as unknown as Request, priority };
            const isFirst = list.every((other) => request.priority > other.priority);
            expect(backlog.lets(entry.request)).toBe(isFirst && before.length === 0);
            backlog.push(entry.request);
            list.push(entry);
          }
        };
        const remove = (entry: Entry): void => {
          list.splice(list.indexOf(entry), 1);
          expect(backlog.remove(entry.request)).toBe(true);
          expect(backlog.remove(entry.request)).toBe(false);
        };
        // Long enough for its list to be made anew.
        if (startsLong) {
          push(2_000);
          while (list.length > 100) remove(list[list.length >> 1] as Entry);
        }
        for (const each of steps) {
          if (each.kind === 'push') push(each.count, each.seed);
          else if (each.kind === 'remove') {
            if (list.length > 0) remove(list[each.at % list.length] as Entry);
          } else if (each.kind === 'take all') {
            expect(backlog.takeAll()).toEqual(list.splice(0).map(({ request }) => request));
          } else {
            for (let i = 0; i < each.count; i++) {
              const entry = next(list);
              if (entry !== undefined) list.splice(list.indexOf(entry), 1);
              expect(backlog.shift()).toBe(entry?.request);
            }
          }
          expect(backlog.length).toBe(list.length);
          expect(backlog.first).toBe(next(list)?.request);
          expect(backlog.oldest).toBe(list[0]?.request);
        }
        expect([...backlog]).toEqual(list.map(({ request }) => request));
      }),
      { numRuns: 40 },
    );
  });

  it('of a session: one that is withdrawn makes those behind it no less urgent', () => {
    const backlog = new Backlog();
    const [session] = SESSIONS;
    const [first, withdrawn, last] = [5, 1, 5].map(
      (priority, id) => ({ id, priority, extras: { session } }) as unknown as Request,
    ) as [Request, Request, Request];
    const other = { id: 3, priority: 3 } as unknown as Request;
    for (const request of [first, withdrawn]) backlog.push(request);
    backlog.remove(withdrawn);
    for (const request of [other, last]) backlog.push(request);
    expect([backlog.shift(), backlog.shift(), backlog.shift()]).toEqual([first, last, other]);
  });
});
